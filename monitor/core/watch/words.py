"""Says where words begin and end in folded text, in any script. It must not know what is looked for.

A word is a run of letters, digits, underscores and the marks on them. Han, kana, bopomofo, Thai, Lao, Myanmar and
Khmer part no words, so a term may begin or end anywhere beside or inside a text of theirs, but never between a
letter and its marks. Korean words carry particles behind them: a term in Hangul, or before Hangul, ends anywhere.
A number is one word with its points and commas: 10 does not stand in 3.10, nor 3.10 in 3.10.2.
"""

from __future__ import annotations

import re
import unicodedata

APART, POINT, WORD, MARK, HANGUL, SPACELESS, SPACELESS_MARK = range(7)
"""What a character is to the words around it. Apart: never in a word. A point, or comma, is inside a number if
digits stand on both sides."""

_SPACELESS = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u19e0-\u19ff\u2e80-\u2fdf\u3005-\u3007\u3021-\u302f\u3031-\u3035\u303b"
    "\u3041-\u3096\u3099-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3105-\u312f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\ua9e0-\ua9fe\uaa60-\uaa7f\uf900-\ufaff\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
_IN_SPACELESS = re.compile(f"[{_SPACELESS}]")
_IN_HANGUL = re.compile("[\u1100-\u11ff\u3131-\u318e\ua960-\ua97c\uac00-\ud7fb]")
_COUNTED = re.compile(f"[{_SPACELESS}]|[^\\s{_SPACELESS}]+")


class _Kinds(dict[str, int]):
    def __missing__(self, character: str) -> int:
        kind = self[character] = _kind(character)
        return kind


KINDS = _Kinds()
"""Every character's kind, each worked out when first asked for."""


def _kind(character: str) -> int:
    spaceless = _IN_SPACELESS.match(character)
    if unicodedata.category(character)[0] == "M":
        return SPACELESS_MARK if spaceless else MARK
    if not (character.isalnum() or character == "_"):
        return POINT if character in ".," else APART
    if spaceless:
        return SPACELESS
    return HANGUL if _IN_HANGUL.match(character) else WORD


def stands_alone(text: str, start: int, end: int) -> bool:
    """Whether text[start:end] of a folded text (not empty) is whole words there."""
    before = KINDS[text[start - 1]] if start else APART
    after = KINDS[text[end]] if end < len(text) else APART
    if not before and not after:
        return True
    return _may_begin(text, start, before) and _may_end(text, end, after)


def _may_begin(text: str, start: int, before: int) -> bool:
    if before == POINT:
        return not (start > 1 and text[start].isdecimal() and text[start - 2].isdecimal())
    return not before or before >= SPACELESS or KINDS[text[start]] == SPACELESS


def _may_end(text: str, end: int, after: int) -> bool:
    if after == POINT:
        return not (text[end - 1].isdecimal() and end + 1 < len(text) and text[end + 1].isdecimal())
    return not after or after in (SPACELESS, HANGUL) or (after == WORD and KINDS[text[end - 1]] >= HANGUL)


def word_starts(text: str, start: int, end: int) -> list[int]:
    """Give where each word of text[start:end] begins, as people count words: what white space parts.

    Dashes and other signs on their own are none; a character of a script without spaces is one each.
    """
    return [word.start() for word in _COUNTED.finditer(text, start, end) if any(map(str.isalnum, word[0]))]
