"""Bytes become the text that was meant, and what is not certain of it is said."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.text.characters import clean
from monitor.core.text.decoding import character_set, charset_in, decode

RUSSIAN = "Министр обороны прилетел вечером; Пётр и Фёдор его встретили. "
UKRAINIAN = "Міністр прилетів увечері, його зустріли на летовищі. "


@pytest.mark.parametrize(
    ("content", "options", "text"),
    [
        (b"caf\xc3\xa9", {}, "café"),
        (b"caf\xe9 \x93yes\x94", {}, "café “yes”"),
        ("мир".encode("windows-1251"), {"hint": "windows-1251"}, "мир"),
        ("мир".encode("koi8-r"), {"declared": ["koi8-r"]}, "мир"),
        ("мир".encode("koi8-r"), {"declared": ["no such thing", None, "koi8-r"]}, "мир"),
        ("мир".encode("koi8-r"), {"hint": "koi8-r", "declared": ["utf-8"]}, "мир"),
        ("мир".encode("koi8-r"), {"declared": ["utf-8", "koi8-r"]}, "мир"),
        ("мир".encode("utf-16"), {}, "мир"),
        ("мир".encode("utf-16"), {"declared": ["utf-8"]}, "мир"),
        ("мир".encode("utf-16"), {"hint": "windows-1252"}, "мир"),
        (b"\xef\xbb\xbfcaf\xc3\xa9", {"hint": "utf-8"}, "café"),
        (b"\xef\xbb\xbfcaf\xc3\xa9", {"hint": "windows-1252"}, "café"),
        (RUSSIAN.encode(), {"declared": ["windows-1251"]}, RUSSIAN),
        ("北京和莫斯科 谈判".encode("gb18030"), {"declared": ["gb2312"]}, "北京和莫斯科 谈判"),
        ("plain words".encode("utf-16-le"), {}, "plain words"),
        ("plain words".encode("utf-16-be"), {}, "plain words"),
        (b"caf\xe9", {"hint": "punycode"}, "café"),
        (b"caf\xe9", {"declared": ["no such thing"]}, "café"),
        (b"\x93yes\x94", {"declared": ["iso-8859-1"]}, "“yes”"),
        (b"", {}, ""),
    ],
)
def test_bytes_are_read_as_they_were_written(content: bytes, options: dict[str, str], text: str) -> None:
    found, doubt = decode(content, **options)
    assert clean(found) == text
    assert doubt is None


@pytest.mark.parametrize(
    "options", [{}, {"declared": ["utf-8"]}, {"hint": "utf-8"}, {"declared": ["windows-1251"]}]
)
@pytest.mark.parametrize(
    ("stray", "read"),
    [(b"\x96", "–"), (b"\x97", "—"), (b"\x93\x94", "“”"), (b"caf\xe9", "café"), (b"\x81", "\ufffd")],
)
def test_a_stray_byte_spoils_nothing_around_it(
    stray: bytes, read: str, options: dict[str, list[str]]
) -> None:
    found, doubt = decode(RUSSIAN.encode() + stray + RUSSIAN.encode(), **options)
    assert found == RUSSIAN + read + RUSSIAN
    assert doubt is not None
    assert "bytes that are no UTF-8 were read as windows-1252" in doubt


def test_stray_bytes_are_read_among_other_peoples_letters_too() -> None:
    quotes = b"\x93Hello\x94, he said. " * 20
    found, doubt = decode(quotes + "café".encode(), declared=["utf-8"])
    assert found == "“Hello”, he said. " * 20 + "café"
    assert doubt == "bytes that are no UTF-8 were read as windows-1252: 40"


def test_text_that_ends_within_a_character_is_read_up_to_it() -> None:
    found, doubt = decode(RUSSIAN.strip().encode() + "и".encode()[:1])
    assert found.startswith(RUSSIAN.strip())
    assert doubt is not None


@pytest.mark.parametrize("text", [RUSSIAN, UKRAINIAN])
@pytest.mark.parametrize("name", ["windows-1251", "koi8-u"])
@pytest.mark.parametrize("options", [{}, {"declared": ["utf-8"]}, {"hint": "utf-8"}])
def test_cyrillic_letters_tell_their_set_where_nothing_does(
    text: str, name: str, options: dict[str, list[str]]
) -> None:
    found, doubt = decode(text.encode(name), **options)
    assert found == text
    assert doubt is not None
    assert name in doubt


def test_a_paragraph_in_another_set_is_read_within_utf_8() -> None:
    stray = "Погода сегодня хорошая."
    found, doubt = decode(RUSSIAN.encode() * 9 + stray.encode("windows-1251"), declared=["utf-8"])
    assert found == RUSSIAN * 9 + stray
    assert doubt is not None


@pytest.mark.parametrize(
    "text", ["Le général est allé à Liège, où l’été a été très gai.", "På søndag gikk våre båter på grunn."]
)
def test_latin_letters_are_no_cyrillic_ones(text: str) -> None:
    found, doubt = decode(text.encode("windows-1252"), declared=["utf-8"])
    assert found == text
    assert doubt is not None


@pytest.mark.parametrize("name", ["gb18030", "big5", "euc_kr", "shift_jis", "windows-1253"])
def test_one_bad_byte_does_not_make_another_set_of_one_that_is_declared(name: str) -> None:
    text = {"euc_kr": "국방장관이 만났다 ", "windows-1253": "Ο υπουργός έφτασε "}.get(name, "部長到達 ") * 20
    bad = {"shift_jis": b"\x81\x20", "windows-1253": b"\xd2"}.get(name, b"\xff")
    found, doubt = decode(text.encode(name) + bad, declared=["utf-8", name])
    assert found.rstrip() == text + "\ufffd"
    assert doubt is not None
    assert "\ufffd" in doubt


def test_what_is_nothing_of_what_it_is_declared_is_read_as_it_looks() -> None:
    found, doubt = decode(b"caf\xe9 \x93yes\x94 \x97", declared=["shift_jis"])
    assert found == "café “yes” —"
    assert doubt is not None


def test_bytes_that_do_not_fit_the_users_hint_are_a_doubt() -> None:
    text, doubt = decode(b"mir\x98", hint="windows-1251")
    assert text == "mir\ufffd"
    assert doubt == "some bytes are no cp1251; they stand as \ufffd"


@pytest.mark.parametrize(
    "name", ["punycode", "idna", "unicode_escape", "hex", "zlib", "rot13", "undefined", "", None]
)
def test_codecs_that_are_no_character_sets_are_none(name: str | None) -> None:
    assert character_set(name) is None


@pytest.mark.parametrize(
    ("content_type", "name"),
    [
        ("text/xml; charset=utf-8", "utf-8"),
        ('text/xml;Charset = "KOI8-R"; x=y', "KOI8-R"),
        ("text/xml", None),
        ("", None),
    ],
)
def test_a_content_type_names_a_character_set(content_type: str, name: str | None) -> None:
    assert charset_in(content_type) == name


@given(st.binary(max_size=200), st.sampled_from(["utf-8", "gb18030", "windows-1251", "utf-16", "x", None]))
def test_any_bytes_become_text_without_surrogates(content: bytes, name: str | None) -> None:
    for text, _ in (decode(content), decode(content, hint=name), decode(content, declared=[name])):
        text.encode()


@given(st.text(max_size=100).filter(lambda text: not text.startswith("\ufeff")))
def test_utf_8_is_always_read_as_such(text: str) -> None:
    if b"\0" not in text.encode():
        assert decode(text.encode(), declared=["windows-1251"]) == (text, None)


@pytest.mark.parametrize("unit", [b"\xff", b"\xd0", b"\xff\xd0\xbe", b"\xe2\x80a", b"\xf0\x9f"])
def test_hostile_bytes_take_no_time(unit: bytes) -> None:
    began = time.process_time()
    decode(unit * (4_000_000 // len(unit)), declared=["gb18030", "shift_jis"])
    assert time.process_time() - began < 8
