"""Channels as configured: built by name, checked without a message, tried with a marked one."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from monitor.channels import build_channels, check_channel, send_test, services
from monitor.channels.apprise import AppriseChannel, _longest
from monitor.channels.console import Console
from monitor.config.settings import ChannelSettings, MailSettings, Secret, Settings
from monitor.model import ChannelName, Recipient, SendResult, Watchlist, WatchlistVersion
from tests.channels.conftest import mail_settings
from tests.channels.receivers import MailServer, Receiver
from tests.channels.samples import NOW


def channel(name: str, *recipients: str, url: str | None = None, mail: bool = False) -> ChannelSettings:
    return ChannelSettings(
        name=ChannelName(name),
        recipients=tuple(Recipient(r) for r in recipients or (name,)),
        url=Secret(url) if url else None,
        mail=mail,
    )


def settings(*channels: ChannelSettings, mail: MailSettings | None = None) -> Settings:
    return Settings(
        directory=Path("/nowhere"),
        contact=None,
        timezone=ZoneInfo("UTC"),
        sources=(),
        watchlist=Watchlist(version=WatchlistVersion("v"), watches=()),
        channels=channels,
        mail=mail,
        troubles=(),
        fallback=(),
    )


def test_each_channel_is_built_under_its_name() -> None:
    given = settings(
        channel("terminal"),
        channel("desk", "a@paper.example", mail=True),
        channel("hook", url="json://host/"),
    )
    built = build_channels(given, stream=io.StringIO(), now=lambda: NOW)
    assert {name: type(c) for name, c in built.items()} == {
        "terminal": Console,
        "desk": AppriseChannel,
        "hook": AppriseChannel,
    }
    assert all(c.name == name for name, c in built.items())


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        (channel("terminal"), None),
        (channel("hook", url="json://host.example/path"), None),
        (channel("tg", url="tgram://123456789:abcdefg_hijklmnop/12315544/"), None),
        (channel("desk", "night@paper.example", mail=True), None),
        (channel("hook", url="htps://canary"), "htps:// is not the start of a URL that Apprise knows"),
        (channel("hook", url="canary without scheme"), "this is not the start of a URL that Apprise knows"),
        (channel("tg", url="tgram://canary/"), "the tgram:// URL lacks something"),
        (channel("tg", url="tgram://123456789:canary_hijklmnop/1234/5678/"), "names 2 recipients"),
        (channel("chat", url=f"https://hooks.slack.com/services/{'T' * 9}/{'A' * 9}/{'x' * 24}"), None),
        (channel("chat", url=f"https://discord.com/api/webhooks/{'1' * 18}/{'x' * 40}"), None),
        (channel("hook", url="https://paper.example/canary"), "of your own, type jsons:// in its place"),
        (channel("hook", url="HTTP://paper.example/canary"), "of your own, type json:// in its place"),
        (channel("desk", "no address canary"[:10], mail=True), "is no mail address"),
        (channel("desk", "a@b.example, c@d.example", mail=True), "is no mail address"),
    ],
)
def test_a_channel_is_checked_without_showing_its_url(given: ChannelSettings, complaint: str | None) -> None:
    said = check_channel(given, settings(given, mail=mail_settings(25)))
    if complaint is None:
        assert said is None
    else:
        assert said is not None
        assert complaint in said
        assert "canary" not in said


def test_mail_addresses_without_a_server_are_a_mistake() -> None:
    given = channel("desk", "night@paper.example", mail=True)
    said = check_channel(given, settings(given))
    assert said is not None
    assert "no `mail:`" in said


def test_a_sender_that_is_no_address_is_a_mistake() -> None:
    given = channel("desk", "night@paper.example", mail=True)
    mail = replace(mail_settings(25), sender_address="nobody")
    assert check_channel(given, settings(given, mail=mail)) is not None


async def test_a_test_message_goes_to_each_recipient_and_is_marked(mail_server: MailServer) -> None:
    given = channel("desk", "night@paper.example", "foreign@paper.example", mail=True)
    outcomes = await send_test(
        settings(given, mail=mail_settings(mail_server.port)), ChannelName("desk"), NOW
    )
    assert [(r, o.result) for r, o in outcomes] == [
        ("night@paper.example", SendResult.ACCEPTED),
        ("foreign@paper.example", SendResult.ACCEPTED),
    ]
    assert mail_server.mail()["Subject"] == "TEST: this is how an alert arrives"
    assert [e.rcpt_tos for e in mail_server.got] == [["night@paper.example"], ["foreign@paper.example"]]


async def test_a_test_message_to_a_webhook(receiver: Receiver) -> None:
    given = channel("hook", url=f"json://127.0.0.1:{receiver.port}/")
    ((_, outcome),) = await send_test(settings(given), ChannelName("hook"), NOW)
    assert outcome.result is SendResult.ACCEPTED
    assert "nothing has happened" in receiver.got[0].json()["message"]


async def test_a_test_message_to_the_terminal() -> None:
    stream = io.StringIO()
    await send_test(settings(channel("terminal")), ChannelName("terminal"), NOW, stream=stream)
    assert stream.getvalue().startswith("TEST: ")


@pytest.mark.parametrize(
    ("copied", "own"),
    [
        (f"https://hooks.slack.com/services/{'T' * 9}/{'A' * 9}/{'x' * 24}", "slack"),
        (f"https://discord.com/api/webhooks/{'1' * 18}/{'x' * 40}", "discord"),
        (
            "https://prod-12.westus.logic.azure.com:443/workflows/643e69f83c8944/triggers/manual/paths/invoke"
            "?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=KODuebWbDGYFr0z0eu",
            "workflow",
        ),
    ],
)
def test_an_address_as_a_service_shows_it_is_that_service(copied: str, own: str) -> None:
    service = services.by_url(Secret(copied))
    assert isinstance(service, services.Service)
    assert service.schema == own
    assert _longest(Secret(copied)) == _longest(Secret(f"{own}://x"))
