"""Terms that load, and were likely meant as something else: each is warned of, with what to type."""

from __future__ import annotations

import zoneinfo
from typing import Any

import pytest

from monitor.config import warnings
from monitor.config.doubts import doubt
from monitor.config.zones import _MEANT, meant_zone

AS_ONE = "as one, with its {}: type each name on its own, {}"


@pytest.mark.parametrize(
    ("term", "told"),
    [
        ("Zhang Youxia, Dong Jun", AS_ONE.format("comma", "`Zhang Youxia` and `Dong Jun`")),
        ("Zhang Youxia,Dong Jun", AS_ONE.format("comma", "`Zhang Youxia` and `Dong Jun`")),
        ("北京，上海、天津", AS_ONE.format("comma", "`北京`, `上海` and `天津`")),
        ("Zhang Youxia; Dong Jun", AS_ONE.format("semicolon", "`Zhang Youxia` and `Dong Jun`")),
        ("A B, C D, E F, G H, I J", AS_ONE.format("comma", "`A B`, `C D`, `E F` and `G H` …")),
        (
            "Russia AND China",
            "as these very words: both in an article are a topic: `all: [Russia, China]`",
        ),
        ("Russia OR China", "as these very words: type them as two terms: `[Russia, China]`"),
        ("Russia NOT Georgia", "as these very words: what must not be there stands in a topic's `unless:`"),
        (
            "Russia NEAR China",
            "as these very words: both near one another are a topic: `all: [Russia, China]` and `within: 30 words`",
        ),
        ("Russia*", "with its *: it stands for no other letters here; list each form as a term of its own"),
        ("/Russ.*/", "letter by letter: patterns have no meaning here; list the words themselves"),
        ("Zhang Youxia# note", "with its #: a comment needs a space before it, `Zhang Youxia # note`"),
        ("Zhang Youxia#note", "with its #: a comment needs a space before it, `Zhang Youxia # note`"),
    ],
)
def test_a_doubtful_term_is_told_with_what_to_type(term: str, told: str) -> None:
    assert doubt(term) == f"`{term}` is looked for {told}"


@pytest.mark.parametrize(
    "term",
    [
        *(
            "Dong Jun",
            "AT&T",
            "AC/DC",
            "9/11",
            "1,000 days",
            "3.10",
            "C#",
            "#MeToo",
            "Côte d'Ivoire",
            "Yahoo!",
        ),
        *(
            "Alphabet, Inc.",
            "Davis, Jr",
            "Example, Ltd, Co.",
            "sand and gravel",
            "either or neither",
            "ANDES",
        ),
        *("Дун Цзюнь", "董军", "ANDREJ OR", "OR Tambo"),
    ],
)
def test_a_name_as_names_are_is_not_doubted(term: str) -> None:
    assert doubt(term) is None


def test_doubts_are_told_with_their_places_wherever_a_term_stands(config: Any) -> None:
    config.write("watchlists/names.csv", "name,also\nAda Bell,B*\n")
    (config.folder / "wire").mkdir()
    settings = config.load(
        watchlist="names_from: names.csv\nactors:\n  - Zhang Youxia, Dong Jun\n  - {name: A, also: [C AND D]}\n"
        "topics:\n  - name: One, two\n    all: [[E*], F]\n    any: [G*]\n    unless: [H*, actor:a]\n"
    )
    told = [w for w in warnings(settings) if "is looked for" in w]
    assert [w.partition(" is looked for")[0] for w in told] == [
        "mine.yaml:3: `Zhang Youxia, Dong Jun`",
        "mine.yaml:4: `C AND D`",
        "mine.yaml:6: `E*`",
        "mine.yaml:6: `G*`",
        "mine.yaml:6: `H*`",
        "names.csv:2: `B*`",
    ]


def test_many_doubts_are_counted(config: Any) -> None:
    (config.folder / "wire").mkdir()
    settings = config.load(
        watchlist="actors:\n" + "".join(f"  - Surname{'x' * n}, First\n" for n in range(25))
    )
    told = warnings(settings)
    assert len([w for w in told if "is looked for" in w]) == 20
    assert told[-1] == "and 5 more terms like these"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("India/Delhi", "Asia/Kolkata"),
        ("india", "Asia/Kolkata"),
        ("Delhi, India", "Asia/Kolkata"),
        ("New York", "America/New_York"),
        ("America/NewYork", "America/New_York"),
        ("asia/tokyo", "Asia/Tokyo"),
        ("Asia/Beijing", "Asia/Shanghai"),
        ("Europe/Munich", "Europe/Berlin"),
        ("US/Washington", "America/New_York"),
        ("Europe/Berln", "Europe/Berlin"),
        ("MSK", "Europe/Moscow"),
        ("Marsia/Base", None),
        ("Indonesia/Nowhere", "Asia/Jakarta"),
        ("Freedonia", None),
        ("GMT+5", None),
        ("/", None),
    ],
)
def test_a_zone_is_offered_by_country_city_or_spelling_or_none_is(typed: str, meant: str | None) -> None:
    assert meant_zone(typed) == meant


def test_every_zone_that_is_offered_exists() -> None:
    assert set(_MEANT) <= zoneinfo.available_timezones()
