"""Laws that hold for any text and watchlist, and a slow matcher of another make that must agree."""

from __future__ import annotations

import itertools
import re

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.text.segments import paragraphs, sentences
from monitor.core.watch import compile_watchlist
from monitor.model import (
    Article,
    Condition,
    Format,
    Match,
    Origin,
    Term,
    Unit,
    Watch,
    WatchId,
    WatchKind,
    Watchlist,
    WatchlistVersion,
    Within,
    Zone,
    ZoneSpan,
)

PLAIN = {"A": "a", "é": "e", "ё": "е", "’": "'", "—": "-", "\n": " "}
COUNTS = (Zone.HEADLINE, Zone.LEAD, Zone.BODY)

terms = st.sampled_from(
    [
        "a",
        "b",
        "A b",
        "b a",
        "a\nb",
        "É",
        "e a",
        "е",
        "'a",
        "b-",
        "a'b",
        "中",
        "a b a b",
        "c",
        "1",
        "1.1",
        ". a",
    ]
)
groups = st.lists(terms, min_size=1, max_size=3).map(lambda words: tuple(map(Term, words)))
withins = st.one_of(
    st.just(Within()),
    st.just(Within(Unit.SENTENCE)),
    st.just(Within(Unit.PARAGRAPH)),
    st.integers(1, 6).map(lambda n: Within(Unit.WORDS, n)),
)
conditions = st.builds(
    Condition,
    groups=st.lists(groups, min_size=1, max_size=3).map(tuple),
    within=withins,
    unless=st.lists(terms.map(Term), max_size=1).map(tuple),
)
pieces = st.sampled_from(
    [
        "a",
        "A",
        "b",
        "é",
        "е",
        "ё",
        "c",
        "1",
        "1.1",
        "'",
        "’",
        "-",
        "—",
        "中",
        " ",
        " ",
        " ",
        "\n",
        ". A",
        "! B ",
        "\n\n",
    ]
)
texts = st.lists(pieces, max_size=30).map("".join)
parts = st.lists(st.tuples(st.sampled_from([*COUNTS, Zone.DATELINE]), texts), max_size=4)
anything = st.text(
    st.one_of(st.characters(codec=None), st.sampled_from("ßﬁİ\u00ad\u200d\u0301 \n\nab")), max_size=30
)


def article(zones: list[tuple[Zone, str]]) -> Article:
    text, spans = "", []
    for zone, words in zones:
        spans.append(ZoneSpan(zone=zone, start=len(text), end=len(text) + len(words)))
        text += words + "\n"
    return Article(format=Format.PLAIN, text=text, zones=tuple(s for s in spans if s.start < s.end))


def watches(found: list[Condition]) -> tuple[Watch, ...]:
    return tuple(
        Watch(id=WatchId(f"w{i}"), name=str(i), kind=WatchKind.TOPIC, condition=c, origin=Origin("w", i + 1))
        for i, c in enumerate(found)
    )


def matches(listed: tuple[Watch, ...], story: Article) -> tuple[Match, ...]:
    return compile_watchlist(Watchlist(version=WatchlistVersion("1"), watches=listed)).match(story)


@given(parts, st.lists(conditions, max_size=4))
def test_a_slow_matcher_of_another_make_agrees(zones: list[tuple[Zone, str]], found: list[Condition]) -> None:
    story = article(zones)
    slow = {f"w{i}": proof for i, c in enumerate(found) if (proof := prove(c, story))}
    ours = {m.watch: [(n.start, n.end) for n in m.mentions] for m in matches(watches(found), story)}
    assert ours == slow


@given(parts, st.lists(conditions, min_size=1, max_size=5))
def test_a_watch_more_changes_no_other_result(zones: list[tuple[Zone, str]], found: list[Condition]) -> None:
    story, listed = article(zones), watches(found)
    together = {match.watch: match for match in matches(listed, story)}
    alone = {match.watch: match for one in listed for match in matches((one,), story)}
    assert together == alone


@given(st.lists(st.tuples(st.sampled_from(Zone), anything), max_size=3), st.data())
def test_every_mention_quotes_the_text_and_stands_in_its_zone(
    zones: list[tuple[Zone, str]], data: st.DataObject
) -> None:
    story = article(zones)
    cut = st.tuples(st.integers(0, len(story.text)), st.integers(1, 8))
    wanted = [Term(story.text[at : at + size]) for at, size in data.draw(st.lists(cut, max_size=5))]
    for match in matches(watches([Condition(groups=((term,),)) for term in wanted]), story):
        for mention in match.mentions:
            assert story.text[mention.start : mention.end] == mention.text != ""
            assert any(
                z.start <= mention.start < mention.end <= z.end and z.zone is mention.zone
                for z in story.zones
            )


# -- the slow matcher: one term at a time, every place, every window -------------------------


def plain(text: str) -> str:
    return "".join(PLAIN.get(c, c) for c in text.replace("É", "é").replace("B", "b"))


def in_number(text: str, i: int) -> bool:
    return 0 < i < len(text) - 1 and text[i] == "." and text[i - 1].isdigit() and text[i + 1].isdigit()


def sightings(terms: tuple[Term, ...], story: Article) -> list[tuple[int, int]]:
    text, found = plain(story.text), []
    for term, zone in itertools.product(terms, story.zones):
        wanted = plain(term.text)
        for at, end in itertools.combinations(range(zone.start, zone.end + 1), 2):
            quoted = text[at:end]
            if quoted.split() != wanted.split() or quoted != quoted.strip() or zone.zone not in COUNTS:
                continue
            before, after = text[at - 1 : at] or " ", text[end : end + 1] or " "
            whole = may_touch(before, wanted[0]) and may_touch(after, wanted[-1])
            parted = re.search(r"\n *\n", story.text[at:end])
            if whole and not parted and not in_number(text, at - 1) and not in_number(text, end):
                found.append((at, end))
    return found


def may_touch(neighbour: str, edge: str) -> bool:
    return not neighbour.isalnum() or "中" in (neighbour, edge)


def prove(condition: Condition, story: Article) -> list[tuple[int, int]]:
    seen = [sightings(group, story) for group in condition.groups]
    if sightings(condition.unless, story) or not all(seen):
        return []
    every = {s for group in seen for s in group}
    if len(seen) > 1 and condition.within.unit is not Unit.ARTICLE:
        full = [
            w for w in windows(condition.within, story) if all(any(inside(s, w) for s in g) for g in seen)
        ]
        every = {s for s in every if any(inside(s, w) for w in full)}
    kept: list[tuple[int, int]] = []
    for sighting in sorted(every, key=lambda s: (s[0], -s[1])):
        if not kept or sighting[0] >= kept[-1][1]:
            kept.append(sighting)
    return kept


def inside(sighting: tuple[int, int], window: list[tuple[int, int]]) -> bool:
    """A window of one stretch holds what touches it, a window of words what all stands on its words."""
    first, last = window[0][0], window[-1][1]
    if len(window) == 1 and window[0] == (first, last) and window[0] in STRETCHES:
        return sighting[0] < last and sighting[1] > first
    return first <= sighting[0] and sighting[1] <= last


STRETCHES: set[tuple[int, int]] = set()


def windows(within: Within, story: Article) -> list[list[tuple[int, int]]]:
    STRETCHES.clear()
    counting = [z for z in story.zones if z.zone in COUNTS]
    if within.unit is Unit.WORDS:
        runs = [[z] for z in counting if z.zone is Zone.HEADLINE] + [
            [z for z in counting if z.zone is not Zone.HEADLINE]
        ]
        return [w for run in runs for w in word_windows(story.text, run, within.words or 1)]
    parted = sentences if within.unit is Unit.SENTENCE else paragraphs
    for z in counting:
        whole = z.zone is Zone.HEADLINE
        STRETCHES.update([(z.start, z.end)] if whole else parted(story.text, z.start, z.end))
    return [[stretch] for stretch in STRETCHES]


def sort_of(character: str) -> str:
    return " " if character.isspace() else "中" if character == "中" else "word"


def word_windows(text: str, run: list[ZoneSpan], width: int) -> list[list[tuple[int, int]]]:
    words = []
    for zone in run:
        at = zone.start
        for sort, letters in itertools.groupby(text[zone.start : zone.end], sort_of):
            size = len(list(letters))
            if sort == "中":
                words += [(i, i + 1) for i in range(at, at + size)]
            elif sort == "word" and any(map(str.isalnum, text[at : at + size])):
                words.append((at, at + size))
            at += size
    return [words[i : i + width] for i in range(len(words))]
