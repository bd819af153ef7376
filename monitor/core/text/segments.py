"""Says where the paragraphs and sentences of an article's text stand. It must not change or copy the text.

Offsets are code points of the text, end exclusive, without the white space around. Both functions take time
in proportion to the stretch, whatever it holds.
"""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_BLANK_LINES = re.compile(r"\n\s*\n")
_SENTENCE_END = re.compile(
    r"[.!?…؟۔।॥]++[\"'”’»›)\]]*+"  # counts where white space follows
    r"|[。！？｡]++[”’」』）〉》\"]*+"  # counts anywhere: these scripts put no space between sentences
    r"|\n(?=[-•*–—] )"  # an item of a list
)
_CJK_END = frozenset("。！？｡")
_WORD_BEFORE = re.compile(r"[^\s(\[\"'“‘«]*\Z")
_WORD_AFTER = re.compile(r"\s*[\"'“‘«‹(\[]*([^\s]*)")
_INITIALS = re.compile(r"(?:[^\W\d_]\.)*[^\W\d_]")

_NEVER_LAST = _words(
    """
    Mr Mrs Ms Dr Prof St Gen Lt Col Maj Capt Cmdr Adm Sgt Cpl Pvt Brig Gov Sen Rep Rev Hon Pres Sec Amb
    Msgr Messrs Mme Mlle Hr Fr Dra Sra Sr Srta vs cf al approx e.g i.e z.B d.h им ул гл ген см проф акад
    пл
    """
)
"""No sentence ends with these and goes on with a capital: a name comes next."""
_LAST_BEFORE_A_NEW_START = _words(
    """
    Inc Corp Ltd Co Bros Cos Jr Jan Feb Mar Apr Jun Jul Aug Sept Sep Oct Nov Dec Ala Ariz Ark Calif Colo
    Conn Del Fla Ga Ill Ind Kan Ky La Md Mass Mich Minn Miss Mo Mont Neb Nev Okla Ore Pa Tenn Tex Va Vt
    Wash Wis Wyo Mt Ft No Nos Art Nr Abs Mio Mrd г гг руб тыс млн млрд долл
    """
)
"""A sentence ends with these only where a word comes next that begins sentences."""
_STARTERS = _words(
    """
    The A An In On At It He She They We I You His Her Their Its This That These Those But And Or So If
    When While After Before As For From With Without There Here Then Both Some Many Most Last Earlier
    Since Under By To Der Die Das Ein Eine Im Am Er Sie Es Le La Les Un Une Il Elle El Los Las Una В На
    По Он Она Они Это Но И
    """
)
_MONTHS_AFTER_A_DAY = _words(
    """
    Januar Jänner Februar März April Mai Juni Juli August September Oktober November Dezember Jahrestag
    Jahrhundert
    """
)
"""German writes 27. Januar: that full stop makes the number an ordinal."""


def paragraphs(text: str, start: int, end: int) -> tuple[tuple[int, int], ...]:
    """Give the paragraphs of text[start:end]: what blank lines part."""
    spans: list[tuple[int, int]] = []
    at = start
    for gap in _BLANK_LINES.finditer(text, start, end):
        _append_trimmed(spans, text, at, gap.start())
        at = gap.end()
    _append_trimmed(spans, text, at, end)
    return tuple(spans)


def sentences(text: str, start: int, end: int) -> tuple[tuple[int, int], ...]:
    """Give the sentences of text[start:end]: none goes over a blank line.

    A full stop ends none after a title, an initial or an abbreviation that a name or number follows, nor
    before a lower-case letter. Where it stays unclear (`in the U.S. Officials said`) the sentence goes on:
    a match too many is seen by its reader, one too few by nobody.
    """
    spans: list[tuple[int, int]] = []
    for first, last in paragraphs(text, start, end):
        at = first
        for mark in _SENTENCE_END.finditer(text, first, last):
            if _ends_a_sentence(text, mark, last):
                _append_trimmed(spans, text, at, mark.end())
                at = mark.end()
        _append_trimmed(spans, text, at, last)
    return tuple(spans)


def _append_trimmed(spans: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        spans.append((start, end))


def _ends_a_sentence(text: str, mark: re.Match[str], end: int) -> bool:
    sign = mark[0][0]
    if sign in _CJK_END or sign == "\n" or mark.end() >= end:
        return True
    if not text[mark.end()].isspace():
        return False
    following = _WORD_AFTER.match(text, mark.end(), min(end, mark.end() + 60))
    word = following[1] if following else ""
    if word[:1].islower():
        return False
    return mark[0] != "." or not _is_abbreviation(text, mark.start(), word)


def _is_abbreviation(text: str, stop: int, following: str) -> bool:
    before = _WORD_BEFORE.search(text[max(0, stop - 24) : stop])
    word = before[0] if before else ""
    bare = following.rstrip(",.;:!?\"'”’»)")
    if word in _NEVER_LAST:
        return True
    if _INITIALS.fullmatch(word) or word in _LAST_BEFORE_A_NEW_START:
        return bare not in _STARTERS
    return word.isdecimal() and len(word) <= 2 and bare in _MONTHS_AFTER_A_DAY
