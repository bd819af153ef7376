"""Plain copy is read whatever its bytes, lines and length; the user's hints count."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.formats import read
from monitor.core.formats.plain import LONGEST_TEXT, paragraphs_of
from monitor.model import Article, ContentHash, Document, Parsed, Refused, SourceId, Zone

Make = Callable[..., Document]


def _article(found: Parsed | Refused) -> Article:
    assert isinstance(found, Parsed), found
    (article,) = found.articles
    return article


@pytest.mark.parametrize(
    ("text", "paragraphs"),
    [
        ("one\ntwo\n\nthree", ["one\ntwo", "three"]),
        ("one  two \n \n\n three", ["one two", "three"]),
        ("    one\ntwo\n    three\n    four\nfive", ["one\ntwo", "three", "four\nfive"]),
        ("    one\n    two\n\n    three", ["one\ntwo", "three"]),
        ("\tone\ntwo\n\tthree", ["one\ntwo", "three"]),
        ("　一。\n二。\n　三。", ["一。\n二。", "三。"]),
        ("head\n" + "long " * 30 + "\nnext", ["head", ("long " * 30).strip(), "next"]),
        ("text\n  Apples   12\n  Pears    7", ["text\nApples   12\nPears    7"]),
        ("", []),
    ],
)
def test_paragraphs_are_parted_as_their_writer_did(text: str, paragraphs: list[str]) -> None:
    assert paragraphs_of(text) == paragraphs


@pytest.mark.parametrize(
    ("content", "hints", "headers"),
    [
        ("Київ каже так.".encode("windows-1251"), {"encoding": "windows-1251"}, {}),
        ("Київ каже так.".encode("koi8-u"), {}, {"content-type": "text/plain; charset=koi8-u"}),
        ("Київ каже так.".encode("utf-16"), {}, {}),
        ("Київ каже так.".encode(), {}, {}),
    ],
)
def test_bytes_are_read_by_hint_mark_or_header(
    content: bytes, hints: dict[str, str], headers: dict[str, str], document: Make
) -> None:
    assert _article(read(document(content, headers=headers, **hints))).text == "Київ каже так."


def test_bytes_that_fit_no_hint_are_read_and_doubted(document: Make) -> None:
    article = _article(read(document(b"A caf\xe9 burned.", encoding="utf-8")))
    assert article.text == "A café burned."
    assert article.doubts == ("bytes that are no UTF-8 were read as windows-1252: 1",)
    article = _article(read(document(b"A caf\xe9 burned.", encoding="shift_jis")))
    assert article.doubts == ("some bytes are no cp932; they stand as \ufffd",)


def test_the_users_agency_counts_where_the_copy_names_none(document: Make) -> None:
    assert _article(read(document("All is well. DEF GH", agency="Def"))).of(Zone.SIGNOFF) == ("DEF GH",)
    assert _article(read(document("All is well.", agency="press trust of india"))).agency == "PTI"
    assert _article(read(document("OSLO (AP) - All is well.", agency="PTI"))).agency == "AP"
    assert _article(read(document("All is well."))).agency is None


def test_a_date_line_is_in_the_sources_own_zone(document: Make) -> None:
    article = _article(read(document("date 2026-01-27\nText here.", timezone="Asia/Kolkata")))
    assert article.published == datetime(2026, 1, 26, 18, 30, tzinfo=UTC)
    assert article.published_text == "2026-01-27"


def test_an_absurd_date_is_kept_as_written(document: Make) -> None:
    article = _article(read(document("date 2062-01-27 Oslo, Jan 27 (NTB) Text here.")))
    assert article.published is None
    assert article.published_text == "2062-01-27"
    assert article.dateline_date == "2062-01-27"
    assert "absurd date" in article.doubts[0]


def test_long_copy_is_cut_and_said(document: Make) -> None:
    article = _article(read(document("word " * (LONGEST_TEXT // 4))))
    assert len(article.text) <= LONGEST_TEXT
    assert article.doubts == ("the text was cut after 1,000,000 characters",)


@pytest.mark.parametrize(
    "unit",
    [
        "A ",
        "A\n",
        "A\n\n",
        "    A\n",
        "\tA",
        "PTI\n\n",
        "(MORE)\n\n",
        "Eds: a\n\n",
        "A. PTI KJV ",
        "电",
        "=\n",
        "-\n\n",
    ],
)
def test_hostile_copy_takes_no_time(unit: str, document: Make) -> None:
    content = unit * (400_000 // len(unit))
    began = time.process_time()
    read(document(content))
    assert time.process_time() - began < 4


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_no_bytes_break_the_reader(content: bytes) -> None:
    now = datetime(2026, 1, 29, tzinfo=UTC)
    found = read(
        Document(
            source=SourceId("s"),
            location="a",
            received_at=now,
            arrived_at=now,
            content=content,
            content_hash=ContentHash("0"),
        )
    )
    assert not isinstance(found, Refused) or "gave up" not in found.reason
