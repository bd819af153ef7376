"""--help is worth reading: complete, 80 columns wide, and its examples can be typed."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from monitor.cli.root import COMMANDS, root
from tests.cli.conftest import Run

GOLDEN = Path(__file__).parent / "data" / "help.txt"
WANTED = "run init check schema parse match why alerts articles sources deliveries search send-test install completion"


def command(name: str) -> click.Command:
    found = root.get_command(click.Context(root), name)
    assert found is not None
    return found


def test_the_help_of_the_whole_is_as_it_should_be(run: Run) -> None:
    result = run("--help")
    assert result.exit_code == 0
    assert result.stdout == GOLDEN.read_text(encoding="utf-8")


def test_every_command_is_there() -> None:
    assert sorted(COMMANDS) == sorted(WANTED.split())


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_says_of_a_command_what_the_command_says_of_itself(name: str) -> None:
    found = command(name)
    assert found.name == name
    assert (found.help or "").split()[0] == COMMANDS[name].help.split()[0]
    assert len(COMMANDS[name].help) <= 60


@pytest.mark.parametrize("name", COMMANDS)
def test_help_fits_into_80_columns_and_has_an_example(run: Run, name: str) -> None:
    result = run(name, "--help")
    assert result.exit_code == 0
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert re.search(rf"Examples?:\n  .*(monitor|\./run) {name}\b", result.stdout)


def examples() -> list[str]:
    """Give every command line that stands in a help text."""
    lines: list[str] = []
    for name in COMMANDS:
        text = f"{command(name).help}\n{command(name).epilog}"
        lines += re.findall(r"(?:monitor|\./run) (?=[a-z]+[ -])[^\n|>&)]*", text.split("Example")[-1])
    return lines


@pytest.mark.parametrize("example", examples())
def test_every_example_can_be_typed(example: str) -> None:
    line = re.split(r"\s{3,}|\s2$", example)[0]
    _, name, *arguments = shlex.split(line)
    with command(name).make_context(name, arguments, obj=None) as context:
        assert context.command.name == name


def test_an_example_with_a_mistake_would_be_noticed() -> None:
    with pytest.raises(click.UsageError):
        command("alerts").make_context("alerts", ["--nothing"])


@pytest.mark.parametrize("place", ["before", "after"])
def test_options_stand_before_or_after_the_command(run: Run, tmp_path: Path, place: str) -> None:
    state = ("--state", str(tmp_path))
    result = run(*state, "alerts") if place == "before" else run("alerts", *state)
    assert result.exit_code == 1
    assert str(tmp_path / "monitor.db") in result.stderr


def test_the_nearer_option_wins(run: Run, tmp_path: Path) -> None:
    result = run("--state", "/nowhere", "alerts", "--state", str(tmp_path))
    assert str(tmp_path / "monitor.db") in result.stderr


def test_the_version_is_said(run: Run) -> None:
    assert run("--version").stdout == "monitor 0.1.0\n"
