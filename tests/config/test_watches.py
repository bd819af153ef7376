"""Watchlists: the forms people write, what a name is, what holds for a whole file, and what refers to what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from monitor.config import load_watchlist
from monitor.errors import ConfigError
from monitor.model import Priority, Term, Unit, Watch, WatchKind, WatchRef, Within

FORMS = """
tell: [desk]
actors:
  - Zhang Youxia
  - name: Andrey Belousov
    id: belousov
    kind: person
    also: [Андрей Белоусов, Andrei Belousov]
    priority: high
    ids: {wikidata: Q1}
    note: Russian defence minister since May 2024
topics:
  - name: China-Russia military talks
    all:
      - [Russia, Moscow, actor:belousov]
      - China
    any: [talks, consultations]
    within: 30 words
    unless: [football, topic:greenland]
  - name: Greenland
    any: [Greenland, Kalaallit Nunaat]
    tell: []
"""


def _watches(tmp_path: Path, text: str) -> dict[str, Watch]:
    path = tmp_path / "list.yaml"
    path.write_text(text, "utf-8")
    return {w.id: w for w in load_watchlist(path).watches}


def test_a_bare_name_is_enough(tmp_path: Path) -> None:
    watch = _watches(tmp_path, FORMS)["zhang-youxia"]
    assert (watch.name, watch.kind, watch.priority) == ("Zhang Youxia", WatchKind.OTHER, Priority.NORMAL)
    assert watch.condition.groups == ((Term("Zhang Youxia"),),)
    assert (watch.tell, str(watch.origin)) == (("desk",), "list.yaml:4")


def test_an_actor_is_found_by_its_name_and_other_spellings(tmp_path: Path) -> None:
    watch = _watches(tmp_path, FORMS)["belousov"]
    names = ("Andrey Belousov", "Андрей Белоусов", "Andrei Belousov")
    assert watch.condition.groups == (tuple(Term(n) for n in names),)
    assert (watch.kind, watch.priority, watch.ids) == (WatchKind.PERSON, Priority.HIGH, (("wikidata", "Q1"),))
    assert watch.note == "Russian defence minister since May 2024"


def test_a_topic_has_a_group_for_each_of_all_and_one_for_any(tmp_path: Path) -> None:
    condition = _watches(tmp_path, FORMS)["china-russia-military-talks"].condition
    assert condition.groups == (
        (Term("Russia"), Term("Moscow"), WatchRef("belousov")),
        (Term("China"),),
        (Term("talks"), Term("consultations")),
    )
    assert condition.within == Within(Unit.WORDS, 30)
    assert condition.unless == (Term("football"), WatchRef("greenland"))


def test_the_nearest_tell_wins_and_an_empty_one_tells_nobody(config: Any) -> None:
    monitor = "channels:\n  a: {url: 'json://x'}\n  b: {url: 'json://x'}\n  c: {url: 'json://x'}\ntell: [a]\n"
    config.write("watchlists/b.yaml", "tell: [b]\nactors: [B, {name: C, tell: [c]}, {name: D, tell: []}]\n")
    watches = config.load(monitor=monitor, watchlist="actors: [A]\n").watchlist.watches
    assert [w.tell for w in watches] == [("b",), ("c",), (), ("a",)]


def test_keys_at_the_top_hold_for_the_whole_file(tmp_path: Path) -> None:
    head = "priority: urgent\nkind: place\nnote: N\n"
    found = _watches(tmp_path, head + "actors: [A, {name: B, kind: person, priority: low, note: M}]\n")
    assert [(w.kind.value, w.priority.name, w.note) for w in found.values()] == [
        ("place", "URGENT", "N"),
        ("person", "LOW", "M"),
    ]


@pytest.mark.parametrize(
    "typed", ["007", "3.10", "null", "NO", "true", "2026-01-27", "0x1F", "1e3", "12:30:45", "~a"]
)
def test_a_name_is_its_text_as_typed(typed: str, tmp_path: Path) -> None:
    text = (
        f"actors:\n  - {typed}\n  - {{name: X, also: [{typed}]}}\ntopics:\n  - {{name: T, any: [{typed}]}}\n"
    )
    for watch in _watches(tmp_path, text).values():
        assert Term(typed) in watch.condition.groups[0]


def test_organization_is_organisation(tmp_path: Path) -> None:
    text = "actors: [{name: A, kind: organization}, {name: B, kind: organisation}]\n"
    assert {w.kind for w in _watches(tmp_path, text).values()} == {WatchKind.ORGANISATION}


def test_a_file_alone_may_name_any_channel_but_no_watch_of_another_file(tmp_path: Path) -> None:
    assert _watches(tmp_path, "tell: [nowhere]\nactors: [A]\n")["a"].tell == ("nowhere",)
    with pytest.raises(ConfigError, match="there is no actor with the id `b`"):
        _watches(tmp_path, "topics: [{name: T, any: ['actor:b']}]\n")


def test_a_reference_leads_into_other_files(config: Any) -> None:
    config.write("watchlists/a.yaml", "topics: [{name: T, any: ['actor:dong-jun']}]\n")
    first = config.load().watchlist.watches[0]
    assert first.condition.groups == ((WatchRef("dong-jun"),),)


@pytest.mark.parametrize(
    ("term", "told"),
    [
        ("topic:dong-jun", "`dong-jun` is no topic, did you mean `actor:dong-jun`?"),
        ("topic:t", "is the topic itself"),
        ("actor:Dong Jun", "there is no actor with the id `Dong Jun`, did you mean `dong-jun`?"),
        ("actor:dong-jin", "did you mean `dong-jun`?"),
    ],
)
def test_a_reference_that_leads_nowhere_is_told(term: str, told: str, config: Any) -> None:
    config.write("watchlists/a.yaml", f"topics:\n  - name: T\n    unless: [x, '{term}']\n    any: [x]\n")
    (found,) = config.problems()
    assert found.startswith("watchlists/a.yaml:3:17: topics.1.unless.2: ")
    assert told in found


def test_the_version_tells_what_the_lists_say_whatever_the_files_and_lines(config: Any) -> None:
    one = config.load(watchlist="actors: [A, B]\n").watchlist.version
    config.write("watchlists/a.yaml", "# a comment\n\nactors: [B]\n")
    assert config.load(watchlist="actors: [A]\n").watchlist.version == one
    for other in ("[A, C]", "[{name: A, priority: high}]", "[{name: A, also: [X]}]", "[{name: A, note: N}]"):
        assert config.load(watchlist=f"actors: {other}\n").watchlist.version != one
    assert config.load(watchlist="tell: []\nactors: [A]\n").watchlist.version != one


def test_a_list_whose_entries_are_all_commented_out_is_empty(config: Any) -> None:
    config.load(watchlist="actors:\n#  - A\ntopics:\n  - {name: T, any: [x]}\n")
