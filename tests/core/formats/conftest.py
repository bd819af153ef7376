"""What the tests of formats share: a document of any bytes."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from monitor.model import ContentHash, Document, Hints, SourceId

RECEIVED = datetime(2026, 1, 29, 12, tzinfo=UTC)


@pytest.fixture
def document() -> Callable[..., Document]:
    """Make a document: its bytes or text, where it was, its response headers, and the user's hints."""

    def make(
        content: bytes | str,
        location: str = "/srv/wire/copy.txt",
        headers: dict[str, str] | None = None,
        **hints: str,
    ) -> Document:
        return Document(
            source=SourceId("source"),
            location=location,
            received_at=RECEIVED,
            arrived_at=RECEIVED,
            content=content.encode() if isinstance(content, str) else content,
            content_hash=ContentHash("0" * 64),
            headers=tuple((headers or {}).items()),
            hints=Hints(**hints),
        )

    return make
