"""Makes text from outside fit for a terminal: nothing in it can move the cursor, colour, link or reorder the line.

It must keep the text readable in every script, and it knows nothing of what the text is.
"""

from __future__ import annotations

import re

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufff9-\ufffb]")
# Directions, invisible marks and tags; the joiners U+200C and U+200D are letters' business in Persian and Hindi.
_INVISIBLE = re.compile(
    "[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]"
)


def safe(text: str) -> str:
    """Give text with control characters as pictures (␛), without invisible ones; line feeds stay, tabs are spaces."""
    return _INVISIBLE.sub("", _CONTROL.sub(_picture, text.replace("\r\n", "\n").replace("\t", " ")))


def one_line(text: str) -> str:
    """Give the same on one line, every run of spaces as one."""
    return " ".join(safe(text).split())


def _picture(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return {0x7F: "␡", 0x85: "␤", 0x2028: "\n", 0x2029: "\n"}.get(code, "�")
