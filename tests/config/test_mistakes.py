"""What people get wrong in YAML files, each with the whole message that tells them.

A case in `mistakes/` is the file's name, its text and the message, parted by lines of dashes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

CASES = sorted((Path(__file__).parent / "mistakes").glob("*.txt"))
PARTS = {"monitor.yaml": "monitor", "sources.yaml": "sources", "watchlists/mine.yaml": "watchlist"}


@pytest.mark.parametrize("case", CASES, ids=lambda p: p.stem)
def test_a_mistake_is_told_in_these_words(case: Path, config: Any) -> None:
    name, text, message = case.read_bytes().decode().split("-----\n")
    assert "\n".join(config.problems(**{PARTS[name.strip()]: text})) == message.strip()


def test_thirty_mistakes_and_more_are_known() -> None:
    assert len(CASES) >= 30


def test_mistakes_in_all_files_are_told_at_once_in_the_order_they_stand_in(config: Any) -> None:
    found = config.problems(
        monitor="tell: [dsek]\ntimezon: UTC\nchannels:\n  desk: {priority: hihg}\n",
        sources="feeds:\n  - nowhere\n  - https://a.example/f\n  - https://a.example/f\n",
        watchlist="actors:\n  - {name: A, kid: person}\n  - B\n  - b\ntell: [nobody]\n",
    )
    assert [p.split(": ")[0] for p in found] == [
        "monitor.yaml:1:8",
        "monitor.yaml:2:1",
        "monitor.yaml:4:20",
        "sources.yaml:2:5",
        "sources.yaml:4:5",
        "watchlists/mine.yaml:2:15",
        "watchlists/mine.yaml:4:5",
        "watchlists/mine.yaml:5:8",
    ]


def test_many_mistakes_of_one_file_are_told_up_to_a_number_and_counted(config: Any) -> None:
    found = config.problems(watchlist="actors:\n" + "  - {name: A, x: y}\n" * 300)
    assert len(found) == 201
    assert found[-1] == "watchlists/mine.yaml:202:15: file: and 100 more problems from here on"


def test_a_message_shows_the_users_text_harmlessly(config: Any) -> None:
    (found,) = config.problems(watchlist='actors:\n  - {name: A, priority: "h\\e[31m\\u202Eigh"}\n')
    assert "`h\\u001b[31m\\u202eigh`" in found


def test_two_files_with_one_id_are_both_named(config: Any) -> None:
    config.write("watchlists/other.yaml", "actors:\n  - Zhang Youxia\n  - DONG JUN\n")
    (found,) = config.problems()
    assert found.startswith("watchlists/other.yaml:3:5: actors.2: has the id `dong-jun`")
    assert "`Dong Jun` in watchlists/mine.yaml:2" in found


def test_nothing_is_said_of_a_reference_to_a_watch_that_has_a_mistake_itself(config: Any) -> None:
    found = config.problems(
        watchlist="actors:\n  - {name: A, id: a, x: y}\ntopics:\n  - {name: T, any: [actor:a, actor:c]}\n"
    )
    assert [p.split(": ")[2].startswith("there is no actor") for p in found] == [False, True]
