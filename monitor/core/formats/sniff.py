"""Tells by its bytes how a document is written. It must not trust a name or a Content-Type, nor read articles.

A format that is read has one row in `_ROOTS` or one test in `_recognise`; what is known and not read is refused
by name, so that no markup is ever taken for plain copy.
"""

from __future__ import annotations

import re

from monitor.core.text.decoding import decode, marked_character_set, wide_character_set
from monitor.model import Document, Format, Refused

HEAD = 65_536
"""Bytes looked at."""
JUNK = 4_096
"""Characters that may stand before a feed: warnings of a broken server's script."""

_MAGIC = (
    (b"\x1f\x8b", "a gzip file: unpack it first"),
    (b"PK\x03\x04", "a zip archive or office document: unpack it, or save it as text"),
    (b"BZh", "a bzip2 file: unpack it first"),
    (b"\xfd7zXZ\x00", "an xz file: unpack it first"),
    (b"\x28\xb5\x2f\xfd", "a zstd file: unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it first"),
    (b"%PDF-", "a PDF: save its text"),
    (b"{\\rtf", "a rich text file: save it as plain text"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old office document: save it as text"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"II*\x00", "a picture"),
    (b"MM\x00*", "a picture"),
    (b"RIFF", "sound, video or a picture"),
    (b"ID3", "sound"),
    (b"OggS", "sound"),
    (b"\x00\x00\x00 ftyp", "video"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3\x00", "a database"),
)

_ROOTS: dict[str, Format] = {"rss": Format.RSS, "rdf": Format.RDF, "feed": Format.ATOM}
_NOT_YET = {
    "nitf": "NITF",
    "newsml": "NewsML 1",
    "newsitem": "NewsML-G2",
    "newsmessage": "NewsML-G2",
    "packageitem": "NewsML-G2",
    "conceptitem": "NewsML-G2",
    "knowledgeitem": "NewsML-G2",
}
_REFUSED_ROOTS = {
    "html": "an HTML page, and no feed",
    "opml": "an OPML list of feeds: list its feeds in sources.yaml instead",
    "urlset": "a sitemap, and no feed",
    "sitemapindex": "a sitemap, and no feed",
    "channel": "a feed without its <rss> element",
}
_HTML = re.compile(
    r"(?:head|body|title|meta|link|script|style|div|p|h[1-6]|table|span|a|br|img|ul|ol|section|article|main|center)\Z"
)
_TAG = re.compile(r"<([A-Za-z_][\w.-]{0,60}:)?([A-Za-z_][\w.-]{0,60})(?=[\s/>]|\Z)")
_FEED_ROOT = re.compile(r"<(?:[\w.-]{1,20}:)?(rss|rdf|feed)(?=[\s>])", re.IGNORECASE)
_MARKDOWN = re.compile(r"#{1,6} [^\n]*\S")
_MAIL_HEADER = re.compile(
    r"^(From|To|Cc|Subject|Received|Return-Path|Delivered-To|Message-ID|MIME-Version|Content-Type|X-[\w-]{1,40}):[ \t]",
    re.IGNORECASE | re.MULTILINE,
)
_IPTC_7901 = re.compile(rb"\x01[ -~\xa0-\xff]{4,90}[\r\n]+[^\x00]{0,60}\x02")
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_VALUE = r"(?:\"(?:[^\"\\\n]|\\.)*+\"|-?\d[\d.eE+-]*+|(?:null|true|false)\b)"
_JSON = re.compile(
    rf"\{{\s*(?:{_VALUE}\s*:|\}}?\s*\Z)"  # {{"name": …
    rf"|\[[\s\[]*(?:\{{\s*[\"}}]|{_VALUE}[\s\]]*(?:,\s*(?:{_VALUE}\s*[,\]]|[\[{{])|\Z)|[\s\]]*\Z)"  # and no [2 of 3]
    r"|(?:null|true|false)\s*\Z"
)


def sniff(document: Document) -> Format | Refused | None:
    """Tell how a document is written. Refused: it is none that this release reads; None: it has no news text."""
    content = document.content[:HEAD]
    if not content.strip(b"\0 \t\r\n\f\v\xef\xbb\xbf\xfe\xff"):
        return Refused(reason="the document is empty")
    for magic, what in _MAGIC:
        if content.startswith(magic):
            return Refused(reason=f"it is {what}")
    if framed := _framing(content):
        return _unread(framed)
    if b"\0" in content and not marked_character_set(content) and not wide_character_set(content):
        return Refused(reason="it is binary data, and no text")
    head, _ = decode(content, hint=document.hints.encoding)
    found = _recognise(head.lstrip("\ufeff \t\r\n\f\v"))
    if document.location.startswith(("http://", "https://")) and found in (Format.PLAIN, None):
        return Refused(reason="it is plain text, and no feed")  # a server's error in words, most often
    return found


def _framing(content: bytes) -> str | None:
    """Wire framing: ANPA 1312 begins with SYN SYN SOH; IPTC 7901 with SOH, a line, and STX before the text."""
    start = content.lstrip(b"\r\n \0")[:200]
    if start.startswith(b"\x16\x16\x01"):
        return "ANPA 1312"
    return "IPTC 7901" if _IPTC_7901.match(start) else None


def _unread(what: str) -> Refused:
    return Refused(reason=f"it looks like {what}, which this release does not read")


def _recognise(head: str) -> Format | Refused | None:
    if head.startswith("<") and (root := _root(head)):
        return _by_root(root, head)
    if found := _FEED_ROOT.search(head, 0, JUNK):
        return _ROOTS[found[1].lower()]
    if _JSON.match(head):
        return _unread(_json_dialect(head))
    if _is_mail(head):
        return _unread("mail")
    if _MARKDOWN.match(head):
        return None
    return _plain(head)


def _plain(head: str) -> Format | Refused | None:
    if len(_CONTROLS.findall(head)) * 20 > len(head) or head.count("\ufffd") * 4 > len(head):
        return Refused(reason="it is binary data, and no text")
    return Format.PLAIN if any(map(str.isalpha, head)) else None


def _root(head: str) -> str | None:
    """Give the name of the first element, past comments, instructions and a document type; '?' where none is left."""
    at = 0
    while True:
        at = head.find("<", at)
        if at < 0:
            return "?"
        if head.startswith("<!--", at):
            end = head.find("-->", at + 4)
        elif head.startswith("<?", at):
            end = head.find(">", at)
        elif head.startswith("<!", at):
            end = _end_of_doctype(head, at)
            if head[at : at + 14].lower() == "<!doctype html":
                return "html"
        else:
            tag = _TAG.match(head, at)
            return tag[2].lower() if tag else None
        if end < 0:
            return "?"
        at = end + 1


def _end_of_doctype(head: str, at: int) -> int:
    close, subset = head.find(">", at), head.find("[", at)
    return close if subset < 0 or close < subset else head.find("]>", subset)


def _by_root(root: str, head: str) -> Format | Refused:
    if root in _ROOTS:
        return _ROOTS[root]
    if root in _NOT_YET:
        return _unread(_NOT_YET[root])
    if root in _REFUSED_ROOTS:
        return Refused(reason=f"it is {_REFUSED_ROOTS[root]}")
    if not head.startswith("<?xml") and (found := _FEED_ROOT.search(head, 0, JUNK)):
        return _ROOTS[found[1].lower()]
    if _HTML.match(root):
        return Refused(reason="it is HTML, and no feed")
    if root == "?":
        return Refused(reason="it is markup without an element")
    return Refused(reason=f"it is XML that begins with <{root}>, no format that is read here")


def _json_dialect(head: str) -> str:
    if "jsonfeed.org" in head[:2000]:
        return "JSON Feed"
    ninjs = re.search(
        r"\"(?:pubstatus|pubStatus|body_xhtml|body_text|headlines|versioncreated|versionCreated)\"", head
    )
    return "ninjs" if ninjs else "JSON"


def _is_mail(head: str) -> bool:
    """Mail begins with its headers: two of the known ones before the first blank line, which begins the text."""
    headers = re.split(r"\r?\n\r?\n", head[:20_000], maxsplit=1)[0]
    if not re.match(r"From \S+@|[A-Za-z][\w-]{1,40}:[ \t]", headers):
        return False
    return len({h.lower() for h in _MAIL_HEADER.findall(headers)}) >= 2
