"""Makes text from outside fit for a terminal: nothing in it can move the cursor, colour, link or reorder the line.

It must keep the text readable in every script, and it knows nothing of what the text is.
"""

from __future__ import annotations

import re

from monitor.core.text.characters import UNSEEN

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufff9-\ufffb]")


def safe(text: str) -> str:
    """Give text with control characters as pictures (␛), without invisible ones; line feeds stay, tabs are spaces."""
    return UNSEEN.sub("", _CONTROL.sub(_picture, text.replace("\r\n", "\n").replace("\t", " ")))


def one_line(text: str) -> str:
    """Give the same on one line, every run of spaces as one."""
    return " ".join(safe(text).split())


def _picture(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return {0x7F: "␡", 0x85: "␤", 0x2028: "\n", 0x2029: "\n"}.get(code, "�")
