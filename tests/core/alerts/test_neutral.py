"""Text from outside cannot hide, reorder, link, mention or format, wherever it is shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.alerts.neutral import (
    cut,
    for_chat,
    for_html,
    for_mail,
    for_subject,
    for_terminal,
    line,
    own_link,
    plainest,
)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("two\r\nlines\u2028and\u2029more", "two lines and more"),
        ("\x1b[31mred\x07\x00", "[31mred"),
        ("safe\u202egnp.exe", "safegnp.exe"),
        ("pay\u200bpal\ufeff\u00ad", "paypal"),
        ("half \ud83d of a pair", "half  of a pair"),
        ("a\U000e0041tag", "atag"),
        ("  spaces \t around ", "spaces around"),
        ("z" + "\u0301" * 40, "z" + "\u0301" * 4),
    ],
)
def test_a_line_holds_nothing_that_hides_reorders_or_controls(given: str, shown: str) -> None:
    assert line(given) == shown


@pytest.mark.parametrize("word", ["क्\u200dष", "می\u200cخواهم", "👩\u200d🚀"])
def test_joiners_stay_where_a_script_or_a_sign_needs_them(word: str) -> None:
    assert line(word) == word


def test_joiners_between_latin_letters_go() -> None:
    assert line("bank\u200d.exa\u200cmple") == "bank.example"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("see https://evil.example/x now", "see https[:]//evil[.]example/x now"),
        ("www.evil.example", "www[.]evil[.]example"),
        ("JavaScript:alert(1)", "JavaScript[:]alert(1)"),
        ("mailto:a@evil.example", "mailto[:]a@evil[.]example"),
        ("tg://resolve?domain=x", "tg[:]//resolve?domain=x"),
        ("=?utf-8?q?=0D=0A?=", "= ?utf-8?q?=0D=0A?="),
        ("пример.рф", "пример[.]рф"),
    ],
)
def test_nothing_in_a_mail_becomes_a_link_by_itself(given: str, shown: str) -> None:
    assert for_mail(given) == shown


@pytest.mark.parametrize(
    "name", ["0127.txt", "china-russia.yaml:6", "U.S. officials", "3.10", "end. Next", "talks: the Kremlin"]
)
def test_file_names_numbers_and_sentences_stay_as_they_are(name: str) -> None:
    assert for_mail(name) == name


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("P.Chidambaram and M.K.Stalin", "P. Chidambaram and M.K. Stalin"),
        ("(M.K.Stalin)", "(M.K. Stalin)"),
        ("М.К.Сталин", "М.К. Сталин"),
        ("X.Com/login", "X. Com/login"),
        ("x.Com", "x[.]Com"),
        ("X.com", "X[.]com"),
        ("evil.X.Com", "evil.X[.]Com"),
        ("a@X.Com", "a@X[.]Com"),
        ("//X.Com", "//X[.]Com"),
        ("A.B.C.D.E.F.G.Com", "A.B.C.D.E.F.G[.]Com"),
        ("-X.Com", "-X[.]Com"),
    ],
)
def test_behind_initials_a_name_stands_apart_and_a_domain_is_none(given: str, shown: str) -> None:
    assert for_mail(given) == shown


def test_a_subject_is_one_line_without_encoded_words() -> None:
    assert for_subject("a\r\nBcc: b@c.example =?utf-8?q?=0D?=") == "a Bcc: b@c.example = ?utf-8?q?=0D?="


def test_a_domain_that_begins_like_a_file_is_no_file() -> None:
    assert for_mail("evil.html.example") == "evil[.]html[.]example"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("@everyone @here", "＠everyone ＠here"),
        ("<!channel> <@U1> <#C1>", "‹!channel› ‹＠U1› ‹＃C1›"),
        ("[good](evil)", "[good] (evil)"),
        ("**bold** _it_ ~no~ `code` ||spoiler||", "∗∗bold∗∗ ＿it＿ ∼no∼ ˋcodeˋ ǀǀspoilerǀǀ"),
        ("R&D \\u0040all", "R＆D ＼u0040all"),
    ],
)
def test_nothing_in_a_chat_mentions_links_or_formats(given: str, shown: str) -> None:
    assert for_chat(given) == shown


def test_html_is_escaped() -> None:
    assert for_html("<script>\"x\" & 'y'") == "&lt;script&gt;&quot;x&quot; &amp; &#x27;y&#x27;"


@given(st.text())
def test_whatever_comes_a_terminal_gets_no_control_character(text: str) -> None:
    assert not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 for c in for_terminal(text))


@given(st.text(alphabet="@<>[]()*_~`|\\&#!:/.abc\u202e\u200b\n"))
def test_whatever_comes_a_chat_gets_no_sign_that_means_something(text: str) -> None:
    shown = for_chat(text)
    assert not set(shown) & set("@<>*_~`|\\&#\n\u202e\u200b")
    assert "](" not in shown
    assert "://" not in shown


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://news.example/a?b=1&c=2#frag", "https://news.example/a?b=1&c=2#frag"),
        ("HTTP://News.Example:8080/A", "http://news.example:8080/A"),
        ("https://bank.example@evil.example/", "https://evil.example/"),
        ("https://пример.рф/путь", "https://xn--e1afmkfd.xn--p1ai/%D0%BF%D1%83%D1%82%D1%8C"),
        ("https://news.example/@all/<b>|*", "https://news.example/%40all/%3Cb%3E%7C%2A"),
        ("https://news.example/~all/#~~<b>", "https://news.example/%7Eall/#%7E%7E%3Cb%3E"),
        ("https://news.example/50%25", "https://news.example/50%25"),
        ("http://[2001:db8::1]/a", "http://[2001:db8::1]/a"),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("https://", None),
        ("https://[::1", None),
        ("https://news.example:99999/", None),
        ("https://a b/", None),
        ("https://news.example/" + "x" * 3000, None),
        (None, None),
    ],
)
def test_only_an_http_link_is_shown_and_with_its_real_host(url: str | None, shown: str | None) -> None:
    assert own_link(url) == shown


def test_text_is_cut_at_a_word_and_says_so() -> None:
    assert cut("one two three", 9) == "one two…"
    assert cut("short", 9) == "short"
    assert cut("unbrokenword", 6) == "unbro…"
    assert len(cut("x" * 50, 7)) == 7


def test_the_plainest_text_keeps_letters_of_every_script_and_little_else() -> None:
    assert plainest("<b>Срочно!</b> «Peace», 50% @all", 120) == "b Срочно b Peace , 50 all"
