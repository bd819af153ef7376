"""What search finds: how a text becomes words, and how what a user typed becomes a query. Pure; no database.

Scripts without spaces between words (Han, kana, Hangul, Thai, Lao, Khmer, Burmese) are cut into overlapping
pairs of characters, each run ending in its last character alone: 北京会谈 → 北京 京会 会谈 谈. So every character
begins a word, and any stretch of two or more is a phrase.

The index holds what search_words() gave when a text was indexed: a change of it needs a migration that rebuilds
the index.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7a3\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
_RUN = re.compile(f"[{_UNSPACED}]+")
_TERM = re.compile(r'"([^"]*)"?|([^\s"]+)')
_SURROGATE = re.compile("[\ud800-\udfff]")
_PART = re.compile(r"[0-9A-Za-z\u0400-\u04ff\u4e00-\u9fff]+")
"""Where our folding and the tokeniser's agree for certain; other scripts are left to the tokeniser alone."""
MOST_TERMS = 32
"""Of a query; what is typed beyond is left out, so that a pasted article is no heavy query."""
LONGEST_TERM = 200
"""Characters."""


def search_words(text: str | None) -> str | None:
    """Give the text as the index is to read it."""
    if text is None or text.isascii():
        return text
    return _RUN.sub(lambda run: f" {_pairs(run.group())} {run.group()[-1]} ", text)


def _pairs(run: str) -> str:
    """Give every two neighbours of a run; of a run of one, nothing."""
    return " ".join(run[i : i + 2] for i in range(len(run) - 1))


@dataclass(frozen=True, slots=True)
class Wanted:
    """One thing that a text must hold: words in a row, the last of them perhaps only begun."""

    text: str
    begun: bool = False


def wanted(typed: str) -> tuple[Wanted, ...]:
    """Read what a user typed: words, "quoted phrases", and beginn* of words. Any input is valid."""
    terms = []
    for phrase, word in _TERM.findall(_SURROGATE.sub(" ", typed).replace("\0", " ")):
        text = unicodedata.normalize("NFC", phrase or word)[:LONGEST_TERM]
        if any(_is_of_word(c) for c in text):
            terms.append(Wanted(text.rstrip("*").strip(), begun=bool(word) and text.endswith("*")))
    return tuple(terms[:MOST_TERMS])


def _is_of_word(character: str) -> bool:
    return unicodedata.category(character)[0] in "LN"


def match_expression(terms: tuple[Wanted, ...]) -> str:
    """Give an FTS5 query that holds all terms. Everything is quoted, so nothing in it is syntax."""
    return " ".join(_quoted(term) for term in terms)


def _quoted(term: Wanted) -> str:
    words, begun = _as_indexed(term)
    return '"' + words.replace('"', '""') + '"' + ("*" if begun else "")


def _as_indexed(term: Wanted) -> tuple[str, bool]:
    """Give a term's words as they stand in the index, and whether the last is a beginning.

    A run at the end of a term may go on in the text: it is asked for without its last character alone, and a
    run of one as the beginning of a pair.
    """
    text = term.text
    last = None
    for last in _RUN.finditer(text):  # noqa: B007 the last one is wanted
        pass
    if last is None or any(_is_of_word(c) for c in text[last.end() :]):
        return search_words(text) or "", term.begun
    head, run = search_words(text[: last.start()]) or "", last.group()
    return (f"{head} {_pairs(run)}", False) if len(run) > 1 else (f"{head} {run}", True)


def snippet(text: str, terms: tuple[Wanted, ...], width: int = 160) -> str:
    """Give a stretch of a text around the first term found in it, on one line, cut at words; … where it was cut."""
    folded = _folded(text)
    places = [place for term in terms if (place := folded.find(_folded(term.text))) >= 0]
    start = max(0, min(places, default=0) - width // 3)
    end = min(len(text), start + width)
    if start:
        start = _next_space(text, start, start + 20)
    if end < len(text):
        end = max(text.rfind(" ", end - 20, end), end - 20 if " " in text[end - 20 : end] else end)
    cut = " ".join(text[start:end].split())
    return ("… " if start else "") + cut + (" …" if end < len(text) else "")


def _next_space(text: str, start: int, stop: int) -> int:
    space = text.find(" ", start, stop)
    return space + 1 if space >= 0 else start


def _folded(text: str) -> str:
    """Fold case and accents, one character for one, so that places in it are places in the text."""
    if text.isascii():
        return text.lower()
    return "".join(map(_folded_character, text))


def _folded_character(character: str) -> str:
    folded = unicodedata.normalize("NFD", character)[0].casefold()
    return folded if len(folded) == 1 else character


def could_hold(text: str, terms: tuple[Wanted, ...]) -> bool:
    """Say whether a text may hold all terms: False only where the index could not find them in it either."""
    folded = _folded(text)
    return all(part in folded for term in terms for part in _parts(term.text))


def _parts(text: str) -> list[str]:
    """Give the stretches of letters and digits of a term that stand in a text as they are."""
    return [_folded(part) for part in _PART.findall(text)]
