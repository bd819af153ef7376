"""What the tests of sources share: a clock that is moved by hand."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass
class FakeClock:
    """Fulfils ports.Clock; `ahead` is what the wall clock is ahead of the monotonic one."""

    seconds: float = 1000.0
    at: datetime = datetime(2100, 1, 27, 13, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.pass_by(seconds)

    def pass_by(self, seconds: float) -> None:
        self.seconds += seconds
        self.at += timedelta(seconds=seconds)
