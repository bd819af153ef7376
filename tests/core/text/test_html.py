"""HTML becomes text as a reader would see it, in time that grows with its length."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.text.html import lines_of, text_of


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>Two <b>three</b>\n four</p>", "One\n\nTwo three four"),
        ("One<br>Two<br/><br>Three", "One\nTwo\nThree"),
        ("<ul><li>One</li><li>Two</ul>After", "- One\n- Two\n\nAfter"),
        ("<table><tr><th>A<th>B<tr><td>1<td>2</table>", "A\tB\n1\t2"),
        ("Fish &amp; chips &#8217; &nbsp; &hellip;", "Fish & chips ’ …"),
        ("AT&amp;amp;T <i>x</i>", "AT&amp;T x"),
        ("5 < 6 and <b>7</b>", "5 < 6 and 7"),
        ("a<script>alert(1)</script>b<style>p{}</style><!-- no -->c<iframe>d</iframe>", "abc"),
        ("<p hidden>no</p><p style='Display : none'>no</p><p>yes</p>", "yes"),
        ("<h1>Head</h1>text<blockquote>said</blockquote>", "Head\n\ntext\n\nsaid"),
        ("<p>caf\u0065\u0301\x00</p>", "café"),
        ("plain\n\ntext &amp; lines\nkept", "plain\n\ntext & lines\nkept"),
        ("<p></p>", ""),
        ("", ""),
        ("<p>open <b>only", "open only"),
        ("<svg><text>no</text></svg><noscript>no</noscript>yes", "yes"),
    ],
)
def test_html_is_read_as_a_reader_sees_it(html: str, text: str) -> None:
    assert text_of(html) == text


def test_text_that_is_no_html_keeps_its_lines_and_its_signs() -> None:
    assert lines_of("a  b\n c\n\n\n<b> &amp;") == "a b\nc\n\n<b> &amp;"


@given(st.text(alphabet="ab <>/&;#\"'=\n!-pdivbrul\x02\x03", max_size=200))
def test_no_fragment_breaks_the_reader(html: str) -> None:
    text = text_of(html)
    assert text == text.strip()
    assert "\x02" not in text
    assert "  " not in text
    assert "\n\n\n" not in text


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 200_000 + "end",
        "<div>" * 100_000 + "end" + "</div>" * 100_000,
        "<b>" * 9_000 + "end",
        "<ul><li>" * 4_000 + "end",
        "<table><td>" * 50_000 + "end",
        "<" * 500_000 + "end",
        "<a" * 250_000,
        "&#" * 250_000,
        " \n" * 250_000,
        "<a b='" * 100_000,
        "<!--" * 200_000,
        "<br>" * 100_000,
    ],
    ids=lambda html: html[:12],
)
def test_hostile_markup_takes_no_time(html: str) -> None:
    began = time.process_time()
    text_of(html)
    assert time.process_time() - began < 3


def test_text_below_the_deepest_element_is_kept() -> None:
    assert text_of("<b>" * 2_000 + "deep" + "</b>" * 2_000 + " after") == "deep after"
