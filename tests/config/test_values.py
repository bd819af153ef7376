"""Lengths of time, rates, sizes, distances, addresses, zones: what is read, and what is refused with which way out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from monitor.config import addresses, quantities, words
from monitor.config.problems import Unfit
from monitor.config.schema import INNER, PARTS, keys_of
from monitor.model import Backlog, Unit, Within

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (quantities.interval, "15 minutes", (15 * MINUTE, 15 * MINUTE)),
        (quantities.interval, "5 to 30 minutes", (5 * MINUTE, 30 * MINUTE)),
        (quantities.interval, "30 min to 2h", (30 * MINUTE, 2 * HOUR)),
        (quantities.interval, "5-30 min", (5 * MINUTE, 30 * MINUTE)),
        (quantities.interval, "1.5 hours", (90 * MINUTE, 90 * MINUTE)),
        (quantities.kept_for, "180 days", 180 * DAY),
        (quantities.kept_for, "2 weeks", 14 * DAY),
        (quantities.kept_for, "6 months", 180 * DAY),
        (quantities.kept_for, "forever", quantities.FOREVER),
        (quantities.rate, "30 an hour", 30),
        (quantities.rate, "30/hour", 30),
        (quantities.rate, "2 a minute", 120),
        (quantities.rate, "no limit", None),
        (quantities.size, "1 GB", 1_000_000_000),
        (quantities.size, "1.5 MiB", 1_572_864),
        (quantities.within, "sentence", Within(Unit.SENTENCE)),
        (quantities.within, "30 words", Within(Unit.WORDS, 30)),
        (quantities.backlog, "none", Backlog()),
        (quantities.backlog, "all", Backlog(everything=True)),
        (quantities.backlog, "24h", Backlog(within=DAY)),
        (quantities.backlog, "20", Backlog(newest=20)),
        (addresses.sender, "Wire watch <wire@paper.example>", ("Wire watch", "wire@paper.example")),
        (addresses.sender, "wire@paper.example", ("", "wire@paper.example")),
        (addresses.server, "smtp.paper.example", ("smtp.paper.example", 587)),
        (addresses.server, "[::1]:25", ("::1", 25)),
        (addresses.network, "127.0.0.0/8", "127.0.0.0/8"),
        (addresses.network, "10.1.2.3", "10.1.2.3/32"),
        (addresses.network, "fc00::/7", "fc00::/7"),
        (addresses.feed_url, "http://127.0.0.1:8080/a?b=c#d", "http://127.0.0.1:8080/a?b=c#d"),
        (addresses.feed_url, "https://ru.wire.example/новости", "https://ru.wire.example/новости"),
        (addresses.feed_url, "http://[::1]/f", "http://[::1]/f"),
        (addresses.zone, "Asia/Kolkata", "Asia/Kolkata"),
        (addresses.encoding, "windows-1252", "windows-1252"),
        (words.watch_id, "हिन्दी-1", "हिन्दी-1"),
    ],
)
def test_it_is_read_as(read: Callable[[str], Any], text: str, value: object) -> None:
    assert read(text) == value


@pytest.mark.parametrize(
    ("read", "text", "told"),
    [
        (quantities.interval, "0 seconds", "out of bounds: from 1 second to 7 days"),
        (quantities.interval, "8 days", "out of bounds"),
        (quantities.interval, "soon", "is no length of time"),
        (quantities.interval, "9" * 40 + " days", "is no length of time"),
        (quantities.kept_for, "2 hours", "too short to keep"),
        (quantities.kept_for, "300 years", "longer than 100 years"),
        (quantities.rate, "30 a day", "must be a number an hour or a minute"),
        (quantities.rate, "0 an hour", "would hold every message back"),
        (quantities.size, "1 GX", "is no size"),
        (quantities.within, "1 words", "from `2 words`"),
        (quantities.backlog, "24x", "`x` is no unit of time"),
        (quantities.backlog, "everything", "is not one of"),
        (addresses.mail_address, "a@b@c.example", "is no mail address"),
        (addresses.mail_address, "a b@c.example", "is no mail address"),
        (addresses.mail_address, "a@c.example\r\nBcc: x@y.example", "is no mail address"),
        (addresses.mail_address, "a@-c.example", "is no mail address"),
        (addresses.sender, "A\x07 <a@b.example>", "cannot be shown"),
        (addresses.sender, "A\r\nB <a@b.example>", "cannot be shown"),
        (addresses.server, "https://smtp.example", "is a web address"),
        (addresses.server, "smtp.example:0", "is no port"),
        (addresses.server, "::1:25", "in brackets"),
        (addresses.feed_url, "ftp://news.example/", "must begin with https:// or http://"),
        (addresses.feed_url, "file:///etc/passwd", "must begin with https:// or http://"),
        (addresses.feed_url, "https:///rss", "is no host"),
        (addresses.feed_url, "https://news.example\\@evil.example/", "cannot stand in a web address"),
        (addresses.feed_url, "https://news.example/a b", "cannot stand in a web address"),
        (addresses.feed_url, "https://news.example/\x00", "cannot stand in a web address"),
        (addresses.feed_url, "https://news.example/\u202e", "cannot stand in a web address"),
        (addresses.feed_url, "https://2130706433/", "is no host"),
        (addresses.feed_url, "https://0x7f.1/", "is no host"),
        (addresses.feed_url, "https://127.0.0.0x1/", "is no host"),
        (addresses.feed_url, "https://news.example:99999/", "no host or port"),
        (addresses.feed_url, "https://[::1/", "no host or port"),
        (addresses.feed_url, "https://news.example/" + "a" * 2_000, "longer than 2,000"),
        (addresses.network, "0.0.0.0/0", "too wide"),
        (addresses.network, "::/0", "too wide"),
        (addresses.network, "169.254.0.0/16", "holds no feeds"),
        (addresses.network, "169.254.169.254", "holds no feeds"),
        (addresses.network, "office", "is no network: type it as an address and a length"),
        (addresses.zone, "Asia", "is no time zone"),
        (addresses.zone, "../../etc/passwd", "is no time zone"),
        (addresses.zone, "/etc/localtime", "is no time zone"),
        (addresses.zone, "kolkata", "did you mean `Asia/Kolkata`?"),
        (addresses.encoding, "unicode_escape", "is no encoding of text"),
        (addresses.encoding, "zlib", "is no encoding of text"),
        (words.path, "~/wire", "~ is known to shells only"),
        (words.path, "C:\\wire", "is a path of Windows"),
        (words.watch_id, "a b", "is no id"),
        (words.channel, "my desk", "is no name of a channel"),
        (words.name, "–", "needs a letter or a digit"),
    ],
)
def test_it_is_refused_with_a_way_out(read: Callable[[str], Any], text: str, told: str) -> None:
    with pytest.raises(Unfit) as caught:
        read(text)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("name", "id"),
    [
        ("Zhang Youxia", "zhang-youxia"),
        ("  O'Brien & Sons, Ltd. ", "o-brien-sons-ltd"),
        ("Дун Цзюнь", "дун-цзюнь"),
        ("董军", "董军"),
        ("हिन्दी", "हिन्दी"),
        ("STRASSE Straße", "strasse-strasse"),
        ("Caf\u0065\u0301", "café"),
        ("Soft\u00adhyphen", "softhyphen"),
        ("Boeing 737", "boeing"),
        ("007", "007"),
        ("3.10", "3-10"),
        ("2026-01-27", "2026-01-27"),
    ],
)
def test_a_default_id_is_the_name_casefolded_with_hyphens_for_non_letters(name: str, id: str) -> None:
    assert words.default_id(name) == id


@pytest.mark.parametrize("key", sorted({k for m in (*PARTS.values(), *INNER.values()) for k in keys_of(m)}))
def test_a_name_that_is_a_key_without_its_space_is_told(key: str, config: Any) -> None:
    (found,) = config.problems(watchlist=f"actors:\n  - {key}:x\n")
    assert f"a space is missing after `{key}:`, type `{key}: x`" in found
