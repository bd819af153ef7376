"""Compressed bodies, honest and not."""

import gzip
import random
import tracemalloc
import zlib
from functools import lru_cache, partial

import pytest

from monitor.sources.inflate import DEFAULT_LIMITS, BodyRefused, Limits, decoder_for

gzipped = partial(gzip.compress, mtime=0)
"""Whoever collects the tests makes the same bytes, which they are named by."""
FEED = b"<rss>" + random.Random(7).randbytes(2000).hex().encode() + b"</rss>"
RAW_DEFLATE = zlib.compressobj(wbits=-15)
RAW = RAW_DEFLATE.compress(FEED) + RAW_DEFLATE.flush()


def decoded(
    body: bytes, encoding: str = "gzip", *, piece: int = 65536, limits: Limits = DEFAULT_LIMITS
) -> bytes:
    decoder = decoder_for(encoding, limits)
    for start in range(0, len(body), piece):
        decoder.feed(body[start : start + piece])
    return decoder.finish()


@pytest.mark.parametrize("piece", [1, 3, 100, 65536])
@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("", FEED),
        ("identity", FEED),
        ("gzip", gzipped(FEED)),
        ("X-GZIP", gzipped(FEED)),
        ("deflate", zlib.compress(FEED)),
        ("deflate", RAW),
        ("deflate", gzipped(FEED)),
        ("gzip", gzipped(FEED[:99]) + gzipped(FEED[99:])),
        ("gzip", gzipped(FEED) + b"\0\0\0 padding"),
        ("", gzipped(FEED)),
        ("gzip", gzipped(gzipped(FEED))),
        ("gzip", FEED),
        ("gzip", gzipped(FEED, 0)),
    ],
)
def test_a_body_is_inflated_by_what_it_is(encoding: str, body: bytes, piece: int) -> None:
    assert decoded(body, encoding, piece=piece) == FEED


@pytest.mark.parametrize("encoding", ["br", "zstd", "compress", "gzip, gzip", "gzip, br", "\x1b[2J"])
def test_a_compression_that_was_not_asked_for_is_refused(encoding: str) -> None:
    with pytest.raises(BodyRefused, match="not asked for") as refused:
        decoder_for(encoding, DEFAULT_LIMITS)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("cut", [1, 5, 11, 500, -9, -1])
def test_a_body_that_was_cut_off_is_refused(cut: int) -> None:
    with pytest.raises(BodyRefused, match="cut off"):
        decoded(gzipped(FEED)[:cut])


def test_a_body_that_is_not_what_it_says_is_refused() -> None:
    with pytest.raises(BodyRefused, match="cannot be inflated"):
        decoded(b"{nothing of the kind}")


@lru_cache
def bomb(size: int) -> bytes:
    deflate = zlib.compressobj(9, wbits=31)
    zeros = bytes(1 << 20)
    return b"".join(deflate.compress(zeros) for _ in range(size >> 20)) + deflate.flush()


@pytest.mark.parametrize(("encoding", "layers"), [("gzip", 1), ("gzip", 2), ("", 1)])
def test_a_bomb_is_refused_before_it_grows(encoding: str, layers: int) -> None:
    body = bomb(1 << 27)
    if layers == 2:
        body = gzipped(body)
    tracemalloc.start()
    with pytest.raises(BodyRefused, match="times its size"):
        decoded(body, encoding)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 32 << 20


def test_a_body_larger_than_allowed_when_inflated_is_refused() -> None:
    limits = Limits(decoded=len(FEED) - 1)
    with pytest.raises(BodyRefused, match="when inflated"):
        decoded(gzipped(FEED), limits=limits)
    assert decoded(gzipped(FEED), limits=Limits(decoded=len(FEED))) == FEED


@pytest.mark.parametrize("encoding", ["", "gzip"])
@pytest.mark.parametrize("body", [FEED, gzipped(FEED)])
def test_a_body_larger_than_allowed_as_sent_is_refused(encoding: str, body: bytes) -> None:
    with pytest.raises(BodyRefused, match="larger than"):
        decoded(body, encoding, limits=Limits(wire=len(body) - 1))


def test_a_small_body_may_inflate_well() -> None:
    assert len(decoded(gzipped(bytes(1 << 20)))) == 1 << 20


def test_thousands_of_members_are_refused() -> None:
    with pytest.raises(BodyRefused, match="parts"):
        decoded(gzipped(b"a") * 1002)
