"""Bytes become the text that was meant, and stored text is clean."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.text.characters import character_set, clean, decode, one_line


@pytest.mark.parametrize(
    ("content", "options", "text"),
    [
        (b"caf\xc3\xa9", {}, "café"),
        (b"caf\xe9 \x93yes\x94", {}, "café “yes”"),
        ("мир".encode("windows-1251"), {"hint": "windows-1251"}, "мир"),
        ("мир".encode("koi8-r"), {"declared": "koi8-r"}, "мир"),
        ("мир".encode("koi8-r"), {"hint": "koi8-r", "declared": "utf-8"}, "мир"),
        ("мир".encode("utf-16"), {}, "мир"),
        ("мир".encode("utf-16"), {"declared": "utf-8"}, "мир"),
        (b"\xef\xbb\xbfcaf\xc3\xa9", {"hint": "utf-8"}, "café"),
        ("plain words".encode("utf-16-le"), {}, "plain words"),
        ("plain words".encode("utf-16-be"), {}, "plain words"),
        (b"caf\xe9", {"hint": "punycode"}, "café"),
        (b"caf\xe9", {"declared": "no such thing"}, "café"),
        (b"\x93yes\x94", {"declared": "iso-8859-1"}, "“yes”"),
        (b"", {}, ""),
    ],
)
def test_bytes_are_read_as_they_were_written(content: bytes, options: dict[str, str], text: str) -> None:
    found, doubt = decode(content, **options)
    assert clean(found) == text
    assert doubt is None


def test_bytes_that_do_not_fit_are_a_doubt() -> None:
    text, doubt = decode(b"caf\xe9", hint="utf-8")
    assert text == "caf\ufffd"
    assert doubt is not None
    assert "utf-8" in doubt


@pytest.mark.parametrize(
    "name", ["punycode", "idna", "unicode_escape", "hex", "zlib", "rot13", "undefined", "", None]
)
def test_codecs_that_are_no_character_sets_are_none(name: str | None) -> None:
    assert character_set(name) is None


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("a\r\nb\rc\x85d\u2028e", "a\nb\nc\nd\ne"),
        ("a\x00b\x1bc\x7fd\x9fe\ufefff", "abcdef"),
        ("e\u0301", "é"),
        ("a\ud800b", "a\ufffdb"),
        ("a\u200db\u202ec\u00ad", "a\u200db\u202ec\u00ad"),
    ],
)
def test_stored_text_is_clean(text: str, stored: str) -> None:
    assert clean(text) == stored


@given(st.text(alphabet=st.characters()))
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert not set(map(chr, [*range(9), *range(11, 32)])) & set(once)


def test_one_line_is_one_line() -> None:
    assert one_line(" a\t b\r\n\nc\x00 ") == "a b c"


def test_a_flood_of_marks_is_cut_and_takes_no_time() -> None:
    flood = "e" + "\u0327\u0301" * 100_000
    began = time.perf_counter()
    assert len(clean(flood)) <= 31
    assert time.perf_counter() - began < 1
