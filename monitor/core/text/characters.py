"""Makes stored text out of text. It must not look for meaning in it, nor read bytes: `decoding` does.

Stored text is NFC with line feeds only; NULs, other controls, byte order marks and lone surrogates are gone.
Zero-width and bidirectional characters stay: Arabic, Hebrew and Indic copy needs them, the finder looks through
them, and each channel makes them harmless in its own way.
"""

from __future__ import annotations

import re
import unicodedata

_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_NEVER_TEXT = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff]")
_SURROGATES = re.compile("[\ud800-\udfff]")

UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff\ud800-\udfff]"
)
"""What hides, reorders or fills: soft hyphens, zero-width and filler characters, directions, tags, halves of pairs.

Not the joiners U+200C and U+200D, which Persian, Hindi and families of emoji are written with.
"""

_MARKS_TOGETHER = 30
"""UAX 15, section 13: no language sets more marks on a letter."""
_COMBINING = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0730-\u074a"
    "\u07eb-\u07f3\u0816-\u082d\u08ca-\u08ff\u0f71-\u0f84\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20f0\u2de0-\u2dff"
    "\u302a-\u302f\u3099\u309a\ua66f-\ua67d\ua8e0-\ua8f1\ufe20-\ufe2f"
)
_FLOOD_OF_MARKS = re.compile(f"([{_COMBINING}]{{{_MARKS_TOGETHER}}})[{_COMBINING}]+")


def clean(text: str) -> str:
    """Give text as it is stored."""
    if text.replace("\n", "").isprintable():  # most is, and has nothing to take out then
        return text if text.isascii() else _normal(text)
    text = _NEVER_TEXT.sub("", _LINE_ENDS.sub("\n", text))
    return _normal(_SURROGATES.sub("\ufffd", text))


def _normal(text: str) -> str:
    """Give text in NFC; floods of marks are cut first, which sorting would take quadratic time for."""
    return unicodedata.normalize("NFC", _FLOOD_OF_MARKS.sub(r"\1", text))


def is_seen(char: str) -> bool:
    """Whether a reader sees a character, or the space that it makes."""
    return (char.isprintable() or unicodedata.category(char) == "Zs") and not UNSEEN.match(char)


def one_line(text: str) -> str:
    """Give text as it is stored, with every run of white space made one space."""
    return " ".join(clean(text).split())
