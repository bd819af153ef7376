"""Folds text, so that what readers take for the same letters is the same text, and knows the way back.

Folded away are: letter case, width and other compatibility forms (NFKC and full case folding: ß is ss, ﬁ is fi);
accents of Latin and Greek letters; points of Arabic and Hebrew, tatweel; the dots of ё, stress marks on Cyrillic
vowels; kinds of apostrophe, quotation mark, dash and middle dot; soft hyphens, zero-width and bidirectional
characters, variation selectors. Letters of their own stay so: й and ї, kana with voicing marks, all of Indic and
Thai. A stretch of white space is one space, or two where a blank line parts paragraphs; so no text without two
spaces in a row is ever found across paragraphs. Hyphenation at a line's end stays.

This module must not decide what a word is, nor look for anything.

How: most letters fold one to one, by functions of C over the whole text. `_HARD` finds the others, which are
folded in clusters, a letter with the marks on it; where that changes the length, an edit remembers the place.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

_EASY = (
    "\x00-\x7f"
    "‘’“”–—"
    "\u00c0-\u00c5\u00c7-\u00de\u00e0-\u00e5\u00e7-\u012f\u0131\u0134-\u013e\u0141-\u0148"  # Latin
    "\u014a-\u0151\u0154-\u017e\u0218-\u021b"
    "\u0388-\u038a\u038c\u038e\u038f\u0391-\u03a1\u03a3-\u03af\u03b1-\u03ce"  # Greek
    "\u0401\u0402\u0404-\u040b\u040e-\u044f\u0451\u0452\u0454-\u045b\u045e\u045f\u0490\u0491"  # Cyrillic
    "\u05d0-\u05ea\u0621-\u063a\u0641-\u064a\u067e\u0686\u0698\u06a9\u06af\u06cc"  # Hebrew, Arabic, Persian
    "\u0904-\u0928\u092a-\u0930\u0932\u0933\u0935-\u0939\u093e-\u094c"  # Devanagari but for nukta and virama
    "\u0e01-\u0e32\u0e34-\u0e37\u0e40-\u0e47"  # Thai but for tone marks
    "\u3001\u3002\u300c-\u300f\u3041-\u3096\u30a1-\u30fa\u30fc"
    "\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3"
)
"""Characters that case folding and `_fold_easy` fold one to one, whatever stands before or behind them."""
_HARD = re.compile(f"[^{_EASY}]+")

_ALIKE = {
    **dict.fromkeys("‘’‚‛`´ʹʻʼʾʿˈˊˋ′‵׳＇＇", "'"),
    **dict.fromkeys("“”„‟«»‹›″‶״〝〞〟＂", '"'),
    **dict.fromkeys("‐‑‒–—―−⁃־﹘﹣－", "-"),
    **dict.fromkeys("‧・･•∙⋅", "·"),
    **dict.fromkeys("ÆǢǼæǣǽ", "ae"),
    **dict.fromkeys("Œœ", "oe"),
    **dict.fromkeys("ØǾøǿ", "o"),
    **dict.fromkeys("Łł", "l"),
    **dict.fromkeys("Đđ", "d"),
    **dict.fromkeys("Ħħ", "h"),
    **dict.fromkeys("Ŧŧ", "t"),
    "ı": "i",
    "Ё": "е",
    "ё": "е",
    "\r": " ",
    "\x85": "\n",
    "\u2028": "\n",
    "\u2029": "\n\n",
}
"""Strokes and ligatures as the root collation of CLDR weighs them: an o with a stroke differs from o by accent."""

_REMOVED = re.compile(
    "[\u00ad\u034f\u061c\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
    "\U000e0000-\U000e01ef™℠"  # tags, variation selectors; signs that NFKC would glue on as letters
    "\u0640\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"  # tatweel; points of Hebrew
    "\u0610-\u061a\u064b-\u0652\u0656-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u08d3-\u08e1\u08e3-\u08ff]+"
)
_LATIN_OR_GREEK = re.compile(
    "[A-Za-z\u00aa\u00ba\u00c0-\u024f\u0250-\u02af\u0370-\u03ff\u1d00-\u1dbf\u1e00-\u1fff\u2c60-\u2c7f"
    "\ua722-\ua7ff\uab30-\uab6f]"
)
_CYRILLIC = re.compile("[\u0400-\u052f\u1c80-\u1c8f]")
_STRESS = frozenset("\u0300\u0301")

_COMPOSING_JAMO = re.compile("[\u1161-\u1175\u11a8-\u11c2]")
_COMPOSING_LETTERS = frozenset("\U00016d63\U00016d67")
"""Kirat Rai has vowel signs of category Lo that compose (Unicode 16)."""
_MARKS_TOGETHER = 30
"""Marks on one letter that are put in order together: UAX 15, section 13, and sorting takes quadratic time."""

_ODD_WHITE_SPACE = "\t\x0b\x0c\r\x1c\x1d\x1e\x1f"
_GAP = re.compile("  +")


@dataclass(slots=True)
class _Edits:
    """Where folding changed lengths: stretches after it, and the stretches before it, in order."""

    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    from_starts: list[int] = field(default_factory=list)
    from_ends: list[int] = field(default_factory=list)

    def add(self, start: int, end: int, from_start: int, from_end: int) -> None:
        self.starts.append(start)
        self.ends.append(end)
        self.from_starts.append(from_start)
        self.from_ends.append(from_end)

    def back(self, start: int, end: int) -> tuple[int, int]:
        """Give the stretch before it that became start to end; one not empty."""
        i = bisect_right(self.starts, start)
        if i and start < self.ends[i - 1]:
            origin = self.from_starts[i - 1]
        else:
            origin = start + (self.from_ends[i - 1] - self.ends[i - 1] if i else 0)
        j = i if i == len(self.starts) or end <= self.starts[i] else bisect_left(self.starts, end)
        if not j:
            return origin, end
        return origin, self.from_ends[j - 1] + max(0, end - self.ends[j - 1])


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text that knows where each of its stretches stood in the original."""

    text: str
    _characters: _Edits | None
    _gaps: _Edits | None

    @property
    def is_aligned(self) -> bool:
        """Whether every character stands where it stood, and `origin` gives back what it is given."""
        return self._gaps is None and self._characters is None

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """Give the stretch of the original, in code points, that text[start:end] (not empty) was folded from.

        What folds together, as a letter and its accent do, is given whole.
        """
        if self._gaps is not None:
            start, end = self._gaps.back(start, end)
        if self._characters is not None:
            start, end = self._characters.back(start, end)
        return start, end


def fold(text: str) -> Folded:
    """Fold any text at all, in time proportional to its length. Lone surrogates become U+FFFD."""
    if text.isascii():
        spelled, characters = text.lower(), None
    else:
        spelled, characters = _fold_characters(text)
    spelled = spelled.replace("`", "'")
    for odd in _ODD_WHITE_SPACE:
        if odd in spelled:
            spelled = spelled.replace(odd, " ")
    spaced, gaps = _fold_gaps(spelled)
    return Folded(spaced, characters, gaps)


def fold_key(text: str) -> str:
    """Give one text for all texts that fold alike, however they are set in lines and paragraphs."""
    return fold(text).text.replace("  ", " ").strip(" ")


def _fold_characters(text: str) -> tuple[str, _Edits | None]:
    parts: list[str] = []
    edits = _Edits()
    at = shift = 0  # shift: how much longer the folded text is so far
    for found in _HARD.finditer(text):
        start, end = found.span()
        run = found[0]
        folded = _FOLDED_ALONE[run] if end - start == 1 else None
        if folded is not None and len(folded) == 1:
            parts += text[at:start], folded
        else:
            start = max(at, start - 1) if _extends(run[0]) or _is_removed(run[0]) else start
            parts.append(text[at:start])
            for first, last in _clusters(text, start, end):
                folded = _fold_cluster(text[first:last])
                parts.append(folded)
                if len(folded) != last - first:
                    edits.add(first + shift, first + shift + len(folded), first, last)
                    shift += len(folded) - (last - first)
        at = end
    parts.append(text[at:])
    return _fold_easy("".join(parts)), edits if edits.starts else None


def _fold_easy(text: str) -> str:
    text = text.casefold()
    for character, folded in _EASY_PAIRS:
        if character in text:
            text = text.replace(character, folded)
    return text


def _clusters(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Part a stretch into letters, each with what may compose with it; what is removed stands alone at an end."""
    first, last = start, start + 1  # last: the end of the cluster but for removed characters behind it
    for i in range(start + 1, end):
        if _extends(text[i]) and i - first <= _MARKS_TOGETHER:
            last = i + 1
        elif not _is_removed(text[i]) or i - first > _MARKS_TOGETHER:
            yield first, last
            if last < i:
                yield last, i
            first, last = i, i + 1
    yield first, last
    if last < end:
        yield last, end


@lru_cache(maxsize=16384)
def _fold_cluster(cluster: str) -> str:
    text = _alike(cluster)
    text = _without_accents(unicodedata.normalize("NFKC", text)).casefold()
    return "".join(_without_oddities(c) for c in _alike(text))


def _alike(text: str) -> str:
    return "".join(_ALIKE.get(c, c) for c in _REMOVED.sub("", text))


def _without_oddities(character: str) -> str:
    if character.isspace() and character != "\n":
        return " "
    return "\ufffd" if "\ud800" <= character <= "\udfff" else character


def _without_accents(text: str) -> str:
    kept: list[str] = []
    letter = ""
    for character in text:
        if unicodedata.combining(character) or unicodedata.category(character) == "Mn":
            if _LATIN_OR_GREEK.match(letter) or (character in _STRESS and _CYRILLIC.match(letter)):
                continue
        else:
            letter = character
            if _LATIN_OR_GREEK.match(character):
                character = unicodedata.normalize("NFD", character)[0]
        kept.append(character)
    return "".join(kept)


class _Alone(dict[str, str | None]):
    """What each character folds to where it stands alone; None: it goes with the one before it."""

    def __missing__(self, character: str) -> str | None:
        self[character] = None if _extends(character) else _fold_cluster(character)
        return self[character]


class _Extends(dict[str, bool]):
    """Whether a character may compose with the one before it."""

    def __missing__(self, character: str) -> bool:
        if "\ud800" <= character <= "\udfff":
            return False
        first = unicodedata.normalize("NFKC", character)[0]
        self[character] = (
            (unicodedata.category(first)[0] == "M" and not _REMOVED.match(first))
            or unicodedata.combining(first) != 0
            or _COMPOSING_JAMO.match(first) is not None
            or first in _COMPOSING_LETTERS
        )
        return self[character]


_EASY_PAIRS = tuple(
    (character, _fold_cluster(character))
    for character in map(chr, (*range(0xE0, 0x250), *range(0x3AC, 0x3CF), 0x451, *map(ord, "‘’“”–—")))
    if not _HARD.match(character) and character == character.casefold() != _fold_cluster(character)
)
"""What case folding leaves over of easy characters: a replacement of one that is absent costs next to nothing."""
_FOLDED_ALONE = _Alone()
_EXTENDS = _Extends()


def _extends(character: str) -> bool:
    return _EXTENDS[character]


def _is_removed(character: str) -> bool:
    return _REMOVED.match(character) is not None


def _fold_gaps(text: str) -> tuple[str, _Edits | None]:
    """Make runs of white space, spaces and line feeds by now, one space, or two where a blank line is."""
    flat = text.replace("\n", " ")
    if "   " not in flat and flat.count("  ") == text.count("\n\n"):
        return flat, None
    parts: list[str] = []
    edits = _Edits()
    at = shift = 0
    for gap in _GAP.finditer(flat):
        start, end = gap.span()
        width = 2 if text.count("\n", start, end) > 1 else 1
        if end - start != width:
            parts.append(flat[at : start + width])
            edits.add(start + shift, start + shift + width, start, end)
            shift += width - (end - start)
            at = end
    parts.append(flat[at:])
    return "".join(parts), edits
