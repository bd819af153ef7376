"""Streams long lists of names, CSV or JSON lines, into watches; mistakes are told by line. Reads no YAML."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from monitor.config import words
from monitor.config.entry import Defaults, make_watch
from monitor.config.problems import Flaw, Mistakes, Problem, Unfit, listed, meant, quote
from monitor.config.schema import KINDS
from monitor.config.text import cannot_read, encoding_of, require_regular, shown
from monitor.model import Condition, Origin, Priority, Term, Watch, WatchKind

KEYS = ("name", "id", "kind", "also", "priority", "note", "ids", "tell")
MOST_LINE = 200_000
"""Characters of one line."""
MOST_TOLD = 20
"""Mistakes told of one file; reading stops there, since the whole file is likely of another kind."""
_PRIORITIES = {p.name.lower(): p for p in Priority}
Row: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Names:
    """A list of names, read."""

    shown: str
    watches: tuple[Watch, ...]


@dataclass(slots=True)
class _Entry:
    """What one row says."""

    name: str = ""
    id: str | None = None
    kind: WatchKind | None = None
    also: tuple[str, ...] = ()
    priority: Priority | None = None
    note: str | None = None
    ids: Mapping[str, str] = field(default_factory=dict)
    tell: tuple[str, ...] | None = None


def read_names(path: Path, defaults: Defaults) -> Names:
    """Read a list of names. Its ending, .csv, .jsonl or .ndjson, says how it is written.

    Raises ConfigError with the mistakes, each with its line; what comes after many is counted, not told.
    """
    known = shown(path)
    reader = _READERS.get(path.suffix.casefold())
    try:
        if reader is None:
            raise Flaw(1, 1, f"a list of names must end in .csv or .jsonl, not `{quote(path.suffix)}`")
        require_regular(path)
        with path.open("rb") as file, _text(file) as text:
            watches = _watches(text, path.name, known, reader, defaults)
    except Flaw as flaw:
        raise Mistakes([Problem(known, flaw.line, flaw.column, "file", flaw.text)]) from None
    except OSError as error:
        raise Mistakes([Problem(known, 1, 1, "file", cannot_read(error))]) from None
    return Names(known, watches)


def _text(file: io.BufferedReader) -> io.TextIOWrapper:
    encoding, mark = encoding_of(file.peek(4)[:4])
    file.read(mark)
    return io.TextIOWrapper(file, encoding=encoding, errors="surrogateescape", newline="")


def _watches(
    text: io.TextIOWrapper, file: str, known: str, reader: _Reader, defaults: Defaults
) -> tuple[Watch, ...]:
    watches: list[Watch] = []
    problems: list[Problem] = []
    for line, key, found in reader(text):
        if isinstance(found, Unfit):
            problems.append(Problem(known, line, 1, key, str(found)))
        else:
            try:
                watches.append(_watch(found, Origin(file, line), defaults))
            except _At as error:
                problems.append(Problem(known, line, 1, error.key, error.text))
        if len(problems) >= MOST_TOLD:
            text_more = "many mistakes: reading stopped here, and what follows was not looked at"
            problems.append(Problem(known, line + 1, 1, "file", text_more))
            break
    if not watches and not problems:
        problems.append(
            Problem(known, 1, 1, "file", "names nothing to watch: it is empty, or only half saved")
        )
    if problems:
        raise Mistakes(problems)
    return tuple(watches)


class _At(Exception):
    """What is wrong with one value of a row."""

    def __init__(self, key: str, text: str) -> None:
        super().__init__(text)
        self.key, self.text = key, text


def _watch(row: Row, origin: Origin, defaults: Defaults) -> Watch:
    entry = _Entry()
    for key, value in row.items():
        if value is None or value == "":
            continue
        try:
            setattr(entry, key, _FIELDS[key](value))
        except KeyError:
            raise _At(quote(key, most=40), _unknown(key)) from None
        except Unfit as error:
            raise _At(key, str(error)) from None
    if not entry.name:
        raise _At("name", "is missing: every row needs a name")
    terms = (entry.name, *entry.also) if entry.also else (entry.name,)
    condition = Condition(groups=(tuple([Term(t) for t in dict.fromkeys(terms)]),))
    return make_watch(entry, entry.kind or defaults.kind, condition, defaults, origin)


def _unknown(key: str) -> str:
    return f"`{quote(key)}` is not a key here{meant(key, KEYS) or '; the keys here are ' + listed(KEYS)}"


# -- values ----------------------------------------------------------------------------------


def _plain(value: object) -> str:
    if not isinstance(value, str):
        raise Unfit(f'text is wanted here: put it in quotes, "{quote(str(value), most=40)}"')
    return value


def _several(value: object) -> list[str]:
    if isinstance(value, str):
        return [part for part in value.replace("|", ";").split(";") if part.strip()]
    if not isinstance(value, list):
        raise Unfit('a list is wanted here: ["one", "two"]')
    return [_plain(v) for v in value]


def _ids(value: object) -> dict[str, str]:
    if isinstance(value, str):
        pairs = [part.partition("=")[::2] for part in _several(value)]
    elif isinstance(value, dict):
        pairs = [(k, _plain(v)) for k, v in value.items()]
    else:
        pairs = [("", "")]
    if not all(k.strip() and v.strip() for k, v in pairs):
        raise Unfit("must be written as `wikidata=Q42`, several with a ; between them")
    return {words.line(k): words.line(v) for k, v in pairs}


_FIELDS: Mapping[str, Callable[[Any], Any]] = {
    "name": lambda v: words.name(_plain(v)),
    "id": lambda v: words.watch_id(_plain(v)),
    "kind": lambda v: words.choice(_plain(v), KINDS),
    "also": lambda v: tuple(words.term(t) for t in _several(v)),
    "priority": lambda v: words.choice(_plain(v), _PRIORITIES),
    "note": lambda v: words.line(_plain(v)),
    "ids": _ids,
    "tell": lambda v: tuple(words.channel(t) for t in _several(v)),
}


# -- the two ways to write a list --------------------------------------------------------------

_Found: TypeAlias = tuple[int, str, "Row | Unfit"]
_Reader: TypeAlias = Callable[[io.TextIOWrapper], Iterator[_Found]]


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    """Give lines, none longer than is sensible."""
    number = 0
    while line := text.readline(MOST_LINE + 1):
        number += 1
        if len(line) > MOST_LINE:
            raise Flaw(
                number, 1, f"is longer than {MOST_LINE:,} characters: a row belongs on a line of its own"
            )
        if "\0" in line:
            raise Flaw(
                number,
                1,
                "holds a NUL byte, so this is no text file or it was only half saved: save it again",
            )
        if not line.isascii() and any("\udc80" <= c <= "\udcff" for c in line):
            raise Flaw(number, 1, "is not written in UTF-8: save the file again as UTF-8")
        yield line


def _csv(text: io.TextIOWrapper) -> Iterator[_Found]:
    lines = _lines(text)
    header = next(lines, "")
    mark = max(",;\t", key=header.count)
    keys = [k.strip().casefold() for k in next(csv.reader([header], delimiter=mark), [])]
    if "name" not in keys:
        raise Flaw(
            1,
            1,
            "the first line must name the columns, and one of them must be `name`, such as "
            f"`name,also,priority`; it says `{quote(header.strip())}`",
        )
    for number, key in enumerate(keys, 1):
        if key not in KEYS or key in keys[: number - 1]:
            raise Flaw(
                1, 1, f"column {number}: {_unknown(key) if key not in KEYS else f'`{key}` stands twice'}"
            )
    rows = csv.reader(lines, delimiter=mark, strict=True)
    start = 2
    while True:
        try:
            row = next(rows, None)
        except csv.Error as error:
            raise Flaw(
                start, 1, f"is no CSV from here on: {quote(str(error))}; is a quote missing?"
            ) from None
        if row is None:
            return
        if len(row) > len(keys):
            yield (
                start,
                "name",
                Unfit(
                    f"has {len(row)} values for {len(keys)} columns: put text that holds a {mark} in "
                    "double quotes"
                ),
            )
        elif row:
            yield start, "name", dict(zip(keys, row, strict=False))
        start = rows.line_num + 2


def _json_lines(text: io.TextIOWrapper) -> Iterator[_Found]:
    for number, line in enumerate(_lines(text), 1):
        if not line.strip():
            continue
        try:
            found = json.loads(line, object_pairs_hook=_once)
        except Unfit as error:
            yield number, "file", error
        except (ValueError, RecursionError) as error:
            reason = (
                error.msg
                if isinstance(error, json.JSONDecodeError)
                else "it is nested too deep, or too large"
            )
            yield number, "file", Unfit(f"is no JSON: {reason}")
        else:
            yield number, "name", _row(found)


def _row(found: object) -> Row | Unfit:
    if isinstance(found, str):
        return {"name": found}
    if isinstance(found, dict):
        return found if found else Unfit("is missing: every row needs a name")
    return Unfit('each line must be an object, {"name": "…"}, or a name in quotes')


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(k for i, (k, _) in enumerate(pairs) if k in dict(pairs[:i]))
        raise Unfit(f"`{quote(twice)}` stands twice: keep one of them")
    return found


_READERS: Mapping[str, _Reader] = {
    ".csv": _csv,
    ".tsv": _csv,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
}
