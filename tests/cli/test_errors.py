"""What an error becomes: one clear block on stderr, and the exit code that is documented."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from monitor.cli import root as module
from monitor.cli.root import root
from monitor.errors import (
    AlreadyRunning,
    ConfigError,
    DiskFull,
    InstallError,
    MonitorError,
    SandboxError,
    StoreCorrupt,
    UsageError,
)
from tests.cli.conftest import Run

PROBLEMS = (
    "mine.yaml:3:5: actors[1]: unknown key `alos`, did you mean `also`?",
    "mine.yaml:9:1: topics: is empty",
)


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    """Make every command raise what is put into this list."""
    raised: list[BaseException] = []

    def get_command(*_: object) -> None:
        raise raised[0]

    monkeypatch.setattr(module.Commands, "get_command", get_command)
    return raised


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (ConfigError(PROBLEMS), 2, "\n".join(PROBLEMS) + "\n"),
        (UsageError("there is no alert zzzz"), 2, "monitor: there is no alert zzzz\n"),
        (AlreadyRunning("another runs"), 3, "monitor: another runs\n"),
        (StoreCorrupt("damaged"), 1, "monitor: damaged\n"),
        (DiskFull("no room"), 1, "monitor: no room\n"),
        (SandboxError("no children"), 1, "monitor: no children\n"),
        (InstallError("step 3"), 1, "monitor: step 3\n"),
        (MonitorError("so"), 1, "monitor: so\n"),
        (OSError(28, "No space left on device"), 1, "monitor: No space left on device\n"),
        (PermissionError(13, "Permission denied", "/x"), 1, "monitor: /x: Permission denied\n"),
        (BrokenPipeError(32, "Broken pipe"), 141, ""),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_each_error_has_its_words_and_its_exit_code(
    run: Run, failing: list[BaseException], error: BaseException, code: int, told: str
) -> None:
    failing.append(error)
    result = run("alerts")
    assert (result.exit_code, result.stderr, result.stdout) == (code, told, "")


def test_a_surprise_is_one_line_that_says_how_to_learn_more(run: Run, failing: list[BaseException]) -> None:
    failing.append(ZeroDivisionError("by\n\x1b[2J nothing"))
    result = run("alerts")
    assert result.exit_code == 1
    told = "monitor: ZeroDivisionError: by ␛[2J nothing (monitor --verbose shows where; please report it)\n"
    assert result.stderr == told


def test_with_verbose_a_surprise_comes_with_where_it_arose(run: Run, failing: list[BaseException]) -> None:
    failing.append(ZeroDivisionError("\x1b[2J"))
    result = run("--verbose", "alerts")
    assert result.exit_code == 1
    assert "Traceback" in result.stderr
    assert "get_command" in result.stderr
    assert "\x1b" not in result.stderr


@pytest.mark.parametrize(
    "arguments", [["nothing"], ["alerts", "--nothing"], ["alerts", "--limit", "0"], ["why"]]
)
def test_a_command_line_with_a_mistake_ends_with_2(run: Run, arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert "Usage: monitor" in result.stderr


def test_a_mistyped_command_is_guessed() -> None:
    result = CliRunner().invoke(root, ["alrts"], prog_name="monitor")
    assert "alerts" in result.stderr
