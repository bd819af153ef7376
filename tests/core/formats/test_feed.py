"""Feeds are read without fetching, whatever they hold; what they hold becomes text, zones and absolute links."""

import socket
import time
import xml.sax
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from typing import ClassVar
from xml.sax.expatreader import ExpatParser
from xml.sax.handler import ContentHandler

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core import formats
from monitor.core.formats import feed, read
from monitor.model import Article, ContentHash, Document, Format, Parsed, Refused, SourceId, Zone

Make = Callable[..., Document]


def rss(items: str, channel: str = "", declaration: str = "") -> str:
    return f"{declaration}<rss version='2.0'><channel>{channel}{items}</channel></rss>"


def _articles(found: Parsed | Refused) -> tuple[Article, ...]:
    assert isinstance(found, Parsed), found
    return found.articles


GML = "xmlns:gml='http://www.opengis.net/gml'"
PSC = "xmlns:psc='http://podlove.org/simple-chapters'"


@pytest.mark.parametrize(
    ("poison", "doubt"),
    [
        ("&#x110000;", "no such character as &#x110000;"),
        ("&#xD800;", "no such character as &#xD800;"),
        ("&#0055555", "no such character as &#0055555"),
        ("&#99999999999;", "no such character as &#99999999999;"),
        (f"&#{'9' * 5_000};", "no such character as &#99999999999999"),
        ("<x:a xmlns:x='two\u00a0words'/>", "the feed is damaged, 3 items were read: too many values"),
        (f"<gml:pos {GML}>1 2</gml:pos>", None),
        (f"<psc:chapters {PSC}><psc:chapter/></psc:chapters>", None),
    ],
)
@pytest.mark.parametrize("damage", ["", "<"])
def test_what_feedparser_raises_on_costs_no_item(
    poison: str, doubt: str | None, damage: str, document: Make
) -> None:
    texts = [f"<guid>{n}</guid><description>Text {n}</description>" for n in range(3)]
    texts[1] += poison
    items = "".join(f"<item>{text}<title>No. {n}</title></item>" for n, text in enumerate(texts))
    found = read(document(rss(items) + damage))
    assert isinstance(found, Parsed), found
    read_of = [(a.native_id, a.headline, a.body) for a in found.articles]
    assert read_of == [(str(n), f"No. {n}", f"Text {n}") for n in range(3)]
    if doubt:
        assert any(doubt in said for said in found.doubts), found.doubts


def test_what_could_not_be_read_of_a_damaged_feed_is_said(document: Make) -> None:
    content = rss(f"<item><title>One</title><gml:pos {GML}>1 2</gml:pos></item>") + "<"
    found = read(document(content))
    assert isinstance(found, Parsed)
    assert found.doubts[1:] == ("elements that could not be read were left out: gml:pos",)


def test_a_reference_to_no_character_stands_as_one_that_is_none(document: Make) -> None:
    title = "&#x4E2D;a&#xD800;b&#128512;c&#x110000;d&#1114111;&#1114112;"
    (article,) = _articles(found := read(document(rss(f"<item><title>{title}</title></item>"))))
    assert article.headline == "中a\ufffdb😀c\ufffdd\U0010ffff\ufffd"
    assert found.doubts == ("there is no such character as &#1114112;; \ufffd stands for it",)


def test_what_a_parser_raises_is_a_refusal(document: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def surprised(document: Document) -> Parsed:
        raise RecursionError("too\n deep")

    monkeypatch.setitem(formats._READERS, Format.RSS, surprised)
    found = read(document(rss("<item><title>a</title></item>")))
    assert found == Refused(reason="its parser gave up: RecursionError: too deep")


@pytest.mark.parametrize("name", ["punycode", "zlib", "no-such-set", "windows-1251", "utf-16"])
def test_a_declaration_does_not_make_another_set_of_utf_8(name: str, document: Make) -> None:
    declaration = f"<?xml version='1.0' encoding='{name}'?>"
    found = read(document(rss("<item><title>Мир — наш</title></item>", declaration=declaration)))
    assert isinstance(found, Parsed), found
    assert [article.headline for article in found.articles] == ["Мир — наш"]
    assert found.doubts == ()


@pytest.mark.parametrize("headers", [{}, {"content-type": "text/xml; charset=utf-8"}])
@pytest.mark.parametrize("declaration", ["", "<?xml version='1.0' encoding='utf-8'?>"])
def test_one_stray_byte_in_one_item_leaves_all_others_as_they_were(
    declaration: str, headers: dict[str, str], document: Make
) -> None:
    feed_of = rss(
        "<item><title>Погода ~ хорошая</title></item><item><title>Минск</title></item>", "", declaration
    )
    content = feed_of.encode().replace(b"~", b"\x97")
    found = read(document(content, "https://news.example/feed", headers))
    assert [article.headline for article in _articles(found)] == ["Погода — хорошая", "Минск"]
    assert found.doubts == ("bytes that are no UTF-8 were read as windows-1252: 1",)


@pytest.mark.parametrize("name", ["windows-1251", "koi8-r"])
@pytest.mark.parametrize("declared", ["utf-8", None])
def test_cyrillic_that_calls_itself_utf_8_is_read(name: str, declared: str | None, document: Make) -> None:
    declaration = f"<?xml version='1.0' encoding='{declared}'?>" if declared else ""
    text = "Министр прилетел вечером и сразу поехал на совещание."
    content = rss(f"<item><title>{text}</title></item>", declaration=declaration).encode(name)
    found = read(document(content))
    assert [article.headline for article in _articles(found)] == [text]
    assert found.doubts


def test_the_declaration_counts_where_the_servers_character_set_is_wrong(document: Make) -> None:
    declaration = "<?xml version='1.0' encoding='windows-1251'?>"
    content = rss("<item><title>Мир</title></item>", declaration=declaration).encode("windows-1251")
    found = read(document(content, headers={"content-type": "application/rss+xml; charset=utf-8"}))
    assert [article.headline for article in _articles(found)] == ["Мир"]
    assert found.doubts == ()


def test_no_feed_makes_a_connection_or_opens_a_file(document: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise AssertionError("a connection was made")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    declaration = (
        '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd"><!ENTITY y SYSTEM "http://192.0.2.1/">]>'
    )
    found = read(document(rss("<item><title>a&x;b&y;</title></item>", declaration=declaration)))
    assert "root:" not in str(found)


def test_a_billion_laughs_stay_small(document: Make) -> None:
    entities = "".join(f'<!ENTITY a{i + 1} "{f"&a{i};" * 10}">' for i in range(9))
    bomb = rss(
        "<item><title>&a9;</title></item>", declaration=f'<!DOCTYPE rss [<!ENTITY a0 "ha">{entities}]>'
    )
    began = time.process_time()
    assert len(str(read(document(bomb)))) < 10_000
    assert time.process_time() - began < 2


def test_the_parser_is_pinned_to_expat_which_hands_text_over_whole() -> None:
    class Heard(ContentHandler):
        texts: ClassVar[list[str]] = []

        def characters(self, content: str) -> None:
            self.texts.append(content)

    parser = xml.sax.make_parser(feed.feedparser.api.PREFERRED_XML_PARSERS)
    parser.setContentHandler(Heard())
    parser.parse(BytesIO(b"<a>one &lt;b&gt;\ntwo<![CDATA[\nthree]]></a>"))
    assert isinstance(parser, ExpatParser)
    assert Heard.texts == ["one <b>\ntwo\nthree"]


@pytest.mark.parametrize(
    ("item", "url"),
    [
        ("<link>https://a.example/1</link>", "https://a.example/1"),
        ("<link>/1?a=1&amp;b=2</link>", "https://news.example/1?a=1&b=2"),
        ("<link>javascript:alert(1)</link>", None),
        ("<guid>https://a.example/g</guid>", "https://a.example/g"),
        ("<link>http://[1/</link>", None),
        ("<guid isPermaLink='false'>https://a.example/g</guid>", None),
        ("<link>https://user:word@a.example/</link>", None),
        ("<enclosure url='https://a.example/a.mp3'/>", None),
    ],
)
def test_an_items_link_is_its_own_page(item: str, url: str | None, document: Make) -> None:
    content = rss(f"<item><title>t</title>{item}</item>")
    (article,) = _articles(read(document(content, "https://news.example/feed")))
    assert article.url == url


@pytest.mark.parametrize(
    ("where", "url"),
    [
        ("https://a.example/b/feed", "https://a.example/b/1"),
        ("/c/", "https://news.example/c/1"),
        ("http://[1/", "https://news.example/1"),
        ("", "https://news.example/1"),
    ],
)
def test_links_are_relative_to_where_the_server_says_the_feed_is(
    where: str, url: str, document: Make
) -> None:
    content = rss("<item><title>t</title><link>1</link></item>")
    headers = {"content-location": where}
    (article,) = _articles(read(document(content, "https://news.example/feed", headers)))
    assert article.url == url


@pytest.mark.parametrize(
    ("channel", "item", "language"),
    [
        ("<language>en_US</language>", "", "en-US"),
        ("<language>english (US)</language>", "", None),
        (
            "<language>en</language>",
            "<dc:language xmlns:dc='http://purl.org/dc/elements/1.1/'>fr</dc:language>",
            "fr",
        ),
        ("", "", None),
    ],
)
def test_the_language_is_the_items_else_the_feeds(
    channel: str, item: str, language: str | None, document: Make
) -> None:
    (article,) = _articles(read(document(rss(f"<item><title>t</title>{item}</item>", channel))))
    assert article.language == language


@pytest.mark.parametrize(
    ("headers", "hints", "title"),
    [
        ({"content-type": "application/rss+xml; charset=windows-1251"}, {}, "Мир"),
        ({"content-type": "application/rss+xml"}, {"encoding": "windows-1251"}, "Мир"),
        ({"content-type": "text/xml; charset=utf-8"}, {"encoding": "windows-1251"}, "Мир"),
        ({}, {"encoding": "windows-1251"}, "Мир"),
    ],
)
def test_the_users_encoding_goes_before_the_servers(
    headers: dict[str, str], hints: dict[str, str], title: str, document: Make
) -> None:
    content = rss("<item><title>Мир</title></item>").encode("windows-1251")
    (article,) = _articles(read(document(content, "https://news.example/feed", headers, **hints)))
    assert article.headline == title


@pytest.mark.parametrize("name", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
def test_a_feed_in_wide_characters_is_read(name: str, document: Make) -> None:
    declaration = "<?xml version='1.0' encoding='utf-16'?>"
    content = rss("<item><title>Мир</title></item>", declaration=declaration).encode(name)
    found = read(document(content, "https://news.example/feed"))
    assert [article.headline for article in _articles(found)] == ["Мир"]
    assert found.doubts == ()


def test_the_servers_language_counts_where_the_feed_names_none(document: Make) -> None:
    content = rss("<item><title>t</title></item>")
    (article,) = _articles(read(document(content, headers={"content-language": "de-AT"})))
    assert article.language == "de-AT"


def test_the_longest_of_several_contents_is_the_text(document: Make) -> None:
    contents = "".join(
        f"<content:encoded xmlns:content='http://purl.org/rss/1.0/modules/content/'>{t}</content:encoded>"
        for t in ("short", "the long one")
    )
    (article,) = _articles(read(document(rss(f"<item><title>t</title>{contents}</item>"))))
    assert article.body == "the long one"


def test_what_is_too_long_is_cut_and_said(document: Make) -> None:
    item = f"<item><title>{'head ' * 40_000}</title><description>{'text ' * 250_000}</description></item>"
    (article,) = _articles(read(document(rss(item))))
    assert article.headline is not None
    assert len(article.headline) <= 2_000
    assert len(article.body) <= 1_000_000
    assert article.doubts == (
        "the headline was cut after 2,000 characters",
        "the text was cut after 1,000,000 characters",
    )


def test_a_damaged_feed_keeps_its_items_and_says_so(document: Make) -> None:
    found = read(document("<rss version='2.0'><channel><item><title>One</title></item><item><title>Two"))
    assert isinstance(found, Parsed)
    assert "One" in [a.headline for a in found.articles]
    assert "damaged" in found.doubts[0]


def test_a_date_without_a_zone_is_the_sources(document: Make) -> None:
    content = rss("<item><title>t</title><pubDate>Tue, 27 Jan 2026 18:42:00</pubDate></item>")
    (article,) = _articles(read(document(content, timezone="Asia/Kolkata")))
    assert article.published == datetime(2026, 1, 27, 13, 12, tzinfo=UTC)
    assert article.published_text == "Tue, 27 Jan 2026 18:42:00"


def test_a_date_that_cannot_be_read_gives_a_dateline_no_year(document: Make) -> None:
    item = "<title>t</title><description>OSLO, Dec 31 (NTB) - Text.</description><pubDate>soon</pubDate>"
    (article,) = _articles(read(document(rss(f"<item>{item}</item>"))))
    assert article.dateline_date == "--12-31"


def test_a_dateline_in_an_item_gets_the_year_of_its_date(document: Make) -> None:
    item = "<title>t</title><description>OSLO, Dec 31 (NTB) - Text.</description>"
    content = rss(f"<item>{item}<pubDate>Thu, 01 Jan 2026 00:10:00 GMT</pubDate></item>")
    (article,) = _articles(read(document(content)))
    assert article.dateline_date == "2025-12-31"
    assert article.of(Zone.DATELINE) == ("OSLO, Dec 31 (NTB) -",)


BASE = rss(
    "<item><title>One &amp; two</title><link>https://a.example/1</link><guid>g</guid>"
    "<pubDate>Tue, 27 Jan 2026 18:42:00 +0530</pubDate><description>&lt;p&gt;BEIJING (AP) - Text.</description></item>"
    * 2
).encode()


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, len(BASE) - 1), st.binary(max_size=4), st.integers(0, 9)),
        min_size=1,
        max_size=8,
    )
)
def test_no_mutant_breaks_the_reader(changes: list[tuple[int, bytes, int]]) -> None:
    content = bytearray(BASE)
    for at, new, length in changes:
        content[at : at + length] = new
    now = datetime(2026, 1, 29, tzinfo=UTC)
    found = read(
        Document(
            source=SourceId("s"),
            location="https://news.example/feed",
            received_at=now,
            arrived_at=now,
            content=bytes(content),
            content_hash=ContentHash("0"),
        )
    )
    for article in _articles(found) if isinstance(found, Parsed) else ():
        _assert_zones_fit(article)


def _assert_zones_fit(article: Article) -> None:
    at = 0
    for zone in article.zones:
        assert at <= zone.start < zone.end <= len(article.text)
        assert not article.text[zone.start].isspace()
        assert not article.text[zone.end - 1].isspace()
        at = zone.end
