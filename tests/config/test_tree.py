"""YAML 1.2 as it is read here: what a scalar is stays open, and every node knows its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.config.problems import Flaw
from monitor.config.text import TextFile
from monitor.config.tree import Entries, Items, Node, Scalar, read_tree


def _plain(node: Node) -> object:
    if isinstance(node, Scalar):
        return node.text
    return {k: _plain(v) for k, v in node.items()} if isinstance(node, Entries) else [_plain(v) for v in node]


def _read(text: str) -> Node:
    return read_tree(TextFile(Path("x.yaml"), "x.yaml", text)).root


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("%YAML 1.2\n---\na: NO\n...\n", {"a": "NO"}),
        ('{"a":1, b: http://x/y, c: }', {"a": "1", "b": "http://x/y", "c": ""}),
        ('a: "\\/\\x41\\u0416\\U0001F600"', {"a": "/AЖ😀"}),
        ("a: 'it''s'", {"a": "it's"}),
        ("a: |\n  one\n  two\nb: >-\n  one\n  two\n", {"a": "one\ntwo\n", "b": "one two"}),
        ("a:\tb # c\n", {"a": "b"}),
        ("- a#b\n- c:d\n- -1\n- '#e'\n", ["a#b", "c:d", "-1", "#e"]),
        ("? a\n: b\n", {"a": "b"}),
        ("yes: on\n", {"yes": "on"}),
    ],
)
def test_it_is_read_as_yaml_1_2(text: str, value: object) -> None:
    assert _plain(_read(text)) == value


def test_every_node_knows_its_line_and_column_in_characters() -> None:
    root = _read("ключ: [😀, x]\n")
    assert isinstance(root, Entries)
    (items,) = root.values()
    assert isinstance(items, Items)
    assert root.keys_at == {"ключ": (1, 1)}
    assert [(n.line, n.column) for n in items] == [(1, 8), (1, 11)]


@pytest.mark.parametrize("key", ["1", "null", "true", "~", "1.5", "0x1F", ".inf"])
def test_a_key_that_is_no_text_must_be_quoted(key: str) -> None:
    page = read_tree(TextFile(Path("x.yaml"), "x.yaml", f"{key}: a\n"))
    assert [str(p) for p in page.flaws] == [
        f'x.yaml:1:1: file: `{key}` is no name: put it in quotes, "{key}":'
    ]
    assert not read_tree(TextFile(Path("x.yaml"), "x.yaml", f'"{key}": a\n')).flaws


def test_a_cut_off_file_is_no_shorter_file() -> None:
    with pytest.raises(Flaw):
        _read("actors: [Dong Jun, Zha")
