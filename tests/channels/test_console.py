"""The terminal: in order, without tricks, with colours only where there is a terminal."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import io
import os
import pty
import re
import struct
import termios
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from monitor.channels.console import Console
from monitor.model import ChannelName, SendOutcome, SendResult
from tests.channels.samples import HEADLINE, NOW, batch, sample_news


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def console(stream: io.TextIOBase, deadline: float = 5) -> Console:
    return Console(ChannelName("terminal"), stream, ZoneInfo("UTC"), deadline=timedelta(seconds=deadline))  # type: ignore[arg-type]


async def send(channel: Console, id: str = "k7f3", **about: object) -> SendOutcome:
    given = batch(sample_news(id, **about))
    return await channel.send(given, channel.word(given, NOW), given.message)


async def test_an_alert_is_printed_with_its_headline_and_parted_from_the_next() -> None:
    stream = io.StringIO()
    channel = console(stream)
    for id in ("k1", "k2"):
        assert await send(channel, id) == SendOutcome(result=SendResult.ACCEPTED)
    first, second, rest = stream.getvalue().split("\n\n")
    assert first.startswith(HEADLINE + "\n27 Jan 2026 13:12 UTC · PTI")
    assert first.endswith("monitor why k1")
    assert second.endswith("monitor why k2")
    assert rest == ""
    assert "\x1b" not in stream.getvalue()


async def test_a_terminal_gets_colours_and_none_but_ours() -> None:
    stream = Terminal()
    await send(console(stream), headline="\x1b[2J\x1b]0;evil\x07Talks")
    shown = stream.getvalue()
    assert shown.startswith("\x1b[1m[2J ]0;evil Talks\x1b[0m\n")
    assert "\x1b[1;33m[Dong Jun]\x1b[0m" in shown


@pytest.mark.parametrize("width", [30, 80, 200])
async def test_a_terminal_gets_lines_that_fit_it_broken_between_words(width: int) -> None:
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    stream = os.fdopen(slave, "w")
    await send(console(stream))
    shown = os.read(master, 65536).decode()
    stream.close()
    os.close(master)
    lines = [re.sub("\x1b\\[[0-9;]*m", "", line) for line in shown.split("\r\n")]
    assert all(len(line) <= width for line in lines)
    assert "".join("".join(lines).split()).endswith("monitorwhyk7f3")
    assert not any(line.endswith("Belou") for line in lines)


async def test_a_stream_that_lacks_a_letter_gets_a_question_mark() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    assert (await send(console(stream), headline="Переговоры")).result is SendResult.ACCEPTED
    assert raw.getvalue().startswith(b"??????????\n")


async def test_a_closed_stream_is_tried_again_later() -> None:
    stream = io.StringIO()
    stream.close()
    outcome = await send(console(stream))
    assert outcome.result is SendResult.TEMPORARY
    assert "gone" in outcome.detail


async def test_a_broken_pipe_is_tried_again_later() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    stream = os.fdopen(writing, "w", buffering=1)
    try:
        assert (await send(console(stream))).result is SendResult.TEMPORARY
    finally:
        with contextlib.suppress(BrokenPipeError):
            stream.close()


async def test_a_stopped_terminal_holds_up_nothing_and_goes_on_when_it_goes_on() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    try:
        while True:
            os.write(writing, b"x" * 65536)
    except BlockingIOError:
        os.set_blocking(writing, True)
    stream = os.fdopen(writing, "w")
    channel = console(stream, deadline=0.05)
    assert (await send(channel)).detail == "the terminal is stopped"
    assert (await send(channel)).detail == "the terminal is stopped"
    os.set_blocking(reading, False)
    for _ in range(200):
        with contextlib.suppress(BlockingIOError):
            os.read(reading, 1 << 20)
        await asyncio.sleep(0.005)
        if not channel._stuck:
            break
    assert not channel._stuck
    stream.close()
    os.close(reading)
