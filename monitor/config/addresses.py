"""Checks what people write for mail addresses, feeds, mail servers, networks, zones and encodings.

Text in, value out, Unfit raised with what to type instead. Looks nothing up on a network.
"""

from __future__ import annotations

import codecs
import ipaddress
import re
import zoneinfo
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from monitor.config.problems import Unfit, meant, quote
from monitor.config.zones import meant_zone

MOST_URL = 2_000
_LOCAL = re.compile(r"[^\s@<>(),;:\\\"\[\]\x00-\x20\x7f]{1,64}\Z")
_LABEL = re.compile(r"(?!-)[^\W_](?:[\w-]{0,61}[^\W_])?\Z")
_NAMED = re.compile(r"\s*(.*?)\s*<([^<>]*)>\s*\Z", re.DOTALL)
_APPRISE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,30}://\S")
_ENCODINGS = (
    "utf-8",
    "windows-1250",
    "windows-1251",
    "windows-1252",
    "iso-8859-1",
    "iso-8859-2",
    "iso-8859-15",
    "koi8-r",
    "gb18030",
    "big5",
    "shift_jis",
    "euc-jp",
    "euc-kr",
    "utf-16",
    "ascii",
)
# Codecs that are no encodings of text as agencies send it.
_NO_ENCODINGS = {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"}


def printable(text: str) -> str:
    """Give a one-line text without control characters. Raises Unfit."""
    if any(not c.isprintable() and c not in "\u200c\u200d\u00ad\u3000\u00a0" for c in text):
        raise Unfit(f"`{quote(text)}` holds a character that cannot be shown: delete it")
    return text


def mail_address(text: str) -> str:
    """Check one mail address: a local part, one @, a host. Raises Unfit."""
    asked = text.strip()
    local, at, host = asked.rpartition("@")
    if not at:
        raise Unfit(f"`{quote(text)}` is no mail address: it has no @")
    if "," in asked or ";" in asked:
        raise Unfit(
            f"`{quote(text)}` are several addresses: type each on its own, [one@paper.example, "
            f"two@paper.example]"
        )
    if asked.count("@") > 1 or not _LOCAL.match(local) or ".." in local or not _is_host(host):
        raise Unfit(f"`{quote(text)}` is no mail address: type one such as night@paper.example")
    return asked


def sender(text: str) -> tuple[str, str]:
    """Read `Name <address>` or a bare address: the name, and the address."""
    match = _NAMED.match(text)
    if match is None:
        return "", mail_address(text)
    name = printable(match.group(1).strip().strip('"'))
    return name, mail_address(match.group(2))


def contact(text: str) -> str:
    """Check what goes into the User-Agent: a mail address or a web address."""
    asked = text.strip()
    if asked.startswith(("http://", "https://")):
        return feed_url(asked)
    return mail_address(asked)


def server(text: str) -> tuple[str, int]:
    """Read `host` or `host:port`; the port is 587 where none is given."""
    asked = text.strip()
    if "://" in asked:
        raise Unfit(
            f"`{quote(text)}` is a web address: type the mail server's name only, `smtp.paper.example:587`"
        )
    host, colon, port = asked.rpartition(":")
    if not colon or (asked.startswith("[") and asked.endswith("]")):
        host, port = asked, "587"
    elif ":" in host and not host.startswith("["):
        raise Unfit(f"`{quote(text)}`: type an IPv6 address in brackets, `[::1]:587`")
    bare = host.removeprefix("[").removesuffix("]")
    if not (_is_host(bare) or _is_address(bare)):
        raise Unfit(f"`{quote(text)}` is no server: type its name and port, such as `smtp.paper.example:587`")
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65_536):
        raise Unfit(f"`{quote(port)}` is no port: type a number from 1 to 65535, usually 587, 465 or 25")
    return bare, int(port)


def on_this_machine(host: str) -> bool:
    """Whether a mail server's name is this machine's own."""
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def feed_url(text: str) -> str:
    """Check a feed's address: http or https, a host, nothing secret, no odd characters. Raises Unfit."""
    asked = text.strip()
    if len(asked) > MOST_URL:
        raise Unfit(f"is longer than {MOST_URL:,} characters")
    scheme, colon, rest = asked.partition(":")
    if scheme.casefold() in ("feed", "rss", "feeds") and colon:
        raise Unfit(
            f"`{quote(scheme)}:` is for feed readers, did you mean "
            f"`https://{quote(rest.lstrip('/'), most=40)}`?"
        )
    if scheme.casefold() not in ("http", "https") or not rest.startswith("//"):
        told = f", did you mean `https://{quote(asked, most=40)}`?" if _like_host(asked) else ""
        raise Unfit(f"`{quote(asked)}` is no web address: it must begin with https:// or http://{told}")
    if bad := next((c for c in asked if c.isspace() or not c.isprintable() or c in '\\<>"^`{|}'), None):
        raise Unfit(
            f"`{quote(bad)}` (U+{ord(bad):04X}) cannot stand in a web address: copy the address again"
        )
    _check_authority(asked)
    return asked


def _check_authority(url: str) -> None:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise Unfit(f"`{quote(url)}` has no host or port that makes sense: check the part after //") from None
    if "@" in parts.netloc:
        raise Unfit(
            "holds a user name or password, which would be stored and shown with every article: ask the "
            "publisher for an address without"
        )
    if not (_is_host(host) or _is_address(host)) or port == 0:
        raise Unfit(f"`{quote(parts.netloc)}` is no host: check the part after //")


def _like_host(text: str) -> bool:
    return _is_host(text.split("/", 1)[0].split(":", 1)[0]) and "." in text


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return "%" not in host


def _is_host(host: str) -> bool:
    """A name of labels, of any script; a last label of digits is an odd way to write an IP address."""
    labels = host.removesuffix(".").split(".")
    if not 0 < len(host) <= 253 or not all(_LABEL.match(label) for label in labels):
        return False
    return not (labels[-1].isdigit() or labels[-1].casefold().startswith("0x")) or _is_address(host)


def channel_url(text: str) -> str:
    """Check that a channel's address has a scheme. Never shows it: it may be a secret."""
    if any(ord(c) < 32 or c == "\x7f" for c in text):
        raise Unfit("holds a line break or another control character: the address must be on one line")
    if text.partition(":")[0].casefold() in ("mailto", "mailtos"):
        raise Unfit(
            "is a mail address: type `email: [night@paper.example]` in its place, and say in `mail:` which server it "
            "goes through"
        )
    if not _APPRISE.match(text):
        raise Unfit(
            "is no address that Apprise knows: it begins with the kind of service, such as `tgram://…`, "
            "`slack://…` or `json://…`"
        )
    return text


def network(text: str) -> str:
    """Check a network of one's own that feeds may be on, as `10.1.0.0/16`. Raises Unfit where it is too wide."""
    asked = text.strip()
    try:
        net = ipaddress.ip_network(asked)
    except ValueError:
        raise Unfit(f"`{quote(text)}` is no network{_network_hint(asked)}") from None
    private = net.version == 6 and net.subnet_of(ipaddress.IPv6Network("fc00::/7"))
    least = 8 if net.version == 4 else 7 if private else 16
    if net.prefixlen < least:
        raise Unfit(
            f"`{quote(text)}` is too wide: it would let a hostile feed reach almost any machine; name "
            f"your own "
            "network only, such as `10.1.0.0/16`"
        )
    if net.is_link_local or net.is_multicast or net.is_unspecified:
        raise Unfit(
            f"`{quote(text)}` holds no feeds: cloud machines keep their secrets there; name your own network "
            "only, such as `10.1.0.0/16`"
        )
    return str(net)


def _network_hint(text: str) -> str:
    try:
        return f", did you mean `{ipaddress.ip_network(text, strict=False)}`?"
    except ValueError:
        return ": type it as an address and a length, such as `10.1.0.0/16`"


def zone(text: str) -> str:
    """Check the name of a time zone. Raises Unfit with the nearest name."""
    asked = text.strip()
    try:
        ZoneInfo(asked)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        near = meant_zone(asked)
        hint = f", did you mean `{near}`?" if near else ""
        told = f"`{quote(text)}` is no time zone: type one such as `Asia/Kolkata` or `UTC`{hint}"
        raise Unfit(told) from None
    return asked


def encoding(text: str) -> str:
    """Check the name of a text encoding. Raises Unfit with the nearest name."""
    asked = text.strip()
    try:
        known = codecs.lookup(asked)
        fit = known.name.replace("-", "_") not in _NO_ENCODINGS and isinstance(b"a".decode(asked), str)
    except (LookupError, ValueError):
        fit = False
    if not fit and asked not in ("utf-16", "utf-32"):
        raise Unfit(
            f"`{quote(text)}` is no encoding of text: type one such as `windows-1252` or `utf-8`"
            f"{meant(asked, _ENCODINGS)}"
        )
    return asked
