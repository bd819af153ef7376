"""Reads web addresses: which may be fetched, and which of them lead to the same article.

Every function takes any text at all and raises nothing. This module looks nothing up: whether an address is
reachable, or allowed, is for the connection to say.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import SplitResult, quote, unquote_to_bytes, urlsplit

LONGEST = 4096
"""Characters of an address; longer ones are no addresses that anybody links to."""
LONGEST_HOST = 253
"""RFC 1035, section 2.3.4, without the root's dot."""

_DEFAULT_PORTS = {"http": 80, "https": 443}
_NOT_IN_AN_ADDRESS = re.compile(
    r"[\x00-\x20\x7f-\xa0\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\ud800-\udfff\\]"
)
_NOT_IN_A_HOST = re.compile(r"[\x00-\x20!\"#$%&'()*+,/;<=>?@\[\\\]^`{|}~\x7f-\xa0\s]")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_KEPT_IN_PATH = "/%:@!$&'()*+,;=~"
_KEPT_IN_QUERY = _KEPT_IN_PATH + "?[]|"

_TRACKING = re.compile(
    r"(?:utm|at|ns|pk|mtm|hsa|ga|wt)_.+|_(?:ga|gl|hsenc|hsmi|openstat)|[a-z]{1,3}clid|gclsrc|g[bw]raid|msclkid|yclid"
    r"|mc_[ce]id|mkt_tok|igshid?|cmp(?:id)?|ncid|ocid|smid|smtyp|xtor|ito|traffic_source|wtmc|spm|s_cid|icid"
    r"|oly_(?:anon|enc)_id|vero_id|twclid|ttclid|li_fat_id|guccounter|guce_referrer(?:_sig)?",
    re.IGNORECASE,
)
"""Parameters that say where a reader came from: `at_` and `ns_` are the BBC's, `ito` is the Mail's."""
_INDEX_PAGES = frozenset({"/index.html", "/index.htm", "/index.php", "/default.aspx"})


def url_fault(url: str) -> str | None:
    """Say in words for a person why a text is no web address that may be fetched; None: it is one.

    Strict where readers of addresses differ from one another (backslashes, controls, user names, percent
    signs and look-alike letters in the host), so that what was checked is what is asked.
    """
    if len(url) > LONGEST:
        return f"it is longer than {LONGEST} characters"
    if _NOT_IN_AN_ADDRESS.search(url):
        return "it holds a space, a backslash or an invisible character"
    parts = _split(url)
    if parts is None:
        return "it is not an address"
    if parts.scheme not in _DEFAULT_PORTS:
        return "it does not begin with http:// or https://"
    if "@" in parts.netloc:
        return "it holds a user name or password"
    return _host_fault(parts)


def is_web_url(url: str) -> bool:
    """Whether a text is a web address that may be fetched."""
    return url_fault(url) is None


def host_key(url: str) -> str:
    """Give the host of an address that has no fault: scheme, name and port as written, in lower case."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{re.split('[/?#]', rest, maxsplit=1)[0]}".lower()


def canonical_link(url: str) -> str | None:
    """Give one spelling for all addresses of an article; None for what is no web address.

    Folded away are: http and https, letter case of the host, `www.`, default ports, user names, fragments
    (but not `#!…` and `#/…`, which name pages), parameters that only say where a reader came from, trailing
    slashes, dot segments, and the ways to percent-encode one text (RFC 3986, section 6.2.2). The order of
    parameters and the case of paths are kept: they can matter. The result names an article, and is not meant
    to be fetched.
    """
    parts = _split(url.strip()) if len(url) <= LONGEST else None
    if parts is None or parts.scheme not in _DEFAULT_PORTS:
        return None
    host = _canonical_host(parts)
    if not host:
        return None
    path = _without_dots(_normal(parts.path, _KEPT_IN_PATH)).rstrip("/")
    query = "&".join(p for p in parts.query.split("&") if p and not _TRACKING.fullmatch(p.partition("=")[0]))
    fragment = parts.fragment if parts.fragment.startswith(("!", "/")) else ""
    return "".join(
        (
            f"https://{host}{path}",
            f"?{_normal(query, _KEPT_IN_QUERY)}" if query else "",
            f"#{_normal(fragment, _KEPT_IN_QUERY)}" if fragment else "",
        )
    )


def is_bare_host(canonical: str) -> bool:
    """Whether a canonical link leads to a host's first page only (also as index.html), and so to no article."""
    _, slash, path = canonical.removeprefix("https://").partition("/")
    return "?" not in canonical and "#" not in canonical and (slash + path).lower() in _INDEX_PAGES | {""}


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port, parts.hostname
    except ValueError:
        return None
    return parts


def _host_fault(parts: SplitResult) -> str | None:
    host = parts.hostname
    if not host:
        return "it names no host"
    if len(host) > LONGEST_HOST:
        return f"its host is longer than {LONGEST_HOST} characters"
    if parts.port == 0 or parts.netloc.endswith(":"):
        return "its port is not a number from 1 to 65535"
    if parts.netloc.startswith("["):
        return None if re.fullmatch(r"[0-9a-f:.]+", host) else "its IPv6 address is not one"
    if _NOT_IN_A_HOST.search(host) or ":" in host or ".." in host or host.startswith("."):
        return "its host holds a character that no host has"
    if any(not c.isascii() and unicodedata.normalize("NFKC", c).isascii() for c in host):
        return "its host holds look-alikes of plain letters, digits or dots: type those instead"
    return "its host holds a look-alike of a dot: type a plain one" if "。" in host else None


def _canonical_host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    bracketed = parts.netloc.rpartition("@")[2].startswith("[")
    if len(host) > LONGEST_HOST:
        return ""
    if not bracketed:
        host = _without_www(_ascii_host(re.sub("[。．｡]", ".", host).rstrip(".")).rstrip("."))
    if not host or _NOT_IN_A_HOST.search(host) or (":" in host and not bracketed):
        return ""
    port = "" if parts.port in (None, *_DEFAULT_PORTS.values()) else f":{parts.port}"
    return (f"[{host}]" if bracketed else host) + port


def _ascii_host(host: str) -> str:
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return host


def _without_www(host: str) -> str:
    bare = re.sub(r"^(?:www\.)+", "", host)
    return bare if "." in bare else host


def _without_dots(path: str) -> str:
    """Resolve `.` and `..` (RFC 3986, section 5.2.4)."""
    if "/." not in path:
        return path
    kept: list[str] = []
    for segment in path.split("/")[1:]:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    return "/" + "/".join(kept)


def _normal(text: str, kept: str) -> str:
    """Percent-encode what must be, decode what need not be, in upper-case hexadecimal."""
    plain = _ESCAPE.sub(_unescape, text)
    stray_signs_encoded = re.sub(r"%(?![0-9A-F]{2})", "%25", plain)
    return quote(stray_signs_encoded.encode("utf-8", "surrogatepass"), safe=kept)


def _unescape(escape: re.Match[str]) -> str:
    character = unquote_to_bytes(escape[0]).decode("latin-1")
    return character if character in _UNRESERVED else escape[0].upper()
