"""A document's format is told by its content; what is none is refused in words that name it."""

from collections.abc import Callable

import pytest

from monitor.core.formats import read
from monitor.core.formats.sniff import sniff
from monitor.model import Document, Format, Parsed, Refused

Make = Callable[..., Document]

RSS = '<rss version="2.0"><channel><item><title>One</title></item></channel></rss>'


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (RSS, Format.RSS),
        (f'<?xml version="1.0"?>\n<!-- made by hand -->\n{RSS}', Format.RSS),
        (f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "b>c">]>{RSS}', Format.RSS),
        (f"\ufeff\n\n {RSS}", Format.RSS),
        (f"<br />\n<b>Warning</b>: deprecated in /srv/www/feed.php<br />\n{RSS}", Format.RSS),
        (f"Warning: deprecated in /srv/www/feed.php on line 3\n{RSS}", Format.RSS),
        (RSS.encode("utf-16"), Format.RSS),
        (RSS.replace("rss", "RSS"), Format.RSS),
        ('<rdf:RDF xmlns:rdf="x"><channel/></rdf:RDF>', Format.RDF),
        ('<feed xmlns="http://www.w3.org/2005/Atom"/>', Format.ATOM),
        ('<a:feed xmlns:a="http://www.w3.org/2005/Atom"/>', Format.ATOM),
        ("Beijing, Jan 27 (PTI) Text.", Format.PLAIN),
        ("Текст без заголовка.".encode("utf-16-le"), None),
        ("Text.".encode("utf-16"), Format.PLAIN),
        ("#5 is alive, says owner", Format.PLAIN),
        ("From Oslo: all is well", Format.PLAIN),
        ("[2 of 3] The ministers talk\n\nText.", Format.PLAIN),
        ("[1보] 장관 회담\n\n본문이다.", Format.PLAIN),
        ("[1] The ministers talk, [2] they go", Format.PLAIN),
        ("[-5 degrees, and snow]", Format.PLAIN),
        ('["We go on," says minister]\n\nText.', Format.PLAIN),
        ("[[File: a note to nobody]]", Format.PLAIN),
        ("{The ministers talk}\n\nText.", Format.PLAIN),
        ("null and void", Format.PLAIN),
        ("# A heading\n\nText.", None),
        ("1 2 3 4 5", None),
    ],
)
def test_what_is_read_is_told_by_its_content(
    content: str | bytes, expected: Format | None, document: Make
) -> None:
    found = sniff(document(content))
    if isinstance(content, bytes) and expected is None:
        assert isinstance(
            found, Refused
        )  # UTF-16 that is neither marked nor Latin cannot be told from binary data
    else:
        assert found == expected


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b" \r\n\x00 \xef\xbb\xbf", "empty"),
        (b"\x1f\x8b\x08\x00abc", "gzip"),
        (b"PK\x03\x04abc", "zip"),
        (b"%PDF-1.7 abc", "PDF"),
        (b"\x89PNG\r\n\x1a\nabc", "picture"),
        (b"\xff\xd8\xff\xe0abc", "picture"),
        (b"{\\rtf1 abc}", "rich text"),
        (b"\x00\x01\x02abc\x00\x00", "binary"),
        (bytes(range(1, 256)) * 3, "binary"),
        (b"<!DOCTYPE html><html><body>News</body></html>", "an HTML page"),
        (b"<html><body>News</body></html>", "an HTML page"),
        (b"<p>News of the day</p>", "HTML"),
        (b'<?xml version="1.0"?><nitf><head/></nitf>', "NITF"),
        (b'<newsMessage xmlns="x"/>', "NewsML-G2"),
        (b"<NewsML/>", "NewsML 1"),
        (b'{"uri": "x", "pubstatus": "usable", "headline": "y"}', "ninjs"),
        (b'{"version": "https://jsonfeed.org/version/1.1", "items": []}', "JSON Feed"),
        (b"null", "JSON"),
        (b'[{"a": 1}]', "JSON"),
        (b'{ "a \\" b" : 1', "JSON"),
        (b'["a", "b"]', "JSON"),
        (b'[["a"], ["b"]]', "JSON"),
        (b"[1, 2, 3", "JSON"),
        (b"[1]\n", "JSON"),
        (b"[]", "JSON"),
        (b"{}", "JSON"),
        (b"\x16\x16\x01b0001\x02text\x03", "ANPA 1312"),
        (b"\r\n\x01eca062 4 i 211\r\n\x02Text\x03", "IPTC 7901"),
        (b"From: a@b.example\r\nSubject: News\r\nTo: c@d.example\r\n\r\nText", "mail"),
        (b"<opml><body/></opml>", "OPML"),
        (b"<urlset/>", "sitemap"),
        (b"<invoice/>", "<invoice>"),
        (b"<!-- nothing but a comment", "without an element"),
        (b"<!-- nothing but a comment -->", "without an element"),
    ],
)
def test_what_is_not_read_is_refused_by_name(content: bytes, reason: str, document: Make) -> None:
    found = read(document(content))
    assert isinstance(found, Refused)
    assert reason in found.reason


@pytest.mark.parametrize("content", ["Service unavailable, try again later.", "# Not found", "1 2 3"])
def test_what_a_server_says_in_plain_text_is_no_feed(content: str, document: Make) -> None:
    assert sniff(document(content, "https://news.example/rss")) == Refused(
        reason="it is plain text, and no feed"
    )


def test_a_document_without_news_text_is_no_error(document: Make) -> None:
    assert read(document("# Notes\n\nHow to use this folder.")) == Parsed(articles=())


def test_a_feed_without_items_is_read(document: Make) -> None:
    found = read(document('<rss version="2.0"><channel><title>T</title></channel></rss>'))
    assert found == Parsed(articles=(), format=Format.RSS)
