"""Starts daemons by way of the warmed template, kills them, and knows what they reached. Judges nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from monitor.control import ask_retry
from monitor.errors import MonitorError

ROOT = Path(__file__).parents[2]


class Template:
    """The warmed process. Use it from one thread."""

    def __init__(self, directory: Path) -> None:
        self._said = (directory / "template.stderr").open("w")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.template"],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._said, text=True,
        )  # fmt: skip
        self._directory = directory
        self._runs = 0

    def __enter__(self) -> Template:
        assert self._process.stdout is not None
        if self._process.stdout.readline() != "warm\n":
            self.__exit__(None, None, None)
            raise AssertionError(self.said())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()
        self._said.close()

    def said(self) -> str:
        return (self._directory / "template.stderr").read_text()

    def ask(self, order: dict[str, Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(order), file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        assert answer, f"the template died: {self.said()}"
        return json.loads(answer)

    def fork(
        self, config: Path, state: Path, kill: tuple[str, str, int] | None = None, **more: Any
    ) -> Daemon:
        """Start a daemon; what `more` there is to say is in `template.Order`."""
        log = self._log()
        order = {"config": str(config), "state": str(state), "log": str(log), "kill": kill, **more}
        return Daemon(self, self.ask(order), log, state)

    def cold(self, config: Path, state: Path) -> Daemon:
        log = self._log()
        command = [sys.executable, "-m", "monitor", "run", "--config", str(config), "--state", str(state)]
        return Daemon(self, self.ask({"command": command, "log": str(log)}), log, state)

    def _log(self) -> Path:
        self._runs += 1
        return self._directory / f"run-{self._runs:04}"


class Daemon:
    """One daemon, alive or dead."""

    def __init__(self, template: Template, pid: int, log: Path, state: Path) -> None:
        self._template = template
        self.pid = pid
        self.began = time.monotonic()
        self._log = log
        self._state = state
        self.orphans: list[int] = []
        self.status: int | None = None
        """Its exit code, negative for a signal, once it was waited for."""

    def signal(self, number: int) -> None:
        """Send a signal. It is not reaped before `wait`, so its process id is nobody else's."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL, now."""
        self.signal(signal.SIGKILL)
        self.wait(10)

    def wait(self, patience: float) -> int | None:
        """Give the exit code, negative for a signal; None where it runs on."""
        if self.status is not None:
            return self.status
        answer = self._template.ask({"reap": self.pid, "patience": patience})
        if answer is None:
            return None
        self.orphans = answer["orphans"]
        self.status = int(answer["status"])
        return self.status

    def stop(self, patience: float = 20.0) -> int | None:
        self.signal(signal.SIGTERM)
        return self.wait(patience)

    def ask_for_retries(self) -> None:
        """Have it make deliveries due again; whether it hears that before it dies is open."""
        with suppress(MonitorError):
            ask_retry(self._state, [])

    @property
    def steps(self) -> list[str]:
        """Every step reached, in order, each with its room."""
        return self._log.read_text().splitlines() if self._log.exists() else []

    def said(self) -> str:
        path = self._log.with_name(self._log.name + ".stderr")
        return path.read_text() if path.exists() else ""
