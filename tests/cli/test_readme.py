"""Each command that the README and the tutorial name exists, and takes what they give it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from monitor.cli.root import root

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "seeds/README.md", "config/README.md", "CONTRIBUTING.md")
COMMAND = re.compile(r"(?:^ {4}|^|`|sudo )(?:\./run|monitor) ([a-z-][^`\n#]*)", re.MULTILINE)
COMMANDS = sorted(
    {found.strip() for page in PAGES for found in COMMAND.findall((ROOT / page).read_text("utf-8"))}
)


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_the_documents_exists(line: str) -> None:
    words = [word for word in shlex.split(line) if not word.startswith("[")]
    context = root.make_context("monitor", words.copy())
    name, command, rest = root.resolve_command(context, words)
    assert command is not None
    command.make_context(name, rest.copy(), parent=context)  # a usage error where it does not take them


def test_the_documents_name_commands() -> None:
    assert len(COMMANDS) > 15
