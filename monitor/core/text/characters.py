"""Makes text out of bytes, and stored text out of text. It must not look for meaning in either.

Stored text is NFC with line feeds only; NULs, other controls, byte order marks and lone surrogates are gone.
Zero-width and bidirectional characters stay: Arabic, Hebrew and Indic copy needs them, the finder looks through
them, and each channel makes them harmless in its own way.
"""

from __future__ import annotations

import codecs
import re
import unicodedata

_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_NEVER_TEXT = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff]")
_SURROGATES = re.compile("[\ud800-\udfff]")

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WIDE_XML = (
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
    (b"<\0?\0", "utf-16-le"),
    (b"\0<\0?", "utf-16-be"),
)
_NO_CHARACTER_SETS = frozenset({"idna", "mbcs", "oem", "punycode", "undefined", "utf-7"})
"""Codecs of Python that make text of bytes and yet are no character set that text is kept in."""
_LATIN = frozenset({"latin-1", "iso8859-1", "ascii"})
"""What calls itself one of these is windows-1252 (WHATWG Encoding, section 4.2)."""


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


def one_line(text: str) -> str:
    """Give text as it is stored, with every run of white space made one space."""
    return " ".join(clean(text).split())


def character_set(name: str | None) -> str | None:
    """Give Python's name of a character set; None for what names none, and for codecs that are none."""
    try:
        found = codecs.lookup((name or "").strip()).name
        "".encode(found).decode(found)
    except (LookupError, ValueError, AttributeError):
        return None
    if "escape" in found or found in _NO_CHARACTER_SETS:
        return None
    return "cp1252" if found in _LATIN else found


def marked_character_set(content: bytes) -> str | None:
    """Give the character set that a byte order mark tells; None: there is no mark."""
    return next((name for mark, name in _MARKS if content.startswith(mark)), None)


def decode(content: bytes, *, hint: str | None = None, declared: str | None = None) -> tuple[str, str | None]:
    """Make text of bytes: by the user's hint, else the byte order mark, else as declared, else as they look.

    Undeclared bytes are UTF-16 or UTF-32 where their zeros say so, UTF-8 where they are valid as that, else
    windows-1252. What does not fit becomes U+FFFD. Gives the text, and a doubt in words if there is one.
    """
    marked = marked_character_set(content)
    for name in (character_set(hint), marked, character_set(declared)):
        if name:
            return _decode_as(content, marked if marked and name.startswith("utf") else name)
    if wide := wide_character_set(content):
        return _decode_as(content, wide)
    try:
        return content.decode("utf-8"), None
    except UnicodeDecodeError:
        return _decode_as(content, "cp1252")


def wide_character_set(content: bytes) -> str | None:
    """Give UTF-16 or UTF-32 where bytes without a mark are XML (its appendix F) or mostly Latin text in it."""
    for start, name in _WIDE_XML:
        if content.startswith(start):
            return name
    head = content[:1024]
    half = len(head) // 2
    if half < 4:
        return None
    zeros = head[0::2].count(0), head[1::2].count(0)
    if zeros[1] > 0.7 * half and zeros[0] < 0.1 * half:
        return "utf-16-le"
    return "utf-16-be" if zeros[0] > 0.7 * half and zeros[1] < 0.1 * half else None


def _decode_as(content: bytes, name: str) -> tuple[str, str | None]:
    text = content.decode(name, "replace")
    if "\ufffd" in text:
        return text, f"some bytes are no {name}; they stand as \ufffd"
    return text, None
