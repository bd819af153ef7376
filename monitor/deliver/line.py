"""One recipient as the driver knows it: what it is owed, in numbers, and how it is doing. Keeps nothing for good."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from monitor.model import Claim, Only, Queue

MOMENT = timedelta(microseconds=1)
"""What the store's times are told apart by."""
OUTAGE = 3
"""Failures in a row that mean that the receiver, not the message, is in trouble."""


@dataclass(slots=True)
class Line:
    """One recipient's queue as last seen, counted down since, and how the recipient is doing."""

    queue: Queue
    claimed: int = 0
    """Messages that count, claimed since the look that is under way began: it may not have seen them."""
    failures: int = 0
    failed_at: float = float("-inf")
    failing_since: float = 0.0
    """When the first of the failures in a row was."""
    answered_at: float | None = None
    """When it took a message last; None: not since this process began, or since its channel was paused."""
    held_until: float = 0.0
    unsettled: int = 0
    """Messages that were sent and that the store would not settle yet."""
    leases: list[datetime] = field(default_factory=list)
    """When the claims of its messages in flight end."""

    @property
    def may_be_back(self) -> bool:
        """Whether a message taken now ends an outage, as far as is known; one bad message before it is none."""
        return self.failures >= OUTAGE or self.answered_at is None

    def answered_since(self, steady: float) -> bool:
        """Say whether it took a message after that moment."""
        return self.answered_at is not None and self.answered_at > steady

    def failing_for(self, steady: float) -> timedelta:
        """Give for how long all that was tried has failed."""
        return timedelta(seconds=steady - self.failing_since) if self.failures else timedelta(0)

    def took(self, steady: float) -> None:
        """Note that it took a message."""
        self.failures, self.held_until, self.answered_at = 0, 0.0, steady

    def begin_again(self) -> None:
        """Forget how it was doing: its channel is another one."""
        self.failures, self.held_until, self.answered_at = 0, 0.0, None

    def hold(self, steady: float, length: timedelta) -> None:
        """Leave it alone for so long."""
        self.held_until = steady + length.total_seconds()

    def before_leases(self, now: datetime) -> datetime:
        """Give now, or the last moment at which no message in flight looks as if nobody held it.

        Only a clock that is set forward passes the end of a lease while its holder lives; what came to be due by the
        new time waits for the messages in flight.
        """
        return min([now, *(end - MOMENT for end in self.leases)])

    @contextmanager
    def lease(self, end: datetime) -> Iterator[None]:
        """Have a message in flight whose claim ends then."""
        self.leases.append(end)
        try:
            yield
        finally:
            self.leases.remove(end)

    def take_in(self, seen: Queue | None) -> None:
        """Go by what a look saw, less what was claimed while it looked."""
        if seen is None:
            self.queue = replace(self.queue, due=0, due_urgent=0, due_troubles=0)
        else:
            self.queue = replace(seen, sent_last_hour=seen.sent_last_hour + self.claimed)

    def count_down(self, claim: Claim) -> None:
        """Take a claim's deliveries off."""
        q = self.queue
        if claim.only is Only.TROUBLES:
            self.queue = replace(q, due=q.due - q.due_troubles, due_troubles=0)
            return
        taken = min(claim.at_most, q.due)
        counts = claim.only is Only.ALERTS
        self.queue = replace(
            q,
            due=q.due - taken,
            due_urgent=q.due_urgent - min(taken, q.due_urgent),
            sent_last_hour=q.sent_last_hour + counts,
        )
        self.claimed += counts
