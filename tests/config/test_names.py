"""Long lists of names in CSV and JSON lines: the same keys, told by line."""

from __future__ import annotations

import codecs
from typing import Any

import pytest

from monitor.model import Priority, Term, Watch, WatchKind

HEAD = "name,id,kind,also,priority,note,ids,tell\n"


def _load(config: Any, name: str, content: str | bytes) -> tuple[Watch, ...]:
    config.write(f"watchlists/{name}", content)
    watches: tuple[Watch, ...] = config.load(
        watchlist=f"priority: low\nnames_from: {name}\n"
    ).watchlist.watches
    return watches


def _told(config: Any, name: str, content: str | bytes) -> str:
    config.write(f"watchlists/{name}", content)
    found: tuple[str, ...] = config.problems(watchlist=f"names_from: {name}\n")
    return "\n".join(found)


def test_a_row_says_all_that_an_entry_can(config: Any) -> None:
    row = 'Anna Example,anna,person,"A. Example;Анна, Экзампл",high,A note,wikidata=Q1;viaf=2,terminal\n'
    (watch,) = _load(config, "n.csv", HEAD + row)
    assert (watch.name, watch.id, watch.kind, watch.priority) == (
        "Anna Example",
        "anna",
        WatchKind.PERSON,
        Priority.HIGH,
    )
    assert watch.condition.groups == ((Term("Anna Example"), Term("A. Example"), Term("Анна, Экзампл")),)
    assert (watch.note, watch.ids, watch.tell) == (
        "A note",
        (("wikidata", "Q1"), ("viaf", "2")),
        ("terminal",),
    )
    assert str(watch.origin) == "n.csv:2"


def test_json_lines_say_the_same(config: Any) -> None:
    row = '{"name": "Anna", "also": ["A. E."], "ids": {"wikidata": "Q1"}, "tell": ["terminal"]}\n\n"Ben Sample"\n'
    anna, ben = _load(config, "n.jsonl", row)
    assert (anna.name, anna.ids, anna.tell) == ("Anna", (("wikidata", "Q1"),), ("terminal",))
    assert (ben.name, str(ben.origin), ben.priority) == ("Ben Sample", "n.jsonl:3", Priority.LOW)


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_commas_semicolons_and_tabs_part_columns(mark: str, config: Any) -> None:
    (watch,) = _load(config, "n.csv", f"name{mark}also\nAnna{mark}A|B\n")
    assert watch.condition.groups == ((Term("Anna"), Term("A"), Term("B")),)


@pytest.mark.parametrize(
    "content",
    [
        codecs.BOM_UTF8 + "name\r\nДун\r\n007\r\n".encode(),
        codecs.BOM_UTF16_LE + "name\r\nДун\r\n007\r\n".encode("utf-16-le"),
        "\ufeffname\nДун\n007\n".encode("utf-16-be"),
    ],
)
def test_a_list_is_read_however_it_was_saved(content: bytes, config: Any) -> None:
    assert [(w.name, w.origin.line) for w in _load(config, "n.csv", content)] == [("Дун", 2), ("007", 3)]


def test_a_row_over_two_lines_counts_as_the_line_it_begins_in(config: Any) -> None:
    watches = _load(config, "n.csv", 'name,note\nAnna,"one\ntwo"\nBen,\n')
    assert [(w.note, w.origin.line) for w in watches] == [("one two", 2), (None, 4)]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("n.csv", "", "n.csv:1:1: file: the first line must name the columns"),
        ("n.csv", "name\n", "n.csv:1:1: file: names nothing to watch"),
        ("n.csv", "Anna\nBen\n", "n.csv:1:1: file: the first line must name the columns"),
        (
            "n.csv",
            "name,prioritty\nA,high\n",
            "n.csv:1:1: file: column 2: `prioritty` is not a key here, did you mean `priority`?",
        ),
        ("n.csv", "name,name\nA,B\n", "n.csv:1:1: file: column 2: `name` stands twice"),
        ("n.csv", "name,priority\nA,hihg\n", "n.csv:2:1: priority: `hihg` is not one of"),
        ("n.csv", "name,kind\nA,person\n,person\n", "n.csv:3:1: name: is missing"),
        ("n.csv", "name,also\nA,B,C\n", "n.csv:2:1: name: has 3 values for 2 columns"),
        ("n.csv", "name,ids\nA,Q1\n", "n.csv:2:1: ids: must be written as `wikidata=Q42`"),
        ("n.csv", "name\n—\n", "n.csv:2:1: name: a name needs a letter or a digit"),
        ("n.csv", 'name\n"A\nB\n', "n.csv:2:1: file: is no CSV from here on"),
        ("n.csv", "name\nA\nA\n", "n.csv:3:1: name: has the id `a`, as `A` in watchlists/n.csv:2 has"),
        ("n.csv", "name,tell\nA,desk\n", "n.csv:2:1: tell: there is no channel `desk`"),
        ("n.csv", b"name\ncaf\xe9\n", "n.csv:2:1: file: is not written in UTF-8"),
        ("n.csv", b"name\nA\x00B\n", "n.csv:2:1: file: holds a NUL byte"),
        ("n.csv", "name\n" + "a" * 300_000 + "\n", "n.csv:2:1: file: is longer than 200,000 characters"),
        ("n.jsonl", "{name: A}\n", "n.jsonl:1:1: file: is no JSON"),
        ("n.jsonl", '"A"\n["B"]\n', "n.jsonl:2:1: name: each line must be an object"),
        ("n.jsonl", '{"name": 7}\n', 'n.jsonl:1:1: name: text is wanted here: put it in quotes, "7"'),
        ("n.jsonl", '{"name": "A", "name": "B"}\n', "n.jsonl:1:1: file: `name` stands twice"),
        ("n.jsonl", '{"name": "A", "topics": []}\n', "n.jsonl:1:1: topics: `topics` is not a key here"),
        ("n.jsonl", '{"name": "\\ud800a"}\n', "n.jsonl:1:1: name: holds an invisible character (U+D800)"),
        ("n.jsonl", "[" * 100_000 + "\n", "n.jsonl:1:1: file: is no JSON: it is nested too deep"),
        (
            "n.jsonl",
            "1" * 100_000 + "\n",
            "n.jsonl:1:1: file: is no JSON: it is nested too deep, or too large",
        ),
        ("n.txt", "Anna\n", "n.txt:1:1: file: a list of names must end in .csv or .jsonl, not `.txt`"),
    ],
)
def test_a_mistake_in_a_list_is_told_by_line(name: str, content: str | bytes, told: str, config: Any) -> None:
    assert _told(config, name, content).startswith(f"watchlists/{told}")


def test_reading_a_list_of_mistakes_stops_after_some(config: Any) -> None:
    found = _told(config, "n.csv", "name,kind\n" + "A,x\n" * 1_000).split("\n")
    assert len(found) == 21
    assert found[-1].startswith("watchlists/n.csv:22:1: file: many mistakes: reading stopped here")
