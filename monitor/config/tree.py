"""YAML text becomes a tree whose every node knows its line and column. Gives no meaning to any of it.

The syntax is read by libyaml, 25 times faster than in Python; what a plain scalar is (text, number, nothing) is
decided where it is used, after YAML 1.2, so that `NO`, `007` and `2026-01-27` are still what was typed. Aliases,
anchors and tags are refused, so the tree is as large as the text; depth and nodes are bounded while reading.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import yaml  # type: ignore[import-untyped,unused-ignore]
from yaml.cyaml import CParser  # type: ignore[import-untyped,unused-ignore]

from monitor.config.lookalikes import bullet, curly_quotes
from monitor.config.problems import SOUGHT_AT_MOST, Flaw, Problem, quote
from monitor.config.syntax import explain, known_keys
from monitor.config.text import TextFile

MOST_NODES = 1_000_000
MOST_LEVELS = 20

Step: TypeAlias = str | int

# YAML 1.2, core schema: what a plain scalar is when it is no string.
_NOT_TEXT = re.compile(
    r"(~|null|Null|NULL|true|True|TRUE|false|False|FALSE|[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"
    r"|[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))?\Z"
)


class Scalar:
    """A single value: its text as typed, where it stands, and whether it was typed without quotes.

    `lines` are those that text without quotes goes over, where they are several.
    """

    __slots__ = ("column", "line", "lines", "plain", "text")

    def __init__(self, text: str, plain: bool, line: int, column: int, lines: tuple[str, ...] = ()) -> None:
        self.text, self.plain, self.line, self.column, self.lines = text, plain, line, column, lines

    @property
    def empty(self) -> bool:
        """Whether nothing was typed at all."""
        return self.plain and not self.text


class Entries(dict[str, "Node"]):
    """Keys with their values, and where each key stands."""

    __slots__ = ("column", "keys_at", "line")

    def __init__(self, line: int, column: int) -> None:
        super().__init__()
        self.line, self.column = line, column
        self.keys_at: dict[str, tuple[int, int]] = {}


class Items(list["Node"]):
    """A list."""

    __slots__ = ("column", "line")

    def __init__(self, line: int, column: int) -> None:
        super().__init__()
        self.line, self.column = line, column


Node: TypeAlias = Scalar | Entries | Items


@dataclass(frozen=True, slots=True)
class Page:
    """A YAML file, read: its tree, and the problems that left the rest readable."""

    file: TextFile
    root: Node
    flaws: tuple[Problem, ...] = ()

    def problem(self, loc: tuple[Step, ...], text: str) -> Problem:
        """Say what is wrong at a place in the tree; parts of `loc` that lead nowhere are left out."""
        line, column, path = locate(self.root, loc)
        return Problem(self.file.shown, line, column, path, text)

    def line(self, loc: tuple[Step, ...]) -> int:
        """Give the line of a place in the tree."""
        return locate(self.root, loc)[0]


def locate(root: Node, loc: tuple[Step, ...]) -> tuple[int, int, str]:
    """Walk down the tree as far as `loc` leads; give line, column and the path in words.

    A key that is itself at fault, unknown or without value, is pointed at; else the value is.
    """
    node, at, words = root, (root.line, root.column), []
    for step in loc:
        if isinstance(node, Entries) and isinstance(step, str) and step in node:
            words.append(step)
            key_at, node = node.keys_at[step], node[step]
            at = key_at if isinstance(node, Entries | Items) or node.empty else (node.line, node.column)
        elif isinstance(node, Items) and isinstance(step, int) and step < len(node):
            words.append(str(step + 1))
            node = node[step]
            at = (node.line, node.column)
    return *at, ".".join(quote(w, most=40) for w in words) or "file"


def walk(node: Node, loc: tuple[Step, ...] = ()) -> Iterator[tuple[tuple[Step, ...], Scalar]]:
    """Give every single value of a tree with the way to it."""
    if isinstance(node, Scalar):
        yield loc, node
        return
    inner = node.items() if isinstance(node, Entries) else enumerate(node)
    for step, child in inner:
        yield from walk(child, (*loc, step))


def read_tree(file: TextFile) -> Page:
    """Read a YAML file's one document. Raises Flaw at the first thing that leaves the rest unreadable."""
    builder = _Builder(file)
    parser = CParser(file.text)
    try:
        while not isinstance(event := parser.get_event(), yaml.StreamEndEvent):
            builder.take(event)
    except _Enough:
        pass
    except yaml.MarkedYAMLError as error:
        raise explain(error, file.text) from None
    except yaml.YAMLError as error:
        raise Flaw(1, 1, f"is no YAML: {quote(str(error))}") from None
    if builder.root is None or (isinstance(builder.root, Scalar) and builder.root.empty):
        raise Flaw(1, 1, "says nothing: it is empty, or only half saved, or every line is a comment")
    return Page(file, builder.root, tuple(builder.flaws))


class _Enough(Exception):
    """There are so many mistakes that the rest need not be read."""


@dataclass(slots=True)
class _Builder:
    """Puts a tree together, one event of the parser after the other."""

    file: TextFile
    root: Node | None = None
    nodes: int = 0
    open: list[Entries | Items] = field(default_factory=list)
    flow: list[bool] = field(default_factory=list)
    """For each of them: whether it is written in [ ] or { }."""
    key: list[str | None] = field(default_factory=list)
    """For each open mapping the key whose value comes next; None for lists and where a key comes next."""
    flaws: list[Problem] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    documents: int = 0

    def take(self, event: Any) -> None:
        """Heed one event."""
        if isinstance(event, yaml.ScalarEvent):
            self._refuse_marks(event)
            self._scalar(event)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._refuse_marks(event)
            self._begin(event)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self.open.pop()
            self.flow.pop()
            self.key.pop()
            self._next()
        elif isinstance(event, yaml.AliasEvent):
            raise Flaw(
                *_at(event),
                f"`*{quote(event.anchor)}` is an alias of YAML, which is not read here: write the "
                "text out, or put it in quotes if the * belongs to it",
            )
        elif isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                raise Flaw(*_at(event), "a second document begins here: take the line `---` out")

    def _refuse_marks(self, event: Any) -> None:
        if event.anchor is not None:
            self._flaw(
                event,
                f"`&{quote(event.anchor)}` is an anchor of YAML, which is not read here: take it out, or "
                "put the text in quotes if the & belongs to it",
            )
        if event.tag is not None:
            self._flaw(
                event,
                f"`{quote(_short(event.tag))}` is a tag of YAML, which is not read here: take it out, or "
                "put the text in quotes if the ! belongs to it",
            )

    def _begin(self, event: Any) -> None:
        line, column = _at(event)
        if len(self.open) >= MOST_LEVELS:
            raise Flaw(line, column, f"is nested more than {MOST_LEVELS} levels deep")
        if self.open and isinstance(self.open[-1], Entries) and self.key[-1] is None:
            raise Flaw(line, column, "a key must be a single word, and here stands a list or a mapping")
        kind = Entries if isinstance(event, yaml.MappingStartEvent) else Items
        node: Entries | Items = kind(line, column)
        self._place(node)
        self.open.append(node)
        self.flow.append(bool(event.flow_style))
        self.key.append(None)

    def _scalar(self, event: Any) -> None:
        line, column = _at(event)
        plain = not event.style
        text: str = event.value
        lines = self._lines_of(event) if plain else ()
        if plain:
            self._check_plain(event, text, lines)
        if self.open and isinstance(self.open[-1], Entries) and self.key[-1] is None:
            self._take_key(text, plain, line, column)
        else:
            self._place(Scalar(text, plain, line, column, lines))
            self._next()

    def _take_key(self, text: str, plain: bool, line: int, column: int) -> None:
        self._count(line, column)
        mapping = self.open[-1]
        assert isinstance(mapping, Entries)
        if plain and _NOT_TEXT.match(text):
            self._flaw_at(line, column, f'`{quote(text)}` is no name: put it in quotes, "{quote(text)}":')
        if text in mapping.keys_at:
            before = mapping.keys_at[text][0]
            told = f"`{quote(text)}` stands twice, here and in line {before}: keep one of them"
            self.key[-1] = text
            self._flaw_at(line, column, told)
            self.key[-1] = ""
            return
        mapping.keys_at[text] = (line, column)
        self.key[-1] = text

    def _place(self, node: Node) -> None:
        self._count(node.line, node.column)
        if not self.open:
            self.root = node
            return
        inside, key = self.open[-1], self.key[-1]
        if isinstance(inside, Items):
            inside.append(node)
        elif key is not None and key in inside.keys_at:
            # The value of a key that stands twice is left out: that was told of already.
            inside[key] = node

    def _next(self) -> None:
        if self.key:
            self.key[-1] = None

    def _count(self, line: int, column: int) -> None:
        self.nodes += 1
        if self.nodes > MOST_NODES:
            raise Flaw(
                line,
                column,
                f"holds more than {MOST_NODES:,} values: put long lists of names into a CSV "
                "file, and name it with `names_from:`",
            )

    def _lines_of(self, event: Any) -> tuple[str, ...]:
        """Give the lines that a text without quotes goes over, without spaces around; none where it is on one."""
        first, last = event.start_mark.line, event.end_mark.line
        if first == last or not event.value:
            return ()
        lines = self._source()[first : last + 1]
        return tuple(line.strip() for line in (lines[0][event.start_mark.column :], *lines[1:]))

    def _source(self) -> list[str]:
        self.lines = self.lines or self.file.text.split("\n")
        return self.lines

    def _check_plain(self, event: Any, text: str, lines: tuple[str, ...]) -> None:
        if told := curly_quotes(text):
            self._flaw(event, told)
        if not text and event.start_mark.line < len(self._source()):
            self._check_empty(event, self._source()[event.start_mark.line])
        for number, line in enumerate(lines[1:], event.start_mark.line + 1):
            if line and self._check_continued(number, line, lines[0]):
                return

    def _check_empty(self, event: Any, line: str) -> None:
        before, rest = line[: event.start_mark.column].rstrip(), line[event.start_mark.column :].strip()
        if rest.startswith("#") and rest[1:2].isalnum():
            told = f'what follows a # is a comment, so nothing is written here: type "{quote(rest, most=40)}" in quotes'
            self._flaw(event, told)
        elif self.flow and self.flow[-1] and not before.endswith(":") and self.key[-1:] != [None]:
            self._check_comma()

    def _check_comma(self) -> None:
        """A key without a colon in { } is what a comma cut off the text before it."""
        mapping, key = self.open[-1], self.key[-1]
        if not isinstance(mapping, Entries) or key not in mapping.keys_at or key in known_keys():
            return
        line, column = mapping.keys_at.pop(key)
        self.flaws = [flaw for flaw in self.flaws if flaw.place != (line, column)]
        name, value = next(reversed(mapping.items()), ("", None))
        told = "inside { } a comma ends the text: put quotes round all of it"
        if isinstance(value, Scalar) and value.line == line and name not in ("password", "user"):
            whole = self._source()[line - 1][value.column - 1 : column - 1 + len(key)]
            told += f', `{quote(name)}: "{quote(whole)}"`'
        self._flaw_at(line, column, told)

    def _check_continued(self, number: int, line: str, begun: str) -> bool:
        """Doubt a line that is read as more of the text before it; give whether anything is wrong with it."""
        column = len(self._source()[number]) - len(self._source()[number].lstrip()) + 1
        if line.startswith("- ") or line == "-":
            told = (
                "this line is indented further than the one before, so it is read as more of the same text: line the "
                "dashes up"
            )
        elif not (self.open and isinstance(self.open[-1], Items)):
            return False
        elif self.flow[-1]:
            told = f"this goes on with `{quote(begun, most=40)}` of the line before: a comma is missing between them"
        else:
            told = bullet(line) or (
                f"this line goes on with `{quote(begun, most=40)}`, since no dash begins it: type "
                f"`- {quote(line, most=40)}`, or put all of it on one line"
            )
        self._flaw_at(number + 1, column, told)
        return True

    def _flaw(self, event: Any, text: str) -> None:
        self._flaw_at(*_at(event), text)

    def _flaw_at(self, line: int, column: int, text: str) -> None:
        if len(self.flaws) >= SOUGHT_AT_MOST:
            raise _Enough
        self.flaws.append(Problem(self.file.shown, line, column, self._path(), text))

    def _path(self) -> str:
        steps = [
            str(len(node) + (node is self.open[-1])) if isinstance(node, Items) else quote(key or "", most=40)
            for node, key in zip(self.open, self.key, strict=True)
        ]
        return ".".join(s for s in steps if s) or "file"


def _at(event: Any) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _short(tag: str) -> str:
    standard = "tag:yaml.org,2002:"
    return "!!" + tag.removeprefix(standard) if tag.startswith(standard) else tag
