"""Characters that come along from web pages and word processors and look like those of YAML: told by name. Pure."""

from __future__ import annotations

import re
from collections.abc import Container

from monitor.config.problems import quote

_OPENING = "“”„‟＂"
_CURLY = _OPENING + "‘’‚‛′″"
_BULLET = re.compile(r"\s*([–—−‐‑•·‣▪◦●○∙⁃*+])\s+(\S.*)")
_SPACES = {"\u00a0": "a no-break space", "\u3000": "a wide space", "\u202f": "a narrow space"}
_SPACE = re.compile(
    r"[ \t]*(?:-[ \t]*|(?:- +)?([a-z_]+):[ \t]*)?([\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000])"
)
"""An odd space where YAML wants an ordinary one: at the beginning, behind a dash, behind a key's colon."""
_WIDE_COLON = re.compile(r"[ \t]*(?:- +)?([a-z_]+)\s*([：﹕︓])")


def curly_quotes(text: str) -> str | None:
    """Say that a plain text stands in a word processor's curly quotes; None where it does not."""
    first, last = text[:1], text[-1:]
    alone = len(text) > 1 and last in _CURLY
    if first in _OPENING and text and (alone or not any(c in _CURLY for c in text[1:])):
        return _curly(text)
    if first in ("‘", "‚", "‛") and alone:
        return _curly(text)
    return None


def _curly(text: str) -> str:
    bare = quote(text.strip(_CURLY), most=40)
    return (
        f'`{quote(text, most=40)}` stands in curly quotes, which YAML takes for letters: type "{bare}" with straight '
        "quotes, or no quotes at all"
    )


def bullet(text: str) -> str | None:
    """Say that a bullet or a long dash stands before an entry; None where none does."""
    if found := _BULLET.match(text):
        mark, rest = found.group(1), quote(found.group(2).strip(), most=40)
        return (
            f"`{mark}` makes no entry of a list: type `- {rest}`, with the dash of the keyboard and a space"
        )
    return None


def odd_space(line: str, keys: Container[str]) -> tuple[int, str] | None:
    """Find an odd space where YAML wants an ordinary one: its position in the line, and what to do; None: none."""
    found = _SPACE.match(line)
    if found and (found.group(1) is None or found.group(1) in keys):
        space = found.group(2)
        named = f"{_SPACES.get(space, 'an odd space')} (U+{ord(space):04X})"
        return found.start(
            2
        ), f"{named} stands here, which YAML takes for a letter: type an ordinary space instead"
    return None


def wide_colon(text: str, keys: Container[str]) -> str | None:
    """Say that a colon of East Asian width stands behind a key; None where none does."""
    if (found := _WIDE_COLON.match(text)) and found.group(1) in keys:
        return f"`{found.group(2)}` behind `{found.group(1)}` is a wide colon: type `{found.group(1)}:` and a space"
    return None
