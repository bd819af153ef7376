"""Mail as it arrives at a real server, from a dropped file and from a feed; and what becomes of mail refused."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.channels.receivers import MailServer, Receiver
from tests.flow.world import Desk, Item, Newsroom, rss, write_config
from tests.sources.server import Server, answer_of

SEED = Path(__file__).parents[2] / "seeds" / "pti-0127-defence.txt"
WATCHED = """\
actors:
  - Dong Jun
  - name: Andrey Belousov
    id: belousov
    priority: high
topics:
  - name: China-Russia military talks
    all: [[Russia, actor:belousov], [China], [talks, spoke by video]]
    within: paragraph
"""
LATER = timedelta(hours=2)


@pytest.fixture
def config(tmp_path: Path, wire: Server, mail_server: MailServer, receiver: Receiver) -> Path:
    (tmp_path / "pti").mkdir()
    directory = write_config(
        tmp_path / "config",
        monitor=f'mail: {{from: Wire watch <wire@paper.example>, server: "127.0.0.1:{mail_server.port}"}}\n'
        "channels:\n  desk: {email: [night@paper.example]}\n"
        f'  ops: {{url: "json://127.0.0.1:{receiver.port}/ops"}}\ntell: [desk]\ntroubles: [ops]\n',
        sources=f"folders: [{{path: {tmp_path / 'pti'}, alert_backlog: all}}]\n"
        f'feeds: [{{url: "{wire.url()}", name: Gazette, alert_backlog: all}}]\n',
        watchlist=WATCHED,
    )
    text = (directory / "monitor.yaml").read_text()
    (directory / "monitor.yaml").write_text(text.replace("timezone: UTC", "timezone: Asia/Kolkata"))
    wire.answers["/feed"] = answer_of(200, rss())
    return directory


def parts(mail: EmailMessage) -> tuple[str, str]:
    """Give the plain and the HTML text of a mail."""
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    return plain.get_content().replace("\r\n", "\n"), html.get_content()


async def test_a_dropped_file_arrives_as_the_documentation_shows(
    config: Path, mail_server: MailServer, tmp_path: Path
) -> None:
    file = tmp_path / "pti" / "0127.txt"
    file.write_bytes(SEED.read_bytes())
    room = Newsroom(config, tmp_path / "state")
    async with room.open():
        await room.round()
    (alert,) = room.alerts()
    mail = mail_server.mail()
    assert mail["Subject"] == "China, Russia agree to deepen defence cooperation"
    assert mail["From"] == "Wire watch <wire@paper.example>"
    assert mail["To"] == "night@paper.example"
    assert mail["X-Monitor-Alert"] == alert["id"]
    assert re.fullmatch("[a-z0-9]{4,6}", alert["id"])
    assert mail["References"] == f"<alert-{alert['id']}@paper.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content_type() == "multipart/alternative"
    plain, html = parts(mail)
    when, watches, *quotes, where = plain.rstrip("\n").split("\n")
    assert re.fullmatch(r"27 Jan 2026 · PTI · Beijing \(received \d+ s ago\)", when)
    assert watches == "Andrey Belousov (high), Dong Jun; and China-Russia military talks"
    assert quotes[0].startswith(
        "lead: \"[China]'s Defence Minister [Dong Jun] on Tuesday [spoke by video] with ["
    )
    assert "[Andrey Belousov]" in quotes[0]
    assert len(quotes) <= 5
    assert all(re.fullmatch(r'(lead|body|headline): ".*"|\d+ more', quote) for quote in quotes)
    assert where == f"{file} · watched in people.yaml:3 · monitor why {alert['id']}"
    for shown in (
        "27 Jan 2026 · PTI · Beijing",
        "Andrey Belousov (high)",
        "<b>[Andrey Belousov]</b>",
        str(file),
    ):
        assert shown in html
    assert not re.search("<(script|img|style|link|form)", html)


async def test_an_item_of_a_feed_has_its_time_in_the_newsrooms_zone_and_its_own_link_only(
    config: Path, mail_server: MailServer, wire: Server, tmp_path: Path
) -> None:
    item = Item(
        "Belousov & Dong Jun <talk>",
        "Andrey Belousov rang. See https://evil.example/login or <a href='https://evil.example'>here</a>.",
        guid="1",
        link="https://gazette.example/0127?id=7&lang=en",
        published=datetime(2026, 1, 27, 13, 12, tzinfo=UTC),
    )
    wire.answers["/feed"] = answer_of(200, rss(item))
    room = Newsroom(config, tmp_path / "state")
    async with room.open():
        await room.round()
    mail = mail_server.mail()
    plain, html = parts(mail)
    assert mail["Subject"] == item.title
    assert plain.startswith("27 Jan 2026 18:42 IST · Gazette (received ")
    assert "https://gazette.example/0127?id=7&lang=en · watched in people.yaml:" in plain
    assert re.findall('href="([^"]*)"', html) == ["https://gazette.example/0127?id=7&amp;lang=en"]
    assert "Belousov &amp; Dong Jun &lt;talk&gt;" in html
    assert "https://evil.example" not in plain + html


async def test_a_mail_put_off_goes_later_under_the_same_id(
    config: Path, mail_server: MailServer, tmp_path: Path
) -> None:
    (tmp_path / "pti" / "0127.txt").write_bytes(SEED.read_bytes())
    mail_server.replies["DATA"] = "451 greylisted"
    room = Newsroom(config, tmp_path / "state")
    async with room.open():
        assert (await room.round()).failed == 1
        (waiting,) = room.lines("deliveries")
        assert (waiting["state"], waiting["tries"]) == ("retrying", 1)
        assert "451" in waiting["detail"]
        mail_server.replies.clear()
        assert (await room.round()).sent == 0
        assert (await room.round(after=timedelta(seconds=5))).sent == 1
    assert mail_server.mail()["X-Monitor-Alert"] == room.alerts()[0]["id"]
    assert [d["state"] for d in room.lines("deliveries")] == ["sent"]


async def test_a_mail_refused_twice_is_a_dead_letter_that_troubles_hears_of_and_a_reader_does_not(
    config: Path, mail_server: MailServer, receiver: Receiver, tmp_path: Path
) -> None:
    (tmp_path / "pti" / "0127.txt").write_bytes(SEED.read_bytes())
    mail_server.replies["DATA"] = "554 looks like spam"
    room = Newsroom(config, tmp_path / "state")
    async with room.open():
        await room.round()
        mail_server.replies.clear()
        await room.round(after=LATER)
    assert mail_server.got == []
    (dead,) = [d for d in room.lines("deliveries") if d["alert"]]
    assert (dead["state"], dead["refusals"], dead["tries"]) == ("dead", 2, 2)
    (notice,) = receiver.got
    assert notice.path == "/ops"
    assert dead["alert"] in notice.json()["message"]
    assert "monitor deliveries --retry desk" in notice.json()["message"]


async def test_an_unknown_sender_pauses_the_channel_keeps_what_is_owed_and_goes_on_by_itself(
    config: Path, mail_server: MailServer, receiver: Receiver, tmp_path: Path
) -> None:
    for n in range(3):
        (tmp_path / "pti" / f"{n}.txt").write_text(f"Dong Jun speaks {n}\n\nNothing else was known.\n")
    mail_server.replies["MAIL"] = "530 log in first"
    room = Newsroom(config, tmp_path / "state")
    async with room.open():
        await room.round()
        (notice,) = receiver.got
        assert "channel desk is paused" in notice.json()["title"]
        assert [d["state"] for d in room.lines("deliveries") if d["alert"]] == ["owed"] * 3
        mail_server.replies.clear()
        await room.round(after=timedelta(minutes=10))
        await room.round()
    assert sorted(str(mail_server.mail(n)["Subject"]) for n in range(3)) == [
        f"Dong Jun speaks {n}" for n in range(3)
    ]
    assert len(mail_server.got) == 3


def test_a_test_message_goes_to_every_recipient_and_is_stored_nowhere(
    tmp_path: Path, mail_server: MailServer
) -> None:
    config = write_config(
        tmp_path / "config",
        monitor=f'mail: {{from: wire@paper.example, server: "127.0.0.1:{mail_server.port}"}}\n'
        "channels: {desk: {email: [night@paper.example, foreign@paper.example]}}\n",
        sources=f"folders: [{{path: {tmp_path}}}]\n",
        watchlist=WATCHED,
    )
    desk = Desk(config, tmp_path / "state")
    result = desk.run("send-test", "desk")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "night@paper.example: accepted\nforeign@paper.example: accepted\n"
    assert [mail.rcpt_tos for mail in mail_server.got] == [["night@paper.example"], ["foreign@paper.example"]]
    assert str(mail_server.mail()["Subject"]).startswith("TEST")
    assert not (tmp_path / "state").exists()
    mail_server.replies["RCPT"] = "550 no such user"
    result = desk.run("send-test", "desk")
    assert result.exit_code == 1
    assert (
        "night@paper.example: temporary: the mail server refused the recipient: SMTP 550\n" in result.stderr
    )
