"""Reads RSS, RDF and Atom through feedparser; no other file imports it. It must not fetch.

feedparser gets bytes in a BytesIO and is told the response's headers, so it never opens anything; its parser is
pinned to expat. It neither cleans nor resolves markup here: HTML becomes text, and links are resolved by the
item's own base; feedparser follows that only where a feed has one, for it takes a quarter of its time. It raises on
some hostile input, and is slow on other: run this where both are contained.

Caps, each with a doubt where it cuts: a headline of 2,000 characters, an item's text of 1,000,000, an id, a
link or a byline of 10,000.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any
from urllib.parse import urljoin

import feedparser
import feedparser.api

from monitor.core.formats import expat
from monitor.core.text.characters import character_set, clean, one_line
from monitor.core.text.dates import Dated, read_date
from monitor.core.text.html import lines_of, text_of, unescape
from monitor.core.text.urls import is_web_url
from monitor.core.text.zones import Copy, Piece, agency_of, compose, divide
from monitor.model import Article, Document, Format, Parsed, Zone

LONGEST_HEADLINE = 2_000
LONGEST_TEXT = 1_000_000
LONGEST_FIELD = 10_000

feedparser.api.PREFERRED_XML_PARSERS = [expat.__name__]
"""It would prefer drv_libxml2 where that is installed: expat is what we know the limits of."""

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,5}|[xi](?:-[A-Za-z0-9]{1,8}){1,5}")
_END = re.compile(rb"</(?:[\w.-]+:)?(?:rss|feed|rdf)\s*>", re.IGNORECASE)
_TAIL = 4_000
"""Bytes in which a feed's last tag is looked for: servers put remarks behind it."""
_OWN_BASE = re.compile(rb"base\s*=")
_CHARSET = re.compile(r"\s*;\s*charset\s*=\s*[^;]*", re.IGNORECASE)
_PLAIN_TYPES = frozenset({"text/plain", "text", "plain"})
_HIDDEN_LINKS = ("enclosure", "self", "replies", "edit", "via", "related")

Fields = Mapping[str, Any]
"""What feedparser gives of an item or a feed: strings, and lists of more of the same."""


@dataclass(frozen=True, slots=True)
class _Feed:
    """What all items of a feed share."""

    document: Document
    kind: Format
    language: str | None
    base: str
    """What relative links are relative to; nothing for a file."""


def read(document: Document, kind: Format) -> Parsed:
    """Read a feed of a kind that was sniffed. Raises whatever feedparser raises."""
    base = _base(document)
    found = feedparser.parse(
        BytesIO(document.content),
        response_headers=_headers(document, base),
        resolve_relative_uris=False,
        sanitize_html=False,
    )
    feed = _Feed(document, kind, _language(dict(found.feed).get("language")), base)
    damage = _damage(found)
    torn = damage is not None and _is_torn(document.content)
    entries = found.entries[:-1] if torn and _ends_within_an_item(document.content) else found.entries
    articles = tuple(article for entry in entries if (article := _article(feed, dict(entry))))
    doubts = () if damage is None else (f"the feed is damaged, {len(articles)} items were read: {damage}",)
    return Parsed(articles=articles, format=kind, doubts=doubts, torn=torn)


def _damage(found: Any) -> str | None:
    """Say where a feed was damaged. Its odd Content-Type or character set is none of the reader's concern."""
    raised = found.get("bozo_exception")
    odd = (feedparser.NonXMLContentType, feedparser.CharacterEncodingOverride)
    return one_line(str(raised))[:120] if found.get("bozo") and not isinstance(raised, odd) else None


def _is_torn(content: bytes) -> bool:
    """Whether a damaged feed lacks its end: it was cut on its way, or where it was made."""
    return not _END.search(content[-_TAIL:].replace(b"\0", b""))


def _ends_within_an_item(content: bytes) -> bool:
    """Whether the last item is cut too: half a text would be taken for an older version of the whole."""
    text = content.replace(b"\0", b"").lower()
    return max(map(text.rfind, (b"<item", b"<entry"))) > max(map(text.rfind, (b"</item", b"</entry")))


def _base(document: Document) -> str:
    if not document.location.startswith(("http://", "https://")):
        return ""
    return urljoin(document.location, dict(document.headers).get("content-location", ""))


def _headers(document: Document, base: str) -> dict[str, str]:
    """Give the headers that say how to read the body: its type and character set, its language, its base."""
    headers = dict(document.headers)
    said: dict[str, str] = {
        name: headers[name] for name in ("content-type", "content-language") if name in headers
    }
    if base and _OWN_BASE.search(document.content):
        said["content-location"] = base
    if encoding := character_set(document.hints.encoding):
        content_type = _CHARSET.sub("", said.get("content-type", "application/xml"))
        said["content-type"] = f"{content_type or 'application/xml'}; charset={encoding}"
    return said


def _article(feed: _Feed, entry: Fields) -> Article | None:
    """Make an article of an item; None: it has neither title nor text."""
    doubts: list[str] = []
    headline = _cut(_headline(entry), LONGEST_HEADLINE, "headline", doubts)
    body = _cut(_text(entry), LONGEST_TEXT, "text", doubts)
    if not headline and not body:
        return None
    byline = _cut(_byline(entry), LONGEST_FIELD, "byline", doubts)
    copy = divide(body.split("\n\n"), agency=agency_of(feed.document.hints.agency), headed=False)
    text, zones = compose(_pieces(headline, byline, copy))
    written, dated = _dated(feed, entry, doubts)
    return Article(
        format=feed.kind,
        text=text,
        zones=zones,
        native_id=_cut(one_line(_string(entry, "id")), LONGEST_FIELD, "id", doubts) or None,
        headline=headline or None,
        byline=byline or copy.first(Zone.BYLINE),
        place=copy.dateline.place if copy.dateline else None,
        dateline_date=copy.dateline_date(dated.at.date() if dated.at else None),
        agency=copy.agency,
        language=_item_language(entry) or feed.language,
        published=dated.at,
        published_text=written,
        url=_link(entry, feed.base),
        doubts=tuple(doubts),
    )


def _pieces(headline: str, byline: str, copy: Copy) -> list[Piece]:
    return [Piece(Zone.HEADLINE, headline), Piece(Zone.BYLINE, byline), *copy.pieces]


def _string(fields: Fields, name: str) -> str:
    """Give a field that is a string; feedparser has lists and dictionaries in some places."""
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def _cut(text: str, longest: int, what: str, doubts: list[str]) -> str:
    if len(text) <= longest:
        return text
    doubts.append(f"the {what} was cut after {longest:,} characters")
    return text[:longest].rstrip()


def _headline(entry: Fields) -> str:
    return " ".join(_read(entry.get("title_detail"), _string(entry, "title")).split())


def _text(entry: Fields) -> str:
    """Give the content, else the summary: of several contents the longest."""
    contents = entry.get("content") or ()
    texts = [t for c in contents if (t := _read(c, "")) and not _is_media(c)]
    return max(texts, key=len) if texts else _read(entry.get("summary_detail"), _string(entry, "summary"))


def _is_media(content: Fields) -> bool:
    kind = str(content.get("type") or "")
    return kind.startswith(("image/", "audio/", "video/"))


def _read(detail: Fields | None, otherwise: str) -> str:
    """Give a text construct as text: markup read, or plain with the entities that RSS often escapes twice."""
    if not detail:
        return text_of(otherwise)
    value = _string(detail, "value")
    if str(detail.get("type")) in _PLAIN_TYPES:
        return lines_of(unescape(value))
    return text_of(value)


def _byline(entry: Fields) -> str:
    names = [one_line(unescape(name)) for author in entry.get("authors") or () if (name := _author(author))]
    return ", ".join(dict.fromkeys(names)) or one_line(unescape(_string(entry, "author")))


def _author(author: Fields) -> str:
    return _string(author, "name") or _string(author, "email")


def _dated(feed: _Feed, entry: Fields, doubts: list[str]) -> tuple[str | None, Dated]:
    """Give this version's date, else the first: as written, and as read. Doubts are those of the one that counts."""
    hints = feed.document.hints
    received: datetime = feed.document.received_at
    written = [w for name in ("updated", "published", "created") if (w := one_line(_string(entry, name)))]
    readings = [(w, read_date(w, received=received, timezone=hints.timezone)) for w in written]
    best = next((r for r in readings if r[1].at), readings[0] if readings else (None, Dated(None)))
    if best[1].doubt:
        doubts.append(best[1].doubt)
    return best[0], best[1]


def _language(tag: object) -> str | None:
    """Give a language tag that is well-formed (RFC 5646, section 2.1), as declared but for `_`."""
    if not isinstance(tag, str):
        return None
    bare = tag.strip().replace("_", "-")
    return bare if _LANGUAGE.fullmatch(bare) else None


def _item_language(entry: Fields) -> str | None:
    details = [*(entry.get("content") or ()), entry.get("summary_detail"), entry.get("title_detail")]
    said = [entry.get("language"), *(d.get("language") for d in details if d)]
    return next((tag for s in said if (tag := _language(s))), None)


def _link(entry: Fields, base: str) -> str | None:
    """Give the item's own page: its alternate link, else any that is no file or service of it."""
    links = [link for link in entry.get("links") or () if _string(link, "href")]
    best = [link for link in links if link.get("rel", "alternate") == "alternate"]
    others = [link for link in links if link.get("rel") not in _HIDDEN_LINKS]
    hrefs = (_string(entry, "link"), *(_string(link, "href") for link in (*best, *others)))
    for href in dict.fromkeys(hrefs):
        url = clean(href).strip()
        if is_web_url(url):
            return url
        if url and base and is_web_url(url := _joined(base, url)):
            return url
    return None


def _joined(base: str, url: str) -> str:
    try:
        return urljoin(base, url)
    except ValueError:
        return ""
