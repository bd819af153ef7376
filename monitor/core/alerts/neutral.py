"""Makes text from outside harmless for the place it is shown in. Touches nothing.

What is dangerous is taken away or replaced by what looks alike, never escaped for one dialect: services differ in
what they honour, and a backslash that one drops is a mention in the next. Text of the user's own goes the same way.
"""

from __future__ import annotations

import html
import re
import unicodedata
from urllib.parse import quote, urlsplit

from monitor.core.text.characters import UNSEEN

_JOINER = re.compile("[\u200c\u200d]")
_SPACE = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_MARKS = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff"
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]")
"""All but line feeds."""
_STACKED_MARKS = re.compile(f"([{_MARKS}]{{4}})[{_MARKS}]+")

_SCHEME = re.compile(r":(?=/)")
_BARE_SCHEME = re.compile(
    r"(?i)\b(javascript|vbscript|data|mailto|tel|sms|file|tg|about|blob|view-source|cid|magnet|callto|skype):(?=\S)"
)
_FILE_ENDINGS = "txt|xml|ya?ml|json|csv|html?|eml|nitf|rss|atom"
"""No top-level domains: the name of a file stays as it is."""
_DOMAIN_DOT = re.compile(rf"(?<=[\w\-])\.(?=[^\W\d_]{{2,}})(?!(?i:{_FILE_ENDINGS})\b(?!\.\w))")
_INITIALS = re.compile(r"(?<![\w.\-/@])(?:[^\W\d_]\.){0,4}[^\W\d_]\Z")
_ENCODED_WORD = re.compile(r"=\?")

_LOOK_ALIKES = str.maketrans(
    {
        "@": "＠",
        "<": "‹",
        ">": "›",
        "*": "∗",
        "_": "＿",
        "~": "∼",
        "`": "ˋ",
        "|": "ǀ",
        "\\": "＼",
        "&": "＆",
        "#": "＃",
    }
)
_AT_OF_ADDRESS = re.compile(r"(?<=[\w.+\-])@(?=[\w\-]+\.\w)")
_LINK_JOINT = re.compile(r"\](?=[(\[:])")

_SAFE_IN_URL = "/?=&;,+$!:%.-'"
_HOST = re.compile(r"(?i)[a-z0-9](?:[a-z0-9\-.]{0,251}[a-z0-9])?|\[[0-9a-f:.]+\]")


def line(text: str) -> str:
    """Give text as one line, without characters that hide, reorder or control."""
    text = UNSEEN.sub("", _SPACE.sub(" ", text))
    text = _STACKED_MARKS.sub(r"\1", text)
    if "\u200c" in text or "\u200d" in text:
        text = _JOINER.sub(_joiner_where_it_joins, text)
    return text.strip()


def _joiner_where_it_joins(found: re.Match[str]) -> str:
    """Keep a joiner between letters or signs that need one: Indic and Persian words, families of emoji."""
    before, after = found.string[: found.start()][-1:], found.string[found.end() :][:1]
    return found[0] if before > "\u02ff" and after > "\u02ff" and _prints(before) and _prints(after) else ""


def _prints(char: str) -> bool:
    return unicodedata.category(char)[0] in "LMS"


def inert(text: str) -> str:
    """Give a line in which nothing becomes a link by itself: evil.example is evil[.]example, http:// is http[:]//."""
    text = _SCHEME.sub("[:]", text)
    text = _BARE_SCHEME.sub(r"\1[:]", text)
    text = _DOMAIN_DOT.sub(_dot_apart, text)
    return _ENCODED_WORD.sub("= ?", text)


def _dot_apart(found: re.Match[str]) -> str:
    """Part what would be a domain; behind initials, as in P.Chidambaram, by the space that belongs there."""
    text, at = found.string, found.start()
    names = text[at - 1].isupper() and text[at + 1].isupper()
    return ". " if names and _INITIALS.search(text, max(0, at - 12), at) else "[.]"


def unmarked(text: str) -> str:
    """Give an inert line without anything a chat service takes for a mention, a link or emphasis."""
    return _LINK_JOINT.sub("] ", text.translate(_LOOK_ALIKES))


def for_mail(text: str) -> str:
    """Make a line fit for a mail's plain text."""
    return inert(line(text))


def for_chat(text: str) -> str:
    """Make a line fit for chat services and webhooks, whichever dialect they read."""
    return unmarked(inert(line(text)))


def own(text: str) -> str:
    """Give lines of ours as they are, without what hides, reorders or controls: names in them are other people's."""
    return UNSEEN.sub("", _CONTROL.sub(" ", text))


def own_in_chat(text: str) -> str:
    """Give lines of ours for a chat service: nothing in them is emphasis or a mention; addresses stay what they are."""
    return unmarked(_AT_OF_ADDRESS.sub("\ue000", own(text).replace("\ue000", ""))).replace("\ue000", "@")


def for_subject(text: str) -> str:
    """Make a worded subject fit for a mail's header, where `=?` begins an encoded word."""
    return _ENCODED_WORD.sub("= ?", line(text))


def for_terminal(text: str) -> str:
    """Make a line fit for a terminal: it cannot move the cursor, colour or hide anything."""
    return line(text)


def for_html(text: str) -> str:
    """Make a line fit for HTML text and attributes."""
    return html.escape(inert(line(text)), quote=True)


def own_link(url: str | None) -> str | None:
    """Give an item's own http(s) URL with its real host, all else encoded; None where it is none.

    User names before the host, which make evil.example look like bank.example, are left out; a host in another
    script is shown as what it is looked up as.
    """
    if url is None or len(url) > 2000:
        return None
    try:
        parts = urlsplit(line(url))
        host, port = parts.hostname or "", parts.port
        host = host.encode("idna").decode("ascii") if not host.isascii() else host
    except ValueError:
        return None
    if ":" in host:
        host = f"[{host}]"
    if parts.scheme.lower() not in ("http", "https") or not _HOST.fullmatch(host):
        return None
    rest = quote(parts.path, safe=_SAFE_IN_URL)
    if parts.query:
        rest += "?" + quote(parts.query, safe=_SAFE_IN_URL)
    if parts.fragment:
        rest += "#" + quote(parts.fragment, safe=_SAFE_IN_URL)
    rest = rest.replace("~", "%7E")
    return f"{parts.scheme.lower()}://{host}{f':{port}' if port else ''}{rest}"


def cut(text: str, longest: int) -> str:
    """Cut a line at a word to at most so many code points, the ellipsis included."""
    if len(text) <= longest:
        return text
    kept = text[: max(longest - 1, 0)]
    at_word = kept.rsplit(" ", 1)[0] if " " in kept[longest // 2 :] else kept
    return at_word.rstrip(" ,;:–-") + "…"


def plainest(text: str, longest: int) -> str:
    """Give the letters, digits and plain punctuation of a text: what is left when a service refused it as it was."""
    kept = "".join(
        c if c.isalnum() or c in " ,.;'-" else " " for c in unicodedata.normalize("NFC", line(text))
    )
    return inert(cut(" ".join(kept.split()), longest))
