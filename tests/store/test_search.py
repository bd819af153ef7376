"""Search finds whole words of every script, in what is indexed and what is not yet, whatever a user types."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.ports import Archive, Store
from monitor.store import verify
from monitor.store.words import could_hold, search_words, snippet, wanted
from tests.store.making import NOON, StillClock, article, native, new, outcome, version

SLICE = timedelta(milliseconds=50)
TEXTS = {
    "en": "Defence ministers of China and Russia, Dong Jun and Andrey Belousov, spoke by video.",
    "ru": "Министры обороны России и Китая Андрей Белоусов и Дун Цзюнь поговорили ещё раз.",
    "zh": "中国国防部长董军同俄罗斯国防部长别洛乌索夫举行视频通话。TASS北京报道",
    "ja": "中国の董軍国防相がロシアのベロウソフ国防相とビデオ会談した。",
    "hi": "चीन और रूस के रक्षा मंत्रियों ने बात की",
    "th": "รัฐมนตรีกลาโหมจีนและรัสเซียหารือ",
    "de": "Müller sprach über die Gespräche in Kraków",
    "ko": "둥쥔 국방부장이 벨로우소프와 통화했다",
}
FOUND = [
    ("china russia", {"en"}),
    ("RUSSIA China", {"en"}),
    ("chin", set()),
    ("chin*", {"en"}),
    ('"dong jun"', {"en"}),
    ('"jun dong"', set()),
    ('"dong jun', {"en"}),
    ("Белоусов", {"ru"}),
    ("белоусов министры", {"ru"}),
    ("Белоус", set()),
    ("董军", {"zh"}),
    ("董", {"zh", "ja"}),
    ("话", {"zh"}),
    ("国防部长别洛乌索夫", {"zh"}),
    ("国防部", {"zh"}),
    ("防国", set()),
    ("TASS", {"zh"}),
    ("tass北京", {"zh"}),
    ("ベロウソフ", {"ja"}),
    ("रक्षा", {"hi"}),
    ("रक्ष", set()),
    ("กลาโหม", {"th"}),
    ("muller", {"de"}),
    ("MÜLLER krakow", {"de"}),
    ("국방부장", {"ko"}),
    ("벨로우소프", {"ko"}),
    ("and", {"en"}),
    ("china -russia", {"en"}),
    ("china OR nothing", set()),
    ("", set()),
    ("***", set()),
    ('"', set()),
]


async def fill(store: Store) -> None:
    await store.commit_poll(outcome(*(new(article(id, text)) for id, text in TEXTS.items())))


async def index_all(store: Store) -> None:
    while await store.index_slice(SLICE):
        pass


def found(archive: Archive, words: str) -> set[str | None]:
    return {hit.record.article.headline for hit in archive.search(words, limit=99)}


@pytest.mark.parametrize("indexed", [True, False], ids=["indexed", "not indexed yet"])
async def test_words_of_every_script_are_found_whole(store: Store, archive: Archive, indexed: bool) -> None:
    await fill(store)
    if indexed:
        await index_all(store)
    assert [(words, found(archive, words)) for words, _ in FOUND] == FOUND


async def test_results_are_newest_first_across_index_and_tail_and_by_page(
    store: Store, archive: Archive
) -> None:
    await store.commit_poll(outcome(*(new(article(f"{n}")) for n in range(4))))
    await index_all(store)
    await store.commit_poll(outcome(*(new(article(f"{n}")) for n in range(4, 8))))
    hits = [hit.record.article.headline for hit in archive.search("jun", limit=9)]
    assert hits == [f"{n}" for n in range(7, -1, -1)]
    assert [hit.record.article.headline for hit in archive.search("jun", limit=3, offset=3)] == [
        "4",
        "3",
        "2",
    ]


async def test_an_article_is_found_once_by_its_newest_version_that_holds_the_words(
    store: Store, archive: Archive
) -> None:
    await store.commit_poll(outcome(new(article("old", "alpha beta"), native("1"))))
    (known,) = await store.known([native("1")])
    await store.commit_poll(outcome(version(article("new", "alpha"), known.article, 2, native("1"))))
    for _ in range(2):
        assert [hit.record.number for hit in archive.search("alpha", limit=9)] == [2]
        assert [hit.record.number for hit in archive.search("beta", limit=9)] == [1]
        await index_all(store)


async def test_a_slice_ends_with_its_budget_and_says_whether_more_waits(
    store: Store, clock: StillClock
) -> None:
    await store.commit_poll(outcome(*(new(article(f"{n}")) for n in range(40))))
    clock.tick = 0.05
    slices = 1
    while await store.index_slice(SLICE):
        slices += 1
    assert slices == 5
    assert not await store.index_slice(SLICE)


async def test_the_index_is_sound_and_holds_everything(store: Store, path: Path) -> None:
    await fill(store)
    await index_all(store)
    await store.close()
    assert verify(path) == ()
    with sqlite3.connect(path) as db:
        db.create_function("search_words", 1, search_words)
        db.execute("INSERT INTO article_search (article_search, rank) VALUES ('integrity-check', 1)")
    db.close()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.text(max_size=60) | st.text('"*()+-:^{}~ANDORNTE \0\ud800北a', max_size=30))
def test_no_input_is_an_error(shelf: Archive, words: str) -> None:
    shelf.search(words, limit=3)


@pytest.fixture
async def shelf(store: Store, archive: Archive) -> Archive:
    """An archive with texts in its index and in its tail."""
    await fill(store)
    await index_all(store)
    await fill(store)
    return archive


@contextmanager
def fts(texts: list[str]) -> Iterator[Callable[[str], list[int]]]:
    """Search with the index's own tokeniser and nothing of ours."""
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute(
            "CREATE VIRTUAL TABLE t USING fts5(words,"
            " tokenize=\"unicode61 remove_diacritics 2 categories 'L* N* Co Mn Mc'\")"
        )
        db.executemany("INSERT INTO t (words) VALUES (?)", [(text,) for text in texts])
        yield lambda word: [
            row for (row,) in db.execute("SELECT rowid FROM t WHERE t MATCH ?", (f'"{word}"',))
        ]


def test_the_cheap_look_at_the_tail_never_hides_what_the_tokeniser_would_find() -> None:
    characters = [c for c in map(chr, range(0x80, 0xD800)) if c.isalpha()]
    with fts(characters) as ask:
        for letter in "abcdefghijklmnopqrstuvwxyzабвгдежзийклмнопрстуфхцчшщъыьэюяё0123456789":
            for row in ask(letter):
                assert could_hold(characters[row - 1], wanted(letter)), (letter, characters[row - 1])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("北京会谈", " 北京 京会 会谈 谈 "),
        ("谈", "  谈 "),
        ("plain", "plain"),
        ("TASS北京 x", "TASS 北京 京  x"),
        (None, None),
    ],
)
def test_scripts_without_spaces_are_cut_into_pairs(text: str | None, words: str | None) -> None:
    assert search_words(text) == words


def test_a_snippet_shows_the_place_and_marks_where_it_was_cut() -> None:
    text = "word " * 100 + "Ändrey\nBelousov spoke. " + "word " * 100
    cut = snippet(text, wanted("andrey"), width=60)
    assert "Ändrey Belousov" in cut
    assert cut.startswith("… word")
    assert cut.endswith("word …")
    assert len(cut) <= 66
    assert snippet("short text", wanted("text")) == "short text"


def test_a_pasted_article_is_cut_to_a_sane_query() -> None:
    assert len(wanted("word " * 10_000)) == 32
    assert len(wanted("x" * 10_000)[0].text) == 200


async def test_what_waits_ends_a_slice_early(store: Store, clock: StillClock) -> None:
    await store.commit_poll(outcome(*(new(article(f"{n}")) for n in range(64))))
    more, _ = await asyncio.gather(store.index_slice(timedelta(days=1)), store.tell([], [], [], NOON))
    assert more
