"""Reads RSS, RDF and Atom through feedparser; no other file imports it. It must not fetch.

feedparser gets bytes in a BytesIO and is told the response's headers, so it never opens anything; its parser is
pinned to expat. It neither cleans nor resolves markup here: HTML becomes text, and links are resolved by the
item's own base; feedparser follows that only where a feed has one, for it takes a quarter of its time.

One item must not cost a feed the others: bytes become text here and not by feedparser, which takes all of a feed for
another character set where one byte is wrong; references to characters that there are none of are replaced; and
an element that feedparser's handlers raise on is left out. Each is a doubt. Some hostile input may raise still, and
other is slow: run this where both are contained.

Caps, each with a doubt where it cuts: a headline of 2,000 characters, an item's text of 1,000,000, an id, a
link or a byline of 10,000.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any
from urllib.parse import urljoin
from xml.sax import SAXException

import feedparser
import feedparser.api

from monitor.core.formats import expat
from monitor.core.text.characters import clean, one_line
from monitor.core.text.dates import Dated, read_date
from monitor.core.text.decoding import charset_in, decode
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
_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?\sencoding\s*=\s*[\"']([\w.:-]{1,40})")
_REFERENCE = re.compile(r"&#(?:[xX]([0-9a-fA-F]{4,})|([0-9]{5,}));?")
"""What may be a reference to no character: those in use in feeds are mostly shorter."""
_END = re.compile(rb"</(?:[\w.-]+:)?(?:rss|feed|rdf)\s*>", re.IGNORECASE)
_TAIL = 4_000
"""Bytes in which a feed's last tag is looked for: servers put remarks behind it."""
_OWN_BASE = re.compile(rb"base\s*=")
_PLAIN_TYPES = frozenset({"text/plain", "text", "plain"})
_HIDDEN_LINKS = ("enclosure", "self", "replies", "edit", "via", "related")

_SURPRISES = (LookupError, ValueError, TypeError, ArithmeticError)
_LOST = "lost elements"
"""Where a feed's fields say what was left out; an element's name has no space."""


class _Parameters(dict[str, Any]):
    """What feedparser notes of a content: its own dictionary takes a tenth of all its time to be read and copied."""

    def __deepcopy__(self, memo: object) -> _Parameters:
        return _Parameters(self)


class _Contained:
    """Parts of feedparser's parsers that go on where a handler raises: the element is lost, and not the feed."""

    def unknown_starttag(self, tag: str, attrs: list[tuple[str, str]]) -> None:
        try:
            super().unknown_starttag(tag, attrs)  # type: ignore[misc]
        except _SURPRISES:
            self._lose(tag)

    def unknown_endtag(self, tag: str) -> None:
        try:
            super().unknown_endtag(tag)  # type: ignore[misc]
        except _SURPRISES:
            self._lose(tag)
            super().unknown_endtag("lost element")  # type: ignore[misc]  # what is to do at the end of any

    def push_content(self, *args: object) -> None:
        super().push_content(*args)  # type: ignore[misc]
        self.contentparams = _Parameters(self.contentparams)  # type: ignore[has-type]

    def _lose(self, tag: str) -> None:
        self.feeddata.setdefault(_LOST, []).append(tag)  # type: ignore[attr-defined]


class _Strict(_Contained, feedparser.api.StrictFeedParser):  # type: ignore[misc]
    def startElementNS(self, name: object, qname: object, attrs: object) -> None:  # noqa: N802  # SAX's own
        try:
            super().startElementNS(name, qname, attrs)
        except _SURPRISES as raised:  # a space in a namespace, say: the loose parser knows no namespaces
            raise SAXException(str(raised)) from raised


class _Loose(_Contained, feedparser.api.LooseFeedParser):  # type: ignore[misc]
    pass


feedparser.api.StrictFeedParser, feedparser.api.LooseFeedParser = _Strict, _Loose

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
    content, mended = _content(document)
    found = feedparser.parse(
        BytesIO(content),
        response_headers=_headers(document, base, content),
        resolve_relative_uris=False,
        sanitize_html=False,
    )
    feed = _Feed(document, kind, _language(dict(found.feed).get("language")), base)
    damage = _damage(found)
    torn = damage is not None and _is_torn(content)
    entries = found.entries[:-1] if torn and _ends_within_an_item(content) else found.entries
    articles = tuple(article for entry in entries if (article := _article(feed, dict(entry))))
    damages = () if damage is None else (f"the feed is damaged, {len(articles)} items were read: {damage}",)
    return Parsed(articles=articles, format=kind, doubts=(*damages, *mended, *_lost(found)), torn=torn)


def _content(document: Document) -> tuple[bytes, list[str]]:
    """Give a feed in UTF-8 and fit for feedparser, with doubts about what had to be mended for that."""
    declared = _DECLARED.search(document.content[:1_000])
    text, garbled = decode(
        document.content,
        hint=document.hints.encoding,
        declared=(
            charset_in(dict(document.headers).get("content-type", "")),
            declared[1].decode() if declared else "utf-8",
        ),
    )
    text, replaced = _without_impossible_references(text)
    return text.encode("utf-8", "replace"), [doubt for doubt in (garbled, replaced) if doubt]


def _without_impossible_references(text: str) -> tuple[str, str | None]:
    """Replace `&#xD800;` and the like, as HTML does; a parser of XML would stop there, and feedparser raise."""
    if "&#" not in text or not (found := {m[0] for m in _REFERENCE.finditer(text) if _is_impossible(m)}):
        return text, None
    first = min(found)[:20]
    text = _REFERENCE.sub(lambda m: "\ufffd" if m[0] in found else m[0], text)
    return text, f"there is no such character as {first}; \ufffd stands for it"


def _is_impossible(reference: re.Match[str]) -> bool:
    digits, base = (reference[1], 16) if reference[1] else (reference[2], 10)
    digits = digits.lstrip("0")
    number = int(digits or "0", base) if len(digits) < 8 else sys.maxunicode + 1
    return number > sys.maxunicode or 0xD800 <= number <= 0xDFFF


def _damage(found: Any) -> str | None:
    """Say where a feed was damaged."""
    return one_line(str(found.get("bozo_exception")))[:120] if found.get("bozo") else None


def _lost(found: Any) -> list[str]:
    """Say which elements were left out."""
    lost = dict.fromkeys(dict(found.feed).get(_LOST, ()))
    return [f"elements that could not be read were left out: {', '.join(lost)[:120]}"] if lost else []


def _is_torn(content: bytes) -> bool:
    """Whether a damaged feed lacks its end: it was cut on its way, or where it was made."""
    return not _END.search(content[-_TAIL:])


def _ends_within_an_item(content: bytes) -> bool:
    """Whether the last item is cut too: half a text would be taken for an older version of the whole."""
    text = content.lower()
    return max(map(text.rfind, (b"<item", b"<entry"))) > max(map(text.rfind, (b"</item", b"</entry")))


def _base(document: Document) -> str:
    if not document.location.startswith(("http://", "https://")):
        return ""
    return _joined(document.location, dict(document.headers).get("content-location", "")) or document.location


def _headers(document: Document, base: str, content: bytes) -> dict[str, str]:
    """Give the headers that say how to read the content: its character set, its language, its base."""
    said = {"content-type": "application/xml; charset=utf-8"}
    if language := dict(document.headers).get("content-language"):
        said["content-language"] = language
    if base and _OWN_BASE.search(content):
        said["content-location"] = base
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
