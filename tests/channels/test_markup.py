"""Hostile text through each service: no mention, link, markup or beacon of the attacker's is alive in what is sent.

What is looked at is the request that Apprise makes, caught before it leaves.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
import requests

from monitor.channels import services
from monitor.config.settings import Secret
from monitor.core.alerts.wording import CHAT, MAIL, word
from monitor.model import Batch, SendResult, Wording
from tests.channels.conftest import KOLKATA, by_url
from tests.channels.samples import NOW, article, batch, match, news

OWN = "https://news.example/a?b=1&c=2"

SERVICES = {
    "discord": "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
    "slack": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general",
    "telegram": "tgram://123456789:abcdefg_hijklmnop/12315544/",
    "mattermost": "mmost://mm.example/3ccdd113474722377935511fc85d3dd4",
    "rocketchat": "rocket://canarycanary0123/canarycanarycanary@rc.example/desk",
    "ntfy": "ntfy://ntfy.example/desk",
    "webhook": "json://hook.example/in",
}

PAYLOADS = [
    "@everyone", "@here", "@channel", "@all", "@room", "@admin", "＠everyone @\u200beveryone", "@\u200beveryone",
    "<!channel>", "<!here>", "<!everyone>", "<!subteam^S1>", "<@U1>", "<@!123>", "<@&456>", "<#C1>", "<#789|x>",
    "[good](http://evil.example)", "[good](evil)", "[good][1]\n\n[1]: http://evil.example", "![x](http://evil.example/b.png)",
    "[https://bank.example](https://evil.example)", "<http://evil.example|bank.example>", "<evil.example|good>",
    "<https://evil.example>", "http://evil.example", "HTTPS://EVIL.EXAMPLE/", "//evil.example/x", "www.evil.example",
    "evil.example", "evil.example/login?x=1", "user@evil.example", "mailto:user@evil.example", "tel:+123456",
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,<script>1</script>", "vbscript:msgbox(1)",
    "tg://resolve?domain=evil", "tg://user?id=1", "slack://open", "file:///etc/passwd", "\\\\evil.example\\share",
    "<script>alert(1)</script>", "<img src=http://evil.example/b.png>", "<a href='http://evil.example'>bank</a>",
    "<b onmouseover=alert(1)>x</b>", "</p></body><iframe src=//evil.example>", "<style>*{display:none}</style>",
    "<form action=//evil.example><input>", "&lt;script&gt;", "&#60;script&#62;", "<!--", "]]>", "{{7*7}}${7*7}",
    "**bold** __under__ *it* _it_ ~~no~~ ~no~", "`code` ```block```", "||spoiler||", "# heading", "> quote",
    "safe\u202egnp.live", "pay\u200bpal.example", "zero\ufeffwidth\u2060", "\u2066@everyone\u2069",
    "nul\x00 \x1b[31mred \x07", "half \ud83d", "😀" * 300, "z" + "\u0301" * 300, "@everyone\r\n@here\u2028@all",
]  # fmt: skip


class _Links(HTMLParser):
    """Notes what an HTML text would load, link to or run."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.targets: list[str] = []
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.targets += [
            value or "" for name, value in attrs if name in ("href", "src", "action", "background")
        ]


def hostile(payload: str) -> list[Batch]:
    """Give a payload in every place that outside text can be in: one alert, a list, and the short plain form."""
    piece = article(
        headline=f"Talks {payload}",
        lead=f"{payload} Dong Jun{payload} spoke {payload}.",
        body=f"{payload}\n{payload} Dong Jun (see {payload})",
        agency=payload,
        place=payload,
        url=OWN,
    )
    told = news(piece, match("Dong Jun", piece), location=f"/srv/wire/{payload}")
    return [batch(told), batch(told, told, count=9), batch(told, refusals=1)]


def assert_dead(text: str, *, chat: bool) -> None:
    """Assert that a reader of this text is mentioned, linked and fooled by nobody but the item's own link."""
    rest = text.replace(OWN, "").replace(OWN.replace("&", "&amp;"), "")
    assert "://" not in rest
    assert not re.search(r"(?i)\b(javascript|vbscript|data|mailto|tel|tg):\S", rest)
    assert not re.search(r"(?i)\w\.(example|live)\b", rest)
    assert not re.search(
        "[\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\x00-\x09\x0b\x0c\x0e-\x1f\x7f]", rest
    )
    if chat:
        assert "](" not in rest
        assert "]:" not in rest.replace("[:]", "")
        assert not set(rest) & set("@<>*_~`|\\#"), set(rest) & set("@<>*_~`|\\#")


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[requests.PreparedRequest]]:
    """Catch every request, and answer yes in each service's manner."""
    caught: list[requests.PreparedRequest] = []

    def answer(adapter: object, request: requests.PreparedRequest, **options: object) -> requests.Response:
        caught.append(request)
        response = requests.Response()
        response.status_code = 200
        response.url = request.url or ""
        body = b"ok" if "slack.com" in response.url else b'{"ok": true, "result": []}'
        response.raw = io.BytesIO(body)
        return response

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", answer)
    return caught


def texts(value: object) -> Iterator[str]:
    """Give every text in a request's JSON that a reader sees."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in (
                "text",
                "content",
                "title",
                "message",
                "fallback",
                "body",
                "attachments",
                "embeds",
                "pretext",
            ):
                yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)
    elif isinstance(value, str):
        yield value


def said(request: requests.PreparedRequest) -> list[str]:
    """Give what a reader sees of a request: JSON, or the text itself, which is how long ones go to ntfy."""
    body = (request.body.encode() if isinstance(request.body, str) else request.body) or b""
    return list(texts(json.loads(body))) if body.startswith(b"{") else [body.decode()]


@pytest.mark.parametrize("form", [0, 1, 2], ids=["alert", "list", "plainest"])
@pytest.mark.parametrize("service", SERVICES)
def test_no_service_is_handed_a_live_mention_or_link(
    wire: list[requests.PreparedRequest], service: str, form: int
) -> None:
    made = services.by_url(Secret(SERVICES[service]))
    assert isinstance(made, services.Service)
    for payload in PAYLOADS:
        wire.clear()
        given = hostile(payload)[form]
        outcome = services.send(made, word(given, NOW, KOLKATA, CHAT), given.message, NOW)
        assert outcome.result is SendResult.ACCEPTED, (payload, outcome)
        (request,) = wire
        seen = "\n".join(said(request))
        assert "monitor why k7f3" in seen or "monitor alerts --since" in seen, payload
        if service == "telegram":
            seen = re.sub(r"^<b>(.*?)</b>", r"\1", seen)
        assert_dead(seen.replace("\r\n", "\n"), chat=True)
        assert "github" not in str(request.body)


@pytest.mark.parametrize("form", [0, 1, 2], ids=["alert", "list", "plainest"])
@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_mail_holds_a_live_link_but_the_items_own(payload: str, form: int) -> None:
    wording: Wording = word(hostile(payload)[form], NOW, KOLKATA, MAIL)
    assert_dead(wording.subject + "\n" + wording.plain, chat=False)
    assert len(wording.subject) <= 200
    assert not re.search("[\r\n\u2028\u2029\x85]", wording.subject)
    if form == 2:
        assert wording.html is None
        return
    assert wording.html is not None
    page = _Links()
    page.feed(wording.html)
    assert page.tags <= {"html", "head", "meta", "body", "div", "h1", "p", "b", "a", "span", "br"}
    assert page.attributes <= {"charset", "name", "content", "style", "href"}
    assert set(page.targets) == {OWN}


@pytest.mark.parametrize("service", ["discord", "telegram", "mattermost", "ntfy"])
def test_what_a_service_has_no_room_for_is_cut_on_purpose(
    wire: list[requests.PreparedRequest], service: str
) -> None:
    most = {"discord": 2000, "telegram": 4096, "mattermost": 4000, "ntfy": 4096}[service]
    made = services.by_url(Secret(SERVICES[service]))
    assert isinstance(made, services.Service)
    piece = article(headline="Ж" * 190, body=" ".join(f"{'Ж' * 60} Dong Jun{n}" for n in range(40)))
    told = [news(piece, match("Dong Jun", piece), id=f"k{n}") for n in range(25)]
    given = batch(*told, count=400)
    assert (
        services.send(made, word(given, NOW, KOLKATA, CHAT), given.message, NOW).result is SendResult.ACCEPTED
    )
    (request,) = wire
    seen = said(request)
    length = sum(len(s.encode()) if service == "ntfy" else len(s) for s in seen)
    assert length <= most
    assert "(cut)" in seen[-1]
    assert re.search(r"more: monitor alerts --since \S+ --until \S+$", seen[-1])


@pytest.mark.parametrize("service", SERVICES)
def test_a_list_is_counted_right_for_the_room_that_a_service_has(
    wire: list[requests.PreparedRequest], service: str
) -> None:
    channel = by_url(SERVICES[service])
    piece = article(headline="Talks about a headline of some length, " * 3)
    told = [news(piece, match("Dong Jun", piece), id=f"k{n:03}") for n in range(25)]
    given = batch(*told, count=400)
    made = channel.service(given.recipient)
    assert isinstance(made, services.Service)
    services.send(made, channel.word(given, NOW), given.message, NOW)
    seen = "\n".join(said(wire[0]))
    assert "(cut)" not in seen
    assert f"and {400 - seen.count('monitor why')} more: monitor alerts --since" in seen
