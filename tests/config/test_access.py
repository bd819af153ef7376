"""What a login is told that may not read the configuration, and how it is let in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.config import load
from monitor.errors import ConfigError
from tests.config.conftest import SOUND
from tests.outsider import close, open_place, outsider

JOIN = (
    'may not be read by this login, but by the group `{0}`: join it with `sudo usermod -aG {0} "$USER"` and log in '
    "again"
)
ASK = "may not be read by this user; check who owns it, and its permissions"


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_place() as place:
        for name, text in SOUND.items():
            (place / "etc" / name).parent.mkdir(parents=True, exist_ok=True)
            (place / "etc" / name).write_text(text)
        yield place / "etc"
        for path in (place / "etc", *(place / "etc").iterdir()):
            path.chmod(0o755)


@pytest.mark.parametrize("name", ["", "watchlists", "monitor.yaml", "sources.yaml", "watchlists/mine.yaml"])
def test_what_may_not_be_read_is_told_once_with_the_group_to_join(folder: Path, name: str) -> None:
    group = close(folder / name)
    with outsider(), pytest.raises(ConfigError) as caught:
        load(folder, environ={})
    assert caught.value.problems == (f"{folder / name}:1:1: file: {JOIN.format(group)}",)


def test_where_no_group_may_read_the_owner_is_to_be_asked(folder: Path) -> None:
    close(folder, group=False)
    with outsider(), pytest.raises(ConfigError) as caught:
        load(folder, environ={})
    assert caught.value.problems == (f"{folder}:1:1: file: {ASK}",)


def test_what_is_closed_further_up_is_what_the_group_is_named_of(folder: Path) -> None:
    group = close(folder.parent)
    with outsider(), pytest.raises(ConfigError) as caught:
        load(folder, environ={})
    folder.parent.chmod(0o755)
    assert caught.value.problems == (f"{folder}:1:1: file: {JOIN.format(group)}",)


def test_what_may_be_read_is_no_trouble(folder: Path) -> None:
    with outsider():
        assert load(folder, environ={}).directory == folder
