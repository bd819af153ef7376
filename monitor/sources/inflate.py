"""Undoes the compression of bodies while they arrive, within limits. It reads nothing of what they hold."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import Protocol

GZIP_MAGIC = b"\x1f\x8b"
_STEP = 1 << 20
"""Bytes inflated at a time: how far a bomb gets before it is noticed."""
_MEMBERS = 1000
"""Gzip members in one body; a writer that flushes makes a handful."""


class BodyRefused(Exception):
    """A body that cannot be read, or is larger than allowed; the text says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How large a body may be."""

    wire: int = 15 * 2**20
    """Bytes as sent."""
    decoded: int = 50 * 2**20
    """Bytes after inflating."""
    ratio: int = 200
    """Decoded bytes for each one sent, once there is more than `ratio_from` of them."""
    ratio_from: int = 2**20


DEFAULT_LIMITS = Limits()


class Decoder(Protocol):
    """Turns bytes as sent into bytes as meant."""

    def feed(self, data: bytes) -> None:
        """Take the next bytes. Raises BodyRefused."""

    def finish(self) -> bytes:
        """Give the whole body. Raises BodyRefused where it was cut off."""


def decoder_for(encoding: str, limits: Limits) -> Decoder:
    """Give a decoder for the value of Content-Encoding. Raises BodyRefused for one that was not asked for."""
    names = [n.strip().lower() for n in encoding.split(",")]
    names = [n for n in names if n and n != "identity"]
    if not names:
        return _Plain(limits)
    if names in (["gzip"], ["x-gzip"], ["deflate"]):
        return _Inflating(limits)
    shown = ", ".join(n[:20] for n in names[:3] if n.isascii() and n.isprintable())
    raise BodyRefused(f"the answer is compressed in a way that was not asked for ({shown})")


@dataclass(slots=True)
class _Plain:
    """A body sent as it is."""

    limits: Limits
    parts: list[bytes] = field(default_factory=list)
    wire: int = 0

    def feed(self, data: bytes) -> None:
        self.wire += len(data)
        if self.wire > self.limits.wire:
            raise BodyRefused(f"the answer is larger than {_mebibytes(self.limits.wire)}")
        self.parts.append(data)

    def finish(self) -> bytes:
        body = b"".join(self.parts)
        # Files that lie compressed on a server's disk often come without a word of it.
        return _inflated(body, self.limits) if body.startswith(GZIP_MAGIC) else body


@dataclass(slots=True)
class _Inflating:
    """A gzip or deflate body; which of them, if any, its first bytes say better than its header."""

    limits: Limits
    inflater: zlib._Decompress | None = None
    plain: _Plain | None = None
    parts: list[bytes] = field(default_factory=list)
    held: bytes = b""
    """What came between two members, too short to tell what it is."""
    wire: int = 0
    decoded: int = 0
    members: int = 0

    def feed(self, data: bytes) -> None:
        self.wire += len(data)
        if self.wire > self.limits.wire:
            raise BodyRefused(f"the answer is larger than {_mebibytes(self.limits.wire)}")
        if self.plain is None and self.inflater is None:
            data = self._begin(self.held + data)
        if self.plain is not None:
            self.plain.feed(data)
        else:
            self._inflate(data)

    def finish(self) -> bytes:
        if self.plain is not None:
            return self.plain.finish()
        body = self.inflated()
        return _inflated(body, self.limits) if body.startswith(GZIP_MAGIC) else body

    def inflated(self) -> bytes:
        """Give the body with this one layer undone. Raises BodyRefused where it was cut off."""
        if self.inflater is not None or (self.held and not self.members):
            raise BodyRefused("the compressed answer was cut off")
        return b"".join(self.parts)

    def _begin(self, data: bytes) -> bytes:
        """Choose what reads the next member by its first bytes; give what it is to read."""
        if len(data) < 2:
            self.held = data
            return b""
        self.held = b""
        if data.startswith(GZIP_MAGIC):
            self.inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
        elif self.members:
            return b""  # padding after the last member
        elif data.lstrip()[:1] == b"<":
            self.plain = _Plain(self.limits)  # said to be compressed, and is not
        else:
            has_header = data[0] & 0x0F == 8 and int.from_bytes(data[:2]) % 31 == 0
            self.inflater = zlib.decompressobj(zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS)
        return data

    def _inflate(self, data: bytes) -> None:
        while self.inflater is not None:
            try:
                part = self.inflater.decompress(data, _STEP)
            except zlib.error:
                raise BodyRefused("the answer says it is compressed, and cannot be inflated") from None
            self._take(part)
            if self.inflater.eof:
                data = self._next_member(self.inflater.unused_data)
            else:
                data = self.inflater.unconsumed_tail
                if not data and len(part) < _STEP:
                    return

    def _next_member(self, rest: bytes) -> bytes:
        self.inflater = None
        self.members += 1
        if self.members > _MEMBERS:
            raise BodyRefused(f"the compressed answer has more than {_MEMBERS} parts")
        return self._begin(rest) if rest else b""

    def _take(self, part: bytes) -> None:
        self.decoded += len(part)
        if self.decoded > self.limits.decoded:
            raise BodyRefused(f"the answer is larger than {_mebibytes(self.limits.decoded)} when inflated")
        if self.decoded > max(self.limits.ratio_from, self.wire * self.limits.ratio):
            raise BodyRefused(f"the answer inflates to more than {self.limits.ratio} times its size")
        self.parts.append(part)


def _inflated(body: bytes, limits: Limits) -> bytes:
    """Inflate a body that turned out to be a gzip file; what that holds is given as it is."""
    decoder = _Inflating(limits)
    for start in range(0, len(body), _STEP):
        decoder.feed(body[start : start + _STEP])
    return decoder.inflated()


def _mebibytes(size: int) -> str:
    return f"{size / 2**20:g} MiB"
