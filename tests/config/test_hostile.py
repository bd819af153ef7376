"""Files made to hurt: each is refused at a place, in bounded time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from monitor.config.reading import check
from monitor.config.schema import Watchlist
from monitor.config.text import TextFile
from monitor.config.tree import read_tree
from monitor.config.watches import Watches
from monitor.errors import ConfigError

BOMB = "a: &a [x,x]\n" + "".join(f"{c}: [*a,*a,*a,*a]\n" for c in "bcdefgh")
DEEP = "actors: " + "[" * 5_000 + "]" * 5_000
BLOCKS = "".join(" " * i + "a:\n" for i in range(1_000))


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("text", "told"),
    [
        (BOMB, "2:5: file: `*a` is an alias of YAML"),
        (DEEP, "1:28: file: is nested more than 20 levels deep"),
        (BLOCKS, "21:21: file: is nested more than 20 levels deep"),
        ("- " * 5_000 + "x", "1:41: file: is nested more than 20 levels deep"),
        (
            'actors: !!python/object/apply:os.system ["id"]\n',
            "1:9: actors: `!!python/object/apply:os.system` is a tag",
        ),
        ('actors:\n  - "\\ud800"\n', "2:6: file: a backslash in double quotes"),
        ('actors:\n  - "\\u200b\\u202e\\u2066"\n', "2:5: actors.1: a name needs a letter or a digit"),
        ("actors:\n  - \u202e\u200b\n", "2:5: actors.1: a name needs a letter or a digit"),
        ("actors:\n  - " + "a" * 2_000 + "\n", "2:5: actors.1: is longer than 1,000 characters"),
        ("? [a, b]\n: c\n", "1:3: file: a key must be a single word"),
        ("<<: {tell: [terminal]}\nactors: [A]\n", "1:1: <<: `<<` is not a key here"),
    ],
    ids=lambda value: value[:24] if len(value) < 200 else "long",
)
def test_a_hostile_file_is_refused_where_it_hurts(text: str, told: str, config: Any) -> None:
    found = config.problems(watchlist=text)
    assert found[0].startswith(f"watchlists/mine.yaml:{told}")


def test_twenty_levels_are_still_read(config: Any) -> None:
    (found,) = config.problems(watchlist="actors: " + "[" * 19 + "]" * 19 + "\n")
    assert "nested" not in found


def test_seventeen_megabytes_are_refused_unread(config: Any) -> None:
    (found,) = config.problems(watchlist=b"#" * 17_000_000)
    assert found.startswith("watchlists/mine.yaml:1:1: file: is larger than 16,000,000 bytes")


def test_more_than_a_million_values_are_refused(config: Any) -> None:
    (found,) = config.problems(watchlist="actors: [" + "a," * 1_000_001 + "]\n")
    assert found.startswith("watchlists/mine.yaml:1:2000004: file: holds more than 1,000,000 values")


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text",
    [
        "".join(f"k{i}: x\n" for i in range(20_000)),
        "actors: x\n" * 20_000,
        "actors:\n" + "  - “a”\n" * 20_000,
        "actors:\n" + "  - {x: y}\n" * 20_000,
        "actors:\n" + "  - same\n" * 20_000,
        "topics:\n" + "".join(f"  - {{name: T, id: t{i}, any: [topic:zz{i}]}}\n" for i in range(4_000)),
    ],
    ids=["unknown keys", "one key", "curly quotes", "odd entries", "one name", "lost references"],
)
def test_thousands_of_mistakes_are_told_as_many(text: str, config: Any) -> None:
    found = config.problems(watchlist=text)
    assert len(found) == 201
    assert found[-1].endswith("and many more problems from here on")


def test_a_long_chain_of_references_is_followed_without_recursion(config: Any) -> None:
    chain = "".join(f"  - {{name: T, id: t{i}, any: [topic:t{i + 1}]}}\n" for i in range(3_000))
    end = "  - {name: T, id: t3000, any: [x]}\n"
    assert len(config.load(watchlist="topics:\n" + chain + end).watchlist.watches) == 3_001
    (found,) = config.problems(watchlist="topics:\n" + chain + end.replace("x", "topic:t2999"))
    assert "goes round in a circle: t2999 → t3000 → t2999" in found


def _page(text: str) -> Any:
    return read_tree(TextFile(Path("x.yaml"), "x.yaml", text))


def test_no_more_than_a_thousand_mistakes_are_sought() -> None:
    assert len(_page("actors:\n" + "  - “a”\n" * 3_000).flaws) == 1_000
    assert len(check(_page("actors:\n" + "  - [a]\n" * 3_000), Watchlist).problems) == 1_000


def test_no_more_than_a_thousand_clashes_are_worded(config: Any) -> None:
    watches = Watches()
    watches.read(config.write("watchlists/mine.yaml", "actors:\n" + "  - same\n" * 3_000))
    with pytest.raises(ConfigError):
        watches.watchlist()
    assert len(watches.problems) == 1_000


def test_near_ids_are_sought_for_the_first_mistyped_references_only(config: Any) -> None:
    lost = "".join(f"  - {{name: T, id: t{i}, any: ['actor:belusov']}}\n" for i in range(30))
    found = config.problems(watchlist="actors: [{name: B, id: belousov}]\ntopics:\n" + lost)
    assert ["did you mean" in p for p in found] == [True] * 20 + [False] * 10
