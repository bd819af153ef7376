"""The socket by which commands reach a running daemon."""

import asyncio
import socket
from collections.abc import Sequence
from pathlib import Path

import pytest

from monitor.control import Control, address, ask_retry
from monitor.errors import UsageError


async def _three(ids: Sequence[str]) -> int:
    if "bad" in ids:
        raise UsageError("no delivery bad")
    return len(ids)


async def test_a_command_is_answered_with_what_was_done(tmp_path: Path) -> None:
    control = Control(tmp_path, _three)
    await control.start()
    try:
        assert await asyncio.to_thread(ask_retry, tmp_path, ["a", "b", "c"]) == 3
        assert address(tmp_path).stat().st_mode & 0o777 == 0o600
    finally:
        await control.close()
    assert not address(tmp_path).exists()


async def test_a_command_is_told_what_was_wrong(tmp_path: Path) -> None:
    control = Control(tmp_path, _three)
    await control.start()
    try:
        with pytest.raises(UsageError, match="no delivery bad"):
            await asyncio.to_thread(ask_retry, tmp_path, ["bad"])
    finally:
        await control.close()


def test_no_daemon_is_no_error(tmp_path: Path) -> None:
    assert ask_retry(tmp_path, []) is None
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(address(tmp_path)))
    assert ask_retry(tmp_path, []) is None


async def test_a_socket_that_a_dead_daemon_left_is_replaced(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(address(tmp_path)))
    control = Control(tmp_path, _three)
    await control.start()
    try:
        assert await asyncio.to_thread(ask_retry, tmp_path, ["a"]) == 1
    finally:
        await control.close()


async def test_a_state_directory_may_be_deeper_than_a_socket_path_is_long(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    deep.mkdir(parents=True)
    control = Control(deep, _three)
    await control.start()
    try:
        assert await asyncio.to_thread(ask_retry, deep, ["a"]) == 1
    finally:
        await control.close()


NONSENSE = [b"", b"\n", b"{}\n", b"[1]\n", b'{"do": "drop", "ids": []}\n', b"\xff\xfe\n"]


@pytest.mark.parametrize("line", NONSENSE)
async def test_nonsense_is_answered_and_harms_nothing(tmp_path: Path, line: bytes) -> None:
    control = Control(tmp_path, _three)
    await control.start()
    try:
        reader, writer = await asyncio.open_unix_connection(str(address(tmp_path)))
        writer.write(line)
        writer.write_eof()
        assert b"does not know that command" in await reader.read()
        writer.close()
        await writer.wait_closed()
        assert await asyncio.to_thread(ask_retry, tmp_path, ["a"]) == 1
    finally:
        await control.close()
