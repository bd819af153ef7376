"""systemd's notification protocol (sd_notify(3)): ready, reloading, stopping, and alive."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping


class Notify:
    """Tells the service manager how the daemon does; without one, tells nobody."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        self.watchdog_every = _watchdog(environ)
        """Seconds between two signs of life, half of what it waits; None: it waits for none."""

    def ready(self, status: str) -> None:
        """Say that the daemon has started, or has done with reloading."""
        self._send(f"READY=1\nSTATUS={_line(status)}")

    def reloading(self) -> None:
        """Say that a new configuration is being read."""
        # systemd wants the monotonic time of the moment, in microseconds, with RELOADING=1.
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """Say that the daemon finishes what is in flight."""
        self._send("STOPPING=1\nSTATUS=finishing what is in flight")

    def alive(self) -> None:
        """Feed the watchdog."""
        self._send("WATCHDOG=1")

    def status(self, text: str) -> None:
        """Say in a line what `systemctl status` is to show."""
        self._send(f"STATUS={_line(text)}")

    def _send(self, message: str) -> None:
        if not self._address.startswith(("/", "@")):
            return
        name = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
                out.connect(name)
                out.sendall(message.encode())
        except OSError:
            pass  # a manager that does not listen is no reason to stop watching the news


def _watchdog(environ: Mapping[str, str]) -> float | None:
    try:
        microseconds = int(environ.get("WATCHDOG_USEC", ""))
        mine = int(environ.get("WATCHDOG_PID", os.getpid())) == os.getpid()
    except ValueError:
        return None
    return microseconds / 2_000_000 if mine and microseconds > 0 else None


def _line(text: str) -> str:
    return " ".join(text.split())
