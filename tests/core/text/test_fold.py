"""Texts that readers take for the same fold alike, letters of their own stay, and no offset is ever lost."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.text import fold as folding
from monitor.core.text.fold import fold, fold_key

ALIKE = {
    "letter case": ("PUTIN", "Putin"),
    "sharp s": ("Straße", "STRASSE"),
    "the capital sharp s": ("GROẞE", "grosse"),
    "ligatures": ("ﬁnance oﬃce", "finance office"),
    "full width": ("ＮＡＴＯ　２０２６", "nato 2026"),
    "half-width kana with its voicing mark": ("ｶﾞｻﾞ", "ガザ"),
    "final sigma": ("ΟΔΥΣΣΕΥΣ", "Οδυσσευς"),
    "Greek accents": ("Κυριάκος Μητσοτάκης", "κυριακοσ μητσοτακησ"),
    "polytonic Greek": ("τῷ Ἀγαθῷ", "τω αγαθω"),
    "Turkish dotted capital": ("İstanbul", "istanbul"),
    "Turkish dotless i": ("Diyarbakır IRAK", "diyarbakir irak"),
    "Latin accents": ("Erdoğan Škoda Ñandú Çelik", "erdogan skoda nandu celik"),
    "Vietnamese": ("Nguyễn Phú Trọng", "nguyen phu trong"),
    "Polish and Danish strokes": ("Wałęsa Søren Đinđić", "walesa soren dindic"),
    "written ligatures": ("Æsop œuvre", "aesop oeuvre"),
    "accents typed as marks": ("Ne\u0301met u\u0308ber", "nemet uber"),
    "io": ("Королёв", "королев"),
    "stress marks": ("Белоу\u0301сов", "белоусов"),
    "Arabic points and tatweel": ("مُحَمَّد محـــمد", "محمد محمد"),
    "Hebrew points": ("שָׁלוֹם", "שלום"),
    "Hebrew maqaf and geresh": ("תל־אביב ג׳ון", "תל-אביב ג'ון"),
    "apostrophes": ("O’Brien O‘Brien Oʼbrien O´Brien O`Brien O＇Brien O′Brien", "o'brien " * 7),
    "quotation marks": ("“a” „b‟ «c» ＂d＂", '"a" "b" "c" "d"'),
    "dashes": ("Asia\u2010Pacific\u2011a\u2013b\u2014c\u2212d", "asia-pacific-a-b-c-d"),
    "middle dots": ("安德烈・别洛 安德烈·别洛 安德烈‧别洛", "安德烈·别洛 安德烈·别洛 安德烈·别洛"),
    "soft hyphens": ("Belo\u00adusov", "belousov"),
    "zero-width characters": ("Be\u200blo\u200cu\u200dso\u2060v\ufeff", "belousov"),
    "bidirectional controls": ("\u202eBelousov\u202c \u2067x\u2069 \u061cy", "belousov x y"),
    "variation selectors": ("葛\U000e0100城 ☎\ufe0f", "葛城 ☎"),
    "joiners between a letter and its mark": ("Ne\u200d\u0301met и\u200c\u0306од", "nemet йод"),
    "trade marks": ("Windows™", "windows"),
    "ellipsis": ("wait…", "wait..."),
    "line breaks and tabs": (
        "Andrey\n\t Belousov\u00a0said\u2003so\rand\u2028on",
        "andrey belousov said so and on",
    ),
}


@pytest.mark.parametrize(("one", "other"), ALIKE.values(), ids=ALIKE.keys())
def test_folds_alike(one: str, other: str) -> None:
    assert fold_key(one) == fold_key(other)


@pytest.mark.parametrize(("one", "other"), ALIKE.values(), ids=ALIKE.keys())
def test_folds_to_what_is_written_plainly(one: str, other: str) -> None:
    assert fold_key(one) == " ".join(other.casefold().split())


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
@pytest.mark.parametrize(
    "text", ["Йовович Їжак", "ガザ が", "한국어", "हिन्दी ज़मीन", "Ελλάδα", "Čačak", "ไทย น้ำ", "бой"]
)
def test_composed_and_decomposed_text_fold_alike(text: str, form: str) -> None:
    assert fold_key(unicodedata.normalize(form, text)) == fold_key(text)


@pytest.mark.parametrize(
    ("kept", "lost"),
    [
        ("Йовович", "Иовович"),
        ("Їжак", "Іжак"),
        ("ў", "у"),
        ("ガ", "カ"),
        ("パ", "ハ"),
        ("हिन्दी", "हनद"),
        ("हिन्दी", "हिनदी"),
        ("ज़", "ज"),
        ("น้ำ", "นำ"),
        ("มา", "ม"),
        ("أمن", "امن"),
        ("þing", "ping"),
        ("re-sign", "resign"),
        ("a b", "ab"),
        ("10", "1 0"),
    ],
)
def test_letters_of_their_own_stay(kept: str, lost: str) -> None:
    assert fold_key(kept) != fold_key(lost)


def test_a_blank_line_is_two_spaces_and_any_other_white_space_one() -> None:
    assert fold("a\n\n b").text == "a  b"
    assert fold("a \n\nb\n\n\nc").text == "a  b  c"
    assert fold("a\nb \n c\n\nd\n \t\n\n  e  f\u2029g").text == "a b c  d  e f  g"


def test_a_space_that_holds_only_a_removed_character_is_no_blank_line() -> None:
    assert fold("a \u200b b").text == "a b"


def test_hyphenation_at_the_end_of_a_line_stays() -> None:
    assert fold("Belou-\nsov").text == "belou- sov"


def test_the_key_of_a_text_does_not_depend_on_its_lines_and_paragraphs() -> None:
    assert fold_key("  One\ntwo.\n\nThree ") == fold_key("One two. Three")


def test_lone_surrogates_become_replacement_characters() -> None:
    assert fold("a\ud800b\udfff").text == "a\ufffdb\ufffd"


@pytest.mark.parametrize(
    ("text", "found", "quoted"),
    [
        ("die Straße hier", "strasse", "Straße"),
        ("die STRAßE hier", "hier", "hier"),
        ("ein \ufb01nales Wort", "finales", "\ufb01nales"),
        ("a\n\n \tBelo\u00adusov\u200b said", "belousov", "Belo\u00adusov"),
        ("\u202eBelousov\u202c said", "belousov", "Belousov"),
        ("\u200b\u200bx \u200by", "y", "y"),
        ("Ne\u0301met", "nemet", "Ne\u0301met"),
        ("12½ mln", "mln", "mln"),
        ("ｶﾞｻﾞ地区", "ガザ", "ｶﾞｻﾞ"),
        ("мой Белоу\u0301сов", "белоусов", "Белоу\u0301сов"),
        ("Andrey\n     Belousov", "andrey belousov", "Andrey\n     Belousov"),
        ("İİİ ANKARA", "ankara", "ANKARA"),
        ("…… …end", "end", "end"),
        ("ﷺ محمد", "محمد", None),
    ],
)
def test_a_folded_stretch_leads_back_to_what_stood_there(text: str, found: str, quoted: str | None) -> None:
    folded = fold(text)
    at = folded.text.rindex(found)
    start, end = folded.origin(at, at + len(found))
    assert text[start:end] == (found if quoted is None else quoted)


odd_text = st.text(
    st.one_of(
        st.characters(codec=None),
        st.sampled_from(
            "aeiouAZßﬁİıΣς \n\t\r\u00a0\u00ad\u200b\u200d\u0301\u0308\u0323\u0345ёЁйиガｶﾞ한ᄒ\u1161\u11ab’—…½\ud800"
        ),
    ),
    max_size=40,
)


@given(odd_text)
def test_folding_never_loses_an_offset(text: str) -> None:
    folded = fold(text)
    before = (0, 0)
    for i in range(len(folded.text)):
        start, end = folded.origin(i, i + 1)
        assert 0 <= start < end <= len(text)
        assert start >= before[0]
        assert end >= before[1]
        before = (start, end)


@given(odd_text, st.integers(0, 60), st.integers(1, 60))
def test_a_stretch_begins_where_its_first_character_does_and_ends_where_its_last_does(
    text: str, start: int, length: int
) -> None:
    folded = fold(text)
    end = min(len(folded.text), start + length)
    if start < end:
        first, last = folded.origin(start, start + 1), folded.origin(end - 1, end)
        assert folded.origin(start, end) == (first[0], last[1])


@given(odd_text)
def test_what_is_quoted_folds_to_what_was_found(text: str) -> None:
    folded = fold(text)
    start, end = folded.origin(0, len(folded.text)) if folded.text else (0, 0)
    assert fold_key(text[start:end]) == fold_key(text)


@given(odd_text)
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold_key(fold_key(text)) == fold_key(text)


@given(odd_text)
def test_text_of_the_fast_way_folds_as_its_characters_do(text: str) -> None:
    easy = "".join(c for c in text if not folding._HARD.match(c))
    apart = "".join(folding._fold_cluster(c) for c in easy)
    assert fold(easy).text == fold(apart).text


def test_easy_characters_fold_one_to_one_whatever_stands_beside_them() -> None:
    seconds = {
        parts[-1]
        for c in map(chr, range(0x110000))
        if len(parts := unicodedata.normalize("NFD", c)) > 1 and unicodedata.normalize("NFC", parts) == c
    }
    for character in map(chr, range(0x110000)):
        if folding._HARD.match(character) or character in folding._ODD_WHITE_SPACE + "\n`":
            continue
        folded = folding._fold_cluster(character)
        assert len(folded) == 1, hex(ord(character))
        assert folded == folding._fold_easy(character), hex(ord(character))
        assert unicodedata.combining(character) == 0, hex(ord(character))
        assert character not in seconds, hex(ord(character))


def test_whatever_composes_with_the_letter_before_it_is_known_to() -> None:
    for character in map(chr, range(0x110000)):
        parts = unicodedata.normalize("NFD", character)
        if len(parts) > 1 and unicodedata.normalize("NFC", parts) == character:
            assert all(folding._extends(part) for part in parts[1:]), hex(ord(character))


@pytest.mark.parametrize(
    "text",
    [
        "a" * 1_000_000,
        "a" + "\u0315\u0300" * 100_000,
        "и\u0306" * 100_000,
        "\u200b" * 300_000,
        "e\u200d" * 100_000,
        " \n" * 500_000,
        "\u202e\ud800" * 100_000,
        "ﷺ" * 100_000,
        "ᄀ\u1161" * 100_000,
    ],
    ids=[
        "one token",
        "marks",
        "short i",
        "zero width",
        "joiners",
        "white space",
        "surrogates",
        "salaams",
        "jamo",
    ],
)
def test_a_flood_folds_in_time_proportional_to_its_length(text: str) -> None:
    started = time.process_time()
    folded = fold(text)
    if folded.text:
        assert folded.origin(len(folded.text) - 1, len(folded.text))[1] <= len(text)
    assert time.process_time() - started < 5
