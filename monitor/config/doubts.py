"""Terms that are likely meant as more than the words in them: lists, queries, patterns, comments. Pure.

Such a term is right as it is, a name may hold any of these signs; but it is found only where the signs stand too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from monitor.config.problems import quote
from monitor.model import Term, Watch

_ODD = re.compile(r"[,，、;；*#]|/.+/\Z| (?:AND|OR|NOT|NEAR) ")
"""What any of the doubts needs; nearly every term has none of it."""
_PATTERN = re.compile(r"/.+/[a-z]?\Z")
_OPERATOR = re.compile(r"\s+(AND|OR|NOT|NEAR)\s+")
_COMMENT = re.compile(r"(\S)#\s*(?=\w)")
_MARK = re.compile(r",\s|(?<=[^\W\d]),(?=[^\W\d])|[，、;；]")
_SUFFIX = re.compile(
    r"(?:Inc|Ltd|LLC|LLP|LP|PLC|Corp|Co|KG|GmbH|AG|SA|S\.A|NV|N\.V|Jr|Sr|II|III|IV|MD|PhD)\.?\Z", re.I
)
_MEANING = {
    "AND": "both in an article are a topic: `all: [{}]`",
    "NEAR": "both near one another are a topic: `all: [{}]` and `within: 30 words`",
    "OR": "type them as two terms: `[{}]`",
    "NOT": "what must not be there stands in a topic's `unless:`",
}


MOST_TOLD = 20
"""Doubtful terms that are told one by one; more are counted."""


def doubts(watches: tuple[Watch, ...]) -> Iterator[str]:
    """Give a sentence on each doubtful term of watches, with where it stands and what to type."""
    found = _doubts(watches)
    yield from islice(found, MOST_TOLD)
    if more := sum(1 for _ in found):
        yield f"and {more:,} more terms like these"


def _doubts(watches: tuple[Watch, ...]) -> Iterator[str]:
    for watch in watches:
        for term in (t for group in (*watch.condition.groups, watch.condition.unless) for t in group):
            if isinstance(term, Term) and (told := doubt(term.text)):
                yield f"{watch.origin}: {told}"


def doubt(term: str) -> str | None:
    """Say what a term was probably meant as, and what to type for that; None where nothing is odd about it."""
    if not _ODD.search(term):
        return None
    whole = f"`{quote(term)}` is looked for"
    if _PATTERN.match(term):
        return f"{whole} letter by letter: patterns have no meaning here; list the words themselves"
    if "*" in term:
        return f"{whole} with its *: it stands for no other letters here; list each form as a term of its own"
    if found := _OPERATOR.search(term):
        parts = ", ".join(quote(part) for part in _OPERATOR.split(term)[::2])
        return f"{whole} as these very words: {_MEANING[found[1]].format(parts)}"
    if _COMMENT.search(term):
        return f"{whole} with its #: a comment needs a space before it, `{quote(_COMMENT.sub(_apart, term))}`"
    names = [name.strip() for name in _MARK.split(term) if name.strip()]
    if len(names) > 1 and not all(_SUFFIX.match(name) for name in names[1:]):
        sign = "semicolon" if re.search("[;；]", term) else "comma"
        return f"{whole} as one, with its {sign}: type each name on its own, {_and(names)}"
    return None


def _apart(found: re.Match[str]) -> str:
    return f"{found[1]} # "


def _and(names: list[str]) -> str:
    *first, last = [f"`{quote(name)}`" for name in names[:4]]
    return f"{', '.join(first)} and {last}" + (" …" if len(names) > 4 else "")
