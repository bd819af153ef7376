r"""Writes file names as safe text, one text for each name and back again. It touches no file.

A name is any bytes but `/` and NUL. Bytes that are no UTF-8 become `\xNN`, characters that could mislead a
screen `\uNNNN`, a backslash two; every other name stays as it is.
"""

from __future__ import annotations

import os
import re
import unicodedata

_HIDDEN = frozenset({"Cc", "Cs", "Zl", "Zp"})
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
_ESCAPE = re.compile(r"\\(\\|x[0-9a-f]{2}|u[0-9a-f]{4})")


def shown(name: str) -> str:
    """Give a name, as the system's calls give it (undecodable bytes as lone surrogates), as safe text."""
    if name.isascii() and name.isprintable() and "\\" not in name:
        return name
    return "".join(_shown(c) for c in name)


def raw(text: str) -> str:
    """Give the name that `shown` made this text of."""
    return _ESCAPE.sub(_raw, text)


def shown_path(path: str | os.PathLike[str]) -> str:
    """Give a whole path as safe text."""
    return shown(os.fspath(path))


def _shown(character: str) -> str:
    if character == "\\":
        return "\\\\"
    if "\udc80" <= character <= "\udcff":
        return f"\\x{ord(character) - 0xDC00:02x}"
    if unicodedata.category(character) in _HIDDEN or character in _BIDI:
        return f"\\u{ord(character):04x}"
    return character


def _raw(escape: re.Match[str]) -> str:
    code = escape[1]
    if code == "\\":
        return code
    return chr(int(code[1:], 16) + (0xDC00 if code[0] == "x" else 0))
