"""Makes text out of bytes: tells which character set they are in. It must not look for meaning in the text.

What bytes are is better evidence than what is said of them. Text in any other set is as good as never valid as
UTF-8, nor nearly so: in single-byte sets it would have to part capital letters from signs, and in those of China,
Japan and Korea one character in ten is by chance. So a text is UTF-8 where at most a tenth of its characters
beyond ASCII do not fit, whatever it calls itself; and what does not fit is what slips into such texts, a dash, a
quotation mark or a name out of a windows-1252 or windows-1251 program.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable

NEARLY = 10
"""Of so many characters beyond ASCII one may be no part of a set, and the text is still in it."""

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
_WIDER = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "utf-8-sig": "utf-8",
}
"""What calls itself the first is the second, which has more characters (WHATWG Encoding, section 4.2)."""

_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_STRAY = re.compile("[\udc80-\udcff]+")  # what `surrogateescape` makes of a byte that is no UTF-8
_LATIN = "windows-1252"
_CYRILLIC = {name: "оеаинт".encode(name) for name in ("windows-1251", "koi8-u")}
"""The commonest letters: two fifths of a text in Russian, Ukrainian or Bulgarian."""
_WORDS = re.compile(rb"[\xc0-\xff]{3,}")
"""Letters of Cyrillic words; Latin ones have no three beyond ASCII together."""


def character_set(name: str | None) -> str | None:
    """Give Python's name of a character set; None for what names none, and for codecs that are none."""
    try:
        found = codecs.lookup((name or "").strip()).name
        "".encode(found).decode(found)
    except (LookupError, ValueError, AttributeError):
        return None
    if "escape" in found or found in _NO_CHARACTER_SETS:
        return None
    return _WIDER.get(found, found)


def charset_in(content_type: str) -> str | None:
    """Give the character set that a Content-Type names, as written; None: it names none."""
    found = _CHARSET.search(content_type)
    return found[1] if found else None


def marked_character_set(content: bytes) -> str | None:
    """Give the character set that a byte order mark tells; None: there is no mark."""
    return next((name for mark, name in _MARKS if content.startswith(mark)), None)


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


def decode(
    content: bytes, *, hint: str | None = None, declared: Iterable[str | None] = ()
) -> tuple[str, str | None]:
    """Make text of bytes: by the byte order mark, else the user's hint, else as they look, else as declared.

    `declared` are names of character sets, the most trusted first. Bytes that are no UTF-8, and not what they are
    declared as either, are windows-1252, or windows-1251 or KOI8 where their letters tell. What fits nothing
    becomes U+FFFD. Gives the text, and a doubt in words if there is one.
    """
    name = marked_character_set(content) or character_set(hint)
    if name != "utf-8" and (name := name or wide_character_set(content)):
        return _decode_as(name, content)
    try:
        return content.decode("utf-8"), None
    except UnicodeDecodeError:
        names = [name] if name else [found for each in declared if (found := character_set(each))]
        return _decode_damaged(content, names)


def _decode_as(name: str, content: bytes) -> tuple[str, str | None]:
    text = content.decode(name, "replace")
    if "\ufffd" in text:
        return text, f"some bytes are no {name}; they stand as \ufffd"
    return text, None


def _decode_damaged(content: bytes, declared: list[str]) -> tuple[str, str | None]:
    """Decode what is no UTF-8 to the last byte."""
    loose = content.decode("utf-8", "surrogateescape")
    strays = [found[0].encode("utf-8", "surrogateescape") for found in _STRAY.finditer(loose)]
    stray = sum(map(len, strays))
    whole = _beyond_ascii(loose) - stray
    if stray * NEARLY > whole:
        fitting = (_decode_as(name, content) for name in declared if name != "utf-8")
        for text, doubt in fitting:
            if text.count("\ufffd") * NEARLY <= _beyond_ascii(text):
                return text, doubt
    name = _look_of(b" ".join(strays))
    doubt = f"bytes that are no UTF-8 were read as {name}: {stray:,}"
    if name != _LATIN and stray > whole:
        return content.decode(name, "replace"), doubt
    text = _STRAY.sub(lambda found: _strays_as(name, found[0]), loose)
    return text, doubt if whole or declared or name != _LATIN else None


def _strays_as(name: str, run: str) -> str:
    return run.encode("utf-8", "surrogateescape").decode(name, "replace")


def _beyond_ascii(text: str) -> int:
    return len(text) - len(text.encode("ascii", "ignore"))


def _look_of(content: bytes) -> str:
    """Give the single-byte set that bytes look to be in."""
    high = len(content) - len(content.decode("ascii", "ignore"))
    if sum(map(len, _WORDS.findall(content))) * 2 > high:
        for name, common in _CYRILLIC.items():
            if sum(map(content.count, common)) * 3 >= high:
                return name
    return _LATIN
