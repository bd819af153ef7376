"""What is wrong with a configuration, where, and what was probably meant. Reads no file and no YAML."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from monitor.core.text.characters import is_seen
from monitor.errors import ConfigError
from monitor.model import FileStamp

Files: TypeAlias = tuple[tuple[Path, FileStamp | None], ...]
"""Files with how each looked; None: it was not there, or could not be looked at."""
SHOWN_AT_MOST = 200
"""Problems listed for one file; what goes beyond is counted."""
SOUGHT_AT_MOST = 1_000
"""Problems sought in one file: with more it is a file of another kind, or a hostile one, and soon put aside."""
COUNTED_AT_MOST = 400
"""Problems that are counted exactly: some of those sought turn out to be one."""
QUOTED_AT_MOST = 60

SYNONYMS: Mapping[str, str] = {
    "aka": "also",
    "alias": "also",
    "aliases": "also",
    "variants": "also",
    "spellings": "also",
    "people": "actors",
    "persons": "actors",
    "names": "actors",
    "companies": "actors",
    "keywords": "any",
    "terms": "any",
    "words": "any",
    "and": "all",
    "or": "any",
    "none": "unless",
    "not": "unless",
    "except": "unless",
    "exclude": "unless",
    "comment": "note",
    "description": "note",
    "channel": "tell",
    "notify": "tell",
    "to": "email",
    "interval": "every",
    "title": "name",
    "link": "url",
    "rss": "url",
    "feed": "url",
    "directory": "path",
    "folder": "path",
    "tz": "timezone",
    "charset": "encoding",
    "backlog": "alert_backlog",
    "limit": "at_most",
    "smtp": "server",
    "host": "server",
    "username": "user",
    "sender": "from",
    "man": "person",
    "woman": "person",
    "human": "person",
    "company": "organisation",
    "org": "organisation",
    "agency": "organisation",
    "city": "place",
    "country": "place",
    "location": "place",
    "medium": "normal",
    "important": "high",
    "critical": "urgent",
}
"""What people type, and our word for it; used only where ours is among the choices."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake; lines and columns count from 1. Its text is fit for a reader who is no programmer."""

    file: str
    line: int
    column: int
    path: str
    text: str

    @property
    def place(self) -> tuple[int, int]:
        """Line and column."""
        return self.line, self.column

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.path}: {self.text}"


class Unfit(ValueError):
    """A value that cannot be used; its text says why, and what to type."""


class Flaw(Exception):
    """A mistake in a file's text that ends its reading; lines and columns count from 1."""

    def __init__(self, line: int, column: int, text: str) -> None:
        super().__init__(text)
        self.line, self.column, self.text = line, column, text


def quote(text: str, *, most: int = QUOTED_AT_MOST) -> str:
    """Show the user's own text inside a message: on one line, harmless on a terminal, cut to a length."""
    cut = text if len(text) <= most else text[: most - 1] + "…"
    return "".join(c if c.isprintable() and is_seen(c) else f"\\u{ord(c):04x}" for c in cut)


def meant(word: str, choices: Iterable[str]) -> str:
    """Give `, did you mean …?` where a choice is near to the word, else an empty string."""
    choices = tuple(choices)
    folded = {choice.casefold(): choice for choice in reversed(choices)}
    asked = word.strip().casefold()
    other = SYNONYMS.get(asked, "")
    near = difflib.get_close_matches(asked[:QUOTED_AT_MOST], folded, n=1, cutoff=0.6)
    if other in choices:
        return f", did you mean `{other}`?"
    return f", did you mean `{quote(folded[near[0]])}`?" if near else ""


def listed(words: Iterable[str]) -> str:
    """Join words as a sentence does: `a`, `b` or `c`."""
    *first, last = [f"`{quote(w)}`" for w in words]
    return f"{', '.join(first)} or {last}" if first else last


def one_of(word: str, choices: Iterable[str]) -> str:
    """Say that a word is none of the choices, and which was probably meant."""
    choices = tuple(choices)
    return f"`{quote(word)}` is not one of {listed(choices)}{meant(word, choices)}"


class Mistakes(ConfigError):
    """A ConfigError that still knows its problems one by one, so that those of several files can be told together.

    They are told file by file, in the order they stand in it; what is too much for one file is counted.
    `files` are those that were read or sought, as they looked before: a change of any may mend it.
    """

    def __init__(self, found: Iterable[Problem], files: Files = ()) -> None:
        self.found = tuple(dict.fromkeys(found))
        self.files = files
        by_file: dict[str, list[Problem]] = {}
        for problem in self.found:
            by_file.setdefault(problem.file, []).append(problem)
        super().__init__(tuple(line for problems in by_file.values() for line in _told(sorted(problems))))


def _told(problems: list[Problem]) -> list[str]:
    lines = [str(p) for p in problems[:SHOWN_AT_MOST]]
    if len(problems) > SHOWN_AT_MOST:
        count = len(problems) - SHOWN_AT_MOST
        more = f"and {count if len(problems) < COUNTED_AT_MOST else 'many'} more problems from here on"
        lines.append(str(replace(problems[SHOWN_AT_MOST], path="file", text=more)))
    return lines
