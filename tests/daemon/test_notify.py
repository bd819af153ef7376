"""The notification protocol, against a real socket."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.daemon.notify import Notify


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(5)
        yield listening


def _said(manager: socket.socket) -> str:
    return manager.recv(4096).decode()


def test_it_tells_ready_reloading_alive_and_stopping(manager: socket.socket) -> None:
    notify = Notify({"NOTIFY_SOCKET": manager.getsockname()})
    notify.ready("3 sources")
    assert _said(manager) == "READY=1\nSTATUS=3 sources"
    notify.reloading()
    assert _said(manager).startswith("RELOADING=1\nMONOTONIC_USEC=")
    notify.alive()
    assert _said(manager) == "WATCHDOG=1"
    notify.stopping()
    assert _said(manager).startswith("STOPPING=1\n")


def test_a_status_cannot_smuggle_in_another_assignment(manager: socket.socket) -> None:
    Notify({"NOTIFY_SOCKET": manager.getsockname()}).status("fine\nMAINPID=1")
    assert _said(manager) == "STATUS=fine MAINPID=1"


def test_an_abstract_socket_is_understood() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        name = f"monitor-test-{os.getpid()}"
        listening.bind("\0" + name)
        listening.settimeout(5)
        Notify({"NOTIFY_SOCKET": "@" + name}).alive()
        assert _said(listening) == "WATCHDOG=1"


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "/nowhere/at/all"}])
def test_without_a_manager_nothing_is_told_and_nothing_breaks(environ: dict[str, str]) -> None:
    Notify(environ).alive()


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "60000000"}, 30),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(os.getpid())}, 30),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_the_watchdog_is_fed_twice_as_often_as_it_asks(
    environ: dict[str, str], seconds: float | None
) -> None:
    assert Notify(environ).watchdog_every == seconds
