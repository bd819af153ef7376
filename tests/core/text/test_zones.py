"""Zones lie apart and in order, hold everything, and running text is in no other zone than its own."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.text.furniture import is_byline, is_note, is_signoff, is_slug, signed_at, signoff_start
from monitor.core.text.zones import Piece, compose, divide
from monitor.model import Zone


def _zones(*paragraphs: str, agency: str | None = None, headed: bool = True) -> list[tuple[str, str]]:
    text, spans = compose(divide(paragraphs, agency=agency, headed=headed).pieces)
    return [(span.zone.value, text[span.start : span.end]) for span in spans]


@pytest.mark.parametrize(
    ("paragraphs", "zones"),
    [
        (["Only a headline"], [("lead", "Only a headline")]),
        (["URGENT"], [("lead", "URGENT")]),
        (
            ["Head\nin two\nOSLO (AP) - Text."],
            [("headline", "Head\nin two"), ("dateline", "OSLO (AP) -"), ("lead", "Text.")],
        ),
        (["Head", "Eds: A note."], [("lead", "Head"), ("note", "Eds: A note.")]),
        (["Head", "Text."], [("headline", "Head"), ("lead", "Text.")]),
        (["A sentence.", "Text."], [("lead", "A sentence."), ("body", "Text.")]),
        (["By Jane Roe", "Text."], [("byline", "By Jane Roe"), ("lead", "Text.")]),
        (
            ["By Monday the talks had failed.", "x"],
            [("lead", "By Monday the talks had failed."), ("body", "x")],
        ),
        (
            ["One.", "Eds: A note.", "Two."],
            [("lead", "One."), ("note", "Eds: A note."), ("body", "Two.")],
        ),
        (
            ["Text.", "(Reporting by A B; Editing by C D)"],
            [("lead", "Text."), ("signoff", "(Reporting by A B; Editing by C D)")],
        ),
        (
            ["Text.", "Reporting by the commission shows a gap."],
            [("lead", "Text."), ("body", "Reporting by the commission shows a gap.")],
        ),
        (
            ["Text.", "Written by Hugo, it sold well."],
            [("lead", "Text."), ("body", "Written by Hugo, it sold well.")],
        ),
        (["Text. (Reporting by A B)"], [("lead", "Text."), ("signoff", "(Reporting by A B)")]),
        (["Text. PTI KJV ZH ZH"], [("lead", "Text."), ("signoff", "PTI KJV ZH ZH")]),
        (["Text. (ANI)"], [("lead", "Text."), ("signoff", "(ANI)")]),
        (["Text. — Xinhua"], [("lead", "Text."), ("signoff", "— Xinhua")]),
        (["Text.", "— Xinhua"], [("lead", "Text."), ("signoff", "— Xinhua")]),
        (["Text. MORE"], [("lead", "Text."), ("signoff", "MORE")]),
        (["Text.", "(MORE)"], [("lead", "Text."), ("signoff", "(MORE)")]),
        (["He sang with Thomas More"], [("lead", "He sang with Thomas More")]),
        (["He told PTI."], [("lead", "He told PTI.")]),
        (["Text.", "He asked TASS"], [("lead", "Text."), ("body", "He asked TASS")]),
        (["PTI KJV ZH ZH"], [("lead", "PTI KJV ZH ZH")]),
        (["PTI KJV\nZH ZH"], [("lead", "PTI KJV\nZH ZH")]),
        (
            ["One.", "Two.", "* * *", "# Notebook", "x"],
            [("lead", "One."), ("body", "Two."), ("note", "* * *\n\n# Notebook\n\nx")],
        ),
        (
            ["RUSSIA-CHINA TALKS GO ON", "OSLO (AP) - Text."],
            [("headline", "RUSSIA-CHINA TALKS GO ON"), ("dateline", "OSLO (AP) -"), ("lead", "Text.")],
        ),
        (
            ["RUSSIA-CHINA TALKS", "Head", "OSLO (AP) - Text."],
            [
                ("slug", "RUSSIA-CHINA TALKS"),
                ("headline", "Head"),
                ("dateline", "OSLO (AP) -"),
                ("lead", "Text."),
            ],
        ),
        # notes, and text that begins as they do
        (
            ["Ed: A note.", "OSLO (AP) - Text."],
            [("note", "Ed: A note."), ("dateline", "OSLO (AP) -"), ("lead", "Text.")],
        ),
        (
            ["Advisory: A note.", "OSLO (AP) - Text."],
            [("note", "Advisory: A note."), ("dateline", "OSLO (AP) -"), ("lead", "Text.")],
        ),
        (
            ["Text.", "Ed: I said no.", "More text."],
            [("lead", "Text."), ("body", "Ed: I said no.\n\nMore text.")],
        ),
        (["Text.", "Advisory: Stay at home."], [("lead", "Text."), ("body", "Advisory: Stay at home.")]),
        (["Text.", "[Advisory: No photos.]"], [("lead", "Text."), ("note", "[Advisory: No photos.]")]),
        (["Text.", "(Ed: No photos.)"], [("lead", "Text."), ("note", "(Ed: No photos.)")]),
        (["Text.", "Editors: No photos."], [("lead", "Text."), ("note", "Editors: No photos.")]),
        (
            ["Text.", "Not for publication: 555.", "x"],
            [("lead", "Text."), ("note", "Not for publication: 555.\n\nx")],
        ),
        (
            ["Text.", "Not for publication, he said, was it.", "x"],
            [("lead", "Text."), ("body", "Not for publication, he said, was it.\n\nx")],
        ),
        # sign-offs, and text that looks like them
        (["Text.", "NATO EU"], [("lead", "Text."), ("body", "NATO EU")]),
        (["Text.", "NATO EU", "(END)"], [("lead", "Text."), ("body", "NATO EU"), ("signoff", "(END)")]),
        (
            ["Text.", "PTI KJV", "ZH", "01271842", "NNNN"],
            [("lead", "Text."), ("signoff", "PTI KJV\n\nZH\n\n01271842\n\nNNNN")],
        ),
        (["Text. MORE PTI KJV\nZH ZH"], [("lead", "Text."), ("signoff", "MORE PTI KJV\nZH ZH")]),
        (
            ["Text.", "dpa abc", "de fgh", "271205 GMT Okt 26"],
            [("lead", "Text."), ("signoff", "dpa abc\n\nde fgh\n\n271205 GMT Okt 26")],
        ),
        (["Text.", "burs-jd/ab"], [("lead", "Text."), ("signoff", "burs-jd/ab")]),
        (["Text. Enditem"], [("lead", "Text."), ("signoff", "Enditem")]),
        (["Text. Enditem."], [("lead", "Text."), ("signoff", "Enditem.")]),
        (["Text. End"], [("lead", "Text. End")]),
        (["Text.", "Copyright rules change"], [("lead", "Text."), ("body", "Copyright rules change")]),
        (["Text.", "(c) The minister must go."], [("lead", "Text."), ("body", "(c) The minister must go.")]),
        (
            ["Text.", "Copyright (c) 2026 The Wire"],
            [("lead", "Text."), ("signoff", "Copyright (c) 2026 The Wire")],
        ),
        (["Text.", "© The Wire"], [("lead", "Text."), ("signoff", "© The Wire")]),
        (
            ["Text.", "Copyright The Wire. All rights reserved."],
            [("lead", "Text."), ("signoff", "Copyright The Wire. All rights reserved.")],
        ),
        (
            ["Text.", "Copyright by the Associated Press."],
            [("lead", "Text."), ("signoff", "Copyright by the Associated Press.")],
        ),
        (["Text.", "(By Jane Roe in Oslo)"], [("lead", "Text."), ("signoff", "(By Jane Roe in Oslo)")]),
        (
            ["Text.", "(By order of the king, he left)"],
            [("lead", "Text."), ("body", "(By order of the king, he left)")],
        ),
        # a service's number, a place before a colon
        (
            ["DEL45\nHead\nOSLO (AP) - Text."],
            [("slug", "DEL45"), ("headline", "Head"), ("dateline", "OSLO (AP) -"), ("lead", "Text.")],
        ),
        (
            ["DEL45", "Head", "OSLO (AP) - Text."],
            [("slug", "DEL45"), ("headline", "Head"), ("dateline", "OSLO (AP) -"), ("lead", "Text.")],
        ),
        (
            ["FGN 7 CHINA-TALKS", "Head", "OSLO (AP) - Text."],
            [
                ("slug", "FGN 7 CHINA-TALKS"),
                ("headline", "Head"),
                ("dateline", "OSLO (AP) -"),
                ("lead", "Text."),
            ],
        ),
        (
            ["Head", "OSLO: The ministers talked until late at night.", "x"],
            [
                ("headline", "Head"),
                ("dateline", "OSLO:"),
                ("lead", "The ministers talked until late at night."),
                ("body", "x"),
            ],
        ),
        (
            ["ROE: We talked until late at night.", "DOE: I have not heard of it until today."],
            [
                ("lead", "ROE: We talked until late at night."),
                ("body", "DOE: I have not heard of it until today."),
            ],
        ),
    ],
)
def test_each_zone_is_found(paragraphs: list[str], zones: list[tuple[str, str]]) -> None:
    found = _zones(*paragraphs)
    if paragraphs[0] == "Only a headline":
        assert found == zones
    else:
        assert [z for z in found if z[0] != "headline" or ("headline", z[1]) in zones] == zones


@pytest.mark.parametrize("first", ["DEL45", "MIG 29", "FGN7 A-B"])
def test_a_services_number_is_a_slug_only_right_above_a_headline(first: str) -> None:
    assert _zones(first, "The text is a sentence.")[0] == ("headline", first)
    assert _zones(first, "Head")[0] == ("headline", first)
    assert _zones(first, "Head", "Text.", headed=False)[0] == ("lead", first)
    assert _zones(first, "Head", "Text.")[:2] == [("slug", first), ("headline", "Head")]


def test_a_mark_at_the_end_of_a_head_is_in_the_text_and_in_no_zone() -> None:
    text, spans = compose(divide(["Slug: A-B =", "Head =", "OSLO (AP) - Text."]).pieces)
    assert text == "Slug: A-B =\n\nHead =\n\nOSLO (AP) - Text."
    assert [text[s.start : s.end] for s in spans] == ["Slug: A-B", "Head", "OSLO (AP) -", "Text."]


def test_a_feed_items_text_has_no_headline() -> None:
    assert _zones("Politics/Economy", "Text.", headed=False) == [
        ("lead", "Politics/Economy"),
        ("body", "Text."),
    ]


def test_an_agency_that_only_the_user_knows_signs_off_too() -> None:
    assert _zones("Text. XWIRE AB CD", agency="XWIRE")[-1] == ("signoff", "XWIRE AB CD")
    assert _zones("Text. XWIRE AB CD")[-1] == ("lead", "Text. XWIRE AB CD")


@pytest.mark.parametrize(
    ("line", "slug"),
    [
        ("BC-US--GiantLobster", True),
        ("BC-Light,1st Ld-Writethru,250", True),
        ("Germany-politics/", True),
        ("CHINA-RUSSIA/TALKS", True),
        ("RUSSIA-CHINA-LD TALKS", True),
        ("Slug: CHINA TALKS", True),
        ("China and Russia talk", False),
        ("Text.", False),
        ("2026-01", False),
    ],
)
def test_slugs_are_told_from_headlines(line: str, slug: bool) -> None:
    assert is_slug(line) is slug


@pytest.mark.parametrize(
    ("line", "byline"),
    [
        ("By Jane Roe", True),
        ("By JANE ROE and JOHN DOE", True),
        ("By Manuel van der Berg, dpa", True),
        ("Associated Press Writer", True),
        ("Von Max Muster", True),
        ("By noon it was over", False),
        ("By Tuesday Nobody knew why", False),
        ("Jane Roe", False),
    ],
)
def test_bylines_are_told_from_sentences(line: str, byline: bool) -> None:
    assert is_byline(line) is byline


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("AP-WF-08-29-16 1626GMT", "2016-08-29T16:26Z"),
        ("212101 GMT Nov 18", "2018-11-21T21:01Z"),
        ("dpa abc\n\n271205 GMT Okt 26", "2026-10-27T12:05Z"),
        ("dpa abc", None),
    ],
)
def test_a_signoffs_time_is_read(text: str, at: str | None) -> None:
    assert signed_at(text) == at


WORDS = st.sampled_from(
    ["Oslo", "OSLO,", "Jan 27", "(AP)", "—", "-", "By", "Jane Roe", "Eds:", "said.", "PTI", "KJV", "(MORE)", "ENDS",
     "date 2026-01-27", "BC-X--Y", "# Notebook", "* * *", "电", "新华社北京1月27日电", "text", "=", "/TASS/.",
     "(", ")", "é", "\n"]
)  # fmt: skip


@given(st.lists(st.lists(WORDS, min_size=1, max_size=8).map(" ".join), max_size=8), st.booleans())
def test_everything_is_in_one_zone_and_in_order(paragraphs: list[str], headed: bool) -> None:
    clean = [
        p
        for p in ("\n".join(line.strip() for line in p.split("\n") if line.strip()) for p in paragraphs)
        if p
    ]
    text, spans = compose(divide(clean, headed=headed).pieces)
    at = 0
    inside = ""
    for span in spans:
        assert at <= span.start < span.end
        inside += text[span.start : span.end]
        at = span.end
    everything = "".join("".join(clean).split())
    assert "".join(inside.split()).replace("=", "") == everything.replace("=", "")
    assert "".join(text.split()) == everything


def test_neighbours_of_one_zone_are_one_span() -> None:
    text, spans = compose([Piece(Zone.LEAD, "a"), Piece(Zone.BODY, "b"), Piece(Zone.BODY, "c")])
    assert text == "a\n\nb\n\nc"
    assert [(s.zone, s.start, s.end) for s in spans] == [(Zone.LEAD, 0, 1), (Zone.BODY, 3, 7)]


@pytest.mark.parametrize(
    "unit",
    [
        "A",
        "A ",
        "(AP) ",
        "AP AB\n",
        "AB\n",
        "a-",
        "A-",
        "(",
        "- ",
        "PTI ",
        "By A ",
        "* ",
        "#",
        "x/",
        "Reporting by ",
        ". ",
    ],
)
def test_hostile_copy_takes_no_time(unit: str) -> None:
    long = (unit * 200_000)[:200_000]
    began = time.process_time()
    divide([long, *[unit.strip() or "x"] * 3_000, long])
    for rule in (is_slug, is_byline, is_note, is_signoff, signoff_start):
        rule(long)
    assert time.process_time() - began < 3


def test_a_line_of_nothing_but_sign_offs_takes_no_time() -> None:
    began = time.process_time()
    found = _zones("Head", "The text ends here. " + "(AP) " * 200_000)
    assert time.process_time() - began < 3
    assert [zone for zone, _ in found] == ["headline", "lead", "signoff"]
