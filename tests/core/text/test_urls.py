"""Which addresses may be fetched, and which lead to one article."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.core.text.urls import canonical_link, host_key, is_bare_host, is_web_url, url_fault

ONE_ARTICLE = [
    "https://news.example/world/talks?id=7",
    "http://news.example/world/talks?id=7",
    "HTTPS://WWW.News.Example/world/talks?id=7",
    "https://news.example:443/world/talks?id=7",
    "http://news.example:80/world/talks/?id=7",
    "https://news.example./world/talks?id=7",
    "https://news.example/world/talks?id=7#comments",
    "https://news.example/world/talks?utm_source=rss&id=7&utm_medium=feed",
    "https://news.example/world/talks?id=7&fbclid=abc&gclid=def",
    "https://news.example/world/talks?id=7&at_medium=RSS&at_campaign=X",
    "https://reader:secret@news.example/world/talks?id=7",
    "https://news.example/world/./x/../talks?id=7",
    "https://news.example/%77orld/talks?id=%37",
    "  https://news.example/world/talks?id=7\n",
]


@pytest.mark.parametrize("url", ONE_ARTICLE)
def test_addresses_of_one_article_fold_into_one(url: str) -> None:
    assert canonical_link(url) == "https://news.example/world/talks?id=7"


@pytest.mark.parametrize(
    "url",
    [
        "https://news.example/world/talks?id=8",
        "https://news.example/world/Talks?id=7",
        "https://news.example:8080/world/talks?id=7",
        "https://other.example/world/talks?id=7",
        "https://news.example/world%2Ftalks?id=7",
        "https://news.example/world/talks?id=7#!/page",
        "https://news.example/world/talks?id=7#/page",
    ],
)
def test_addresses_of_other_articles_stay_apart(url: str) -> None:
    assert canonical_link(url) != "https://news.example/world/talks?id=7"


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        (
            "https://пример.example/новость",
            "https://xn--e1afmkfd.example/%D0%BD%D0%BE%D0%B2%D0%BE%D1%81%D1%82%D1%8C",
        ),
        ("https://news.example/a b", "https://news.example/a%20b"),
        ("https://news.example/100%", "https://news.example/100%25"),
        ("https://news.example/%e4", "https://news.example/%E4"),
        ("https://news.example/?p=12", "https://news.example?p=12"),
        ("https://[2001:DB8::1]/x", "https://[2001:db8::1]/x"),
        ("https://www.com/x", "https://www.com/x"),
        ("https://news.example/?a=1&&b=", "https://news.example?a=1&b="),
        ("https://news.example/../../x", "https://news.example/x"),
    ],
)
def test_a_canonical_link_is_spelled_one_way(url: str, canonical: str) -> None:
    assert canonical_link(url) == canonical


@pytest.mark.parametrize(
    "text",
    [
        "",
        "news",
        "ftp://news.example/x",
        "javascript:alert(1)",
        "tag:a,2026:1",
        "https://",
        "http:127.0.0.1",
        "https://[::1",
        "https://news.example:port/x",
        "https://a%00b.example/x",
        "https://" + "a" * 5000,
        "https://" + "a" * 300 + "/x",
    ],
)
def test_what_is_no_web_address_has_no_canonical_link(text: str) -> None:
    assert canonical_link(text) is None


def test_a_host_that_idna_refuses_is_still_one_host() -> None:
    odd = "ü" * 70 + ".example"
    assert canonical_link(f"https://{odd}/x") == canonical_link(f"http://{odd.upper()}/x/")


@pytest.mark.parametrize(
    "url",
    [
        "https://news.example",
        "http://www.news.example/",
        "https://news.example/index.html",
        "https://news.example/#top",
        "https://news.example/?utm_source=rss",
        "https://news.example:8443/",
        "https://news.example/Index.php",
    ],
)
def test_a_first_page_is_a_bare_host(url: str) -> None:
    assert is_bare_host(canonical_link(url) or "")


@pytest.mark.parametrize(
    "url",
    [
        "https://news.example/?p=12",
        "https://news.example/a",
        "https://news.example/#!/a",
        "https://news.example/a/index.html",
    ],
)
def test_a_page_of_its_own_is_no_bare_host(url: str) -> None:
    assert not is_bare_host(canonical_link(url) or "")


@given(st.text() | st.text().map("https://news.example/".__add__) | st.text().map("http://".__add__))
@example("https://news.example/%2e%2e/%2e/a")
@example("https://www.www.example.org/%25zz%zz/\ud800")
@example("http://[v1.x]/")
@example("http://\u2100/")
@example("HTTP://0\u3002.")
@example("HTTP://0[::]")
@example("HTTP://\u00af")
@example("HTTP://\x85#")
def test_any_text_is_safe_and_folding_twice_changes_nothing(text: str) -> None:
    once = canonical_link(text)
    url_fault(text)
    if once is not None:
        is_bare_host(once)
        assert canonical_link(once) == once
        assert once.isascii() or once.partition("/")[2]


@pytest.mark.parametrize(
    "url",
    [
        "https://news.example/rss",
        "http://127.0.0.1:8000/feed.xml?a=b#c",
        "https://[2001:db8::1]:8443/",
        "HTTP://NEWS.example.",
        "https://пример.example/лента",
        "https://a_b.example/",
        "https://news.example/a|b^c",
    ],
)
def test_a_web_address_has_no_fault(url: str) -> None:
    assert url_fault(url) is None
    assert is_web_url(url)


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("news.example/rss", "http:// or https://"),
        ("ftp://news.example/rss", "http:// or https://"),
        ("file:///etc/passwd", "http:// or https://"),
        ("gopher://news.example/1", "http:// or https://"),
        ("data:text/xml,<rss/>", "http:// or https://"),
        ("javascript:alert(1)", "http:// or https://"),
        ("http:127.0.0.1", "names no host"),
        ("http:///etc/passwd", "names no host"),
        ("http://inside:80\\@outside/", "backslash"),
        ("http://inside#@outside/", None),
        ("http://user:password@news.example/", "user name or password"),
        ("http://news.example@127.0.0.1/", "user name or password"),
        ("http://news.example\t/", "invisible"),
        ("http://news.\nexample/", "invisible"),
        ("http://news\u200b.example/", "invisible"),
        ("http://news.example/a b", "space"),
        ("http://news%00.example/", "no host has"),
        ("http://%31%32%37.0.0.1/", "no host has"),
        ("http://[fe80::1%25eth0]/", "IPv6"),
        ("http://[::ffff:127.0.0.1/", "not an address"),
        ("http://①②⑦.⓪.⓪.①/", "look-alike"),
        ("http://127。0。0。1/", "look-alike"),
        ("http://ｎews.example/", "look-alike"),
        ("http://news..example/", "no host has"),
        ("http://.example/", "no host has"),
        ("http://news.example:0/", "port"),
        ("http://news.example:/", "port"),
        ("http://news.example:99999/", "not an address"),
        ("http://" + "a" * 254 + "/", "longer than 253"),
        ("http://news.example/" + "a" * 4096, "longer than 4096"),
    ],
)
def test_a_fault_of_an_address_is_named(url: str, fault: str | None) -> None:
    found = url_fault(url)
    assert (found is None) if fault is None else (found is not None and fault in found)


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://News.Example/rss", "https://news.example"),
        ("https://news.example:443/rss", "https://news.example:443"),
        ("http://news.example?x", "http://news.example"),
        ("http://[2001:DB8::1]:80#x", "http://[2001:db8::1]:80"),
    ],
)
def test_a_host_is_scheme_name_and_port_as_written(url: str, key: str) -> None:
    assert host_key(url) == key
