"""Who hears of what: the nearest `tell:`, recipients, priorities, limits, and what goes together."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from tests.channels.receivers import Got, MailServer, Receiver
from tests.flow.world import Item, Newsroom, rss, write_config
from tests.sources.server import Server, answer_of

LATER = timedelta(hours=2)
QUARTER = timedelta(minutes=15)


def title(got: Got) -> str:
    return str(got.json()["title"])


def heard(receiver: Receiver, channel: str) -> list[str]:
    """Give the titles that a channel's endpoint got."""
    return [title(got) for got in receiver.got if got.path == f"/{channel}"]


@pytest.fixture
def desk_of(tmp_path: Path, wire: Server, receiver: Receiver) -> Newsroom:
    """Four webhooks and two mail addresses, with watches that tell them at each level."""
    write_config(
        tmp_path / "config",
        monitor="channels:\n"
        + "".join(
            f'  {name}: {{url: "json://127.0.0.1:{receiver.port}/{name}"{more}}}\n'
            for name, more in {
                "everyone": "",
                "file": "",
                "watch": "",
                "phone": ", priority: urgent",
                "slow": ", at_most: 5 an hour",
            }.items()
        )
        + "tell: [everyone, phone]\n",
        sources=f'feeds: [{{url: "{wire.url()}", alert_backlog: all}}]\n',
        watchlist="actors: [Ada Quillfeather, {name: Gil Sternpost, priority: urgent}]\n",
        by_file="tell: [file]\nactors:\n  - Bo Tallow\n  - {name: Cy Thwart, tell: [watch, slow]}\n",
        limited="tell: [slow]\nactors: [Di Gunwale, {name: Ed Fairlead, priority: urgent}]\n",
        quiet="tell: [phone]\nactors: [Flo Bilge]\n",
    )
    return Newsroom(tmp_path / "config", tmp_path / "state")


def flash(name: str, n: int = 0) -> Item:
    return Item(f"{name} speaks {n}", guid=f"{name}{n}")


async def test_the_nearest_tell_says_who_hears(desk_of: Newsroom, wire: Server, receiver: Receiver) -> None:
    names = ("Ada Quillfeather", "Bo Tallow", "Cy Thwart", "Gil Sternpost", "Flo Bilge")
    wire.answers["/feed"] = answer_of(200, rss(*(flash(name) for name in names)))
    async with desk_of.open():
        await desk_of.round()
    assert sorted(heard(receiver, "everyone")) == ["Ada Quillfeather speaks 0", "Gil Sternpost speaks 0"]
    assert heard(receiver, "file") == ["Bo Tallow speaks 0"]
    assert heard(receiver, "watch") == heard(receiver, "slow") == ["Cy Thwart speaks 0"]
    assert heard(receiver, "phone") == ["Gil Sternpost speaks 0"]
    assert desk_of.withheld() == [("Flo Bilge speaks 0", "no channel")]
    assert desk_of.terminal.getvalue() == ""


async def test_an_alert_goes_once_to_each_recipient_with_the_watches_that_are_theirs(
    desk_of: Newsroom, wire: Server, receiver: Receiver
) -> None:
    both = Item("Gil Sternpost meets Bo Tallow", "Bo Tallow and Ada Quillfeather came, too.", guid="1")
    wire.answers["/feed"] = answer_of(200, rss(both))
    async with desk_of.open():
        await desk_of.round()
    said = {got.path: got.json()["message"].split("\n")[1] for got in receiver.got}
    assert said == {
        "/everyone": "Gil Sternpost (urgent), Ada Quillfeather",
        "/file": "Bo Tallow",
        "/phone": "Gil Sternpost (urgent)",
    }
    (alert,) = desk_of.alerts()
    assert [w["name"] for w in alert["watches"]] == ["Gil Sternpost", "Bo Tallow", "Ada Quillfeather"]
    assert sorted(d["channel"] for d in alert["deliveries"]) == ["everyone", "file", "phone"]
    assert {got.header("X-Monitor-Alert") for got in receiver.got} == {alert["id"]}
    assert all(f"monitor why {alert['id']}" in got.json()["message"] for got in receiver.got)


async def test_past_a_channels_limit_alerts_go_together_after_a_quarter_of_an_hour_and_urgent_ones_at_once(
    desk_of: Newsroom, wire: Server, receiver: Receiver
) -> None:
    wire.answers["/feed"] = answer_of(200, rss(*(flash("Di Gunwale", n) for n in range(40))))
    async with desk_of.open():
        await desk_of.round()
        (single,) = heard(receiver, "slow")
        assert single.startswith("Di Gunwale speaks")
        wire.answers["/feed"] = answer_of(200, rss(flash("Ed Fairlead")))
        await desk_of.round(after=QUARTER / 2)
        assert heard(receiver, "slow")[1:] == ["Ed Fairlead speaks 0"]
        await desk_of.round(after=QUARTER / 2)
        assert len(receiver.got) == 3
        together = receiver.got[-1].json()
        states = [d["state"] for a in desk_of.alerts() for d in a["deliveries"]]
    assert together["title"] == "39 alerts: Di Gunwale 39"
    listed = re.findall(r"Di Gunwale speaks \d+", together["message"])
    assert len(set(listed)) == len(listed) == 25
    assert re.search(r"\b14 more\b", together["message"])
    assert "monitor alerts" in together["message"]
    assert states == ["sent"] * 41


async def test_each_mail_address_of_each_channel_gets_a_mail_of_its_own(
    tmp_path: Path, wire: Server, mail_server: MailServer
) -> None:
    write_config(
        tmp_path / "config",
        monitor=f'mail: {{from: wire@paper.example, server: "127.0.0.1:{mail_server.port}"}}\n'
        "channels:\n  desk: {email: [night@paper.example, foreign@paper.example]}\n"
        "  boss: {email: [chief@paper.example, night@paper.example]}\ntell: [desk, boss]\n",
        sources=f'feeds: [{{url: "{wire.url()}", alert_backlog: all}}]\n',
        watchlist="actors: [Ada Quillfeather]\n",
    )
    wire.answers["/feed"] = answer_of(200, rss(flash("Ada Quillfeather")))
    room = Newsroom(tmp_path / "config", tmp_path / "state")
    async with room.open():
        await room.round()
    wanted = ["chief@paper.example", "foreign@paper.example", "night@paper.example", "night@paper.example"]
    assert sorted(address for mail in mail_server.got for address in mail.rcpt_tos) == wanted
    assert all(len(mail.rcpt_tos) == 1 for mail in mail_server.got)
    (alert,) = room.alerts()
    assert sorted((d["channel"], d["recipient"]) for d in alert["deliveries"]) == [
        ("boss", "chief@paper.example"),
        ("boss", "night@paper.example"),
        ("desk", "foreign@paper.example"),
        ("desk", "night@paper.example"),
    ]
