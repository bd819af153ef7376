"""Mail against a real mail server: what is on the wire, and what each reply makes of the message."""

from __future__ import annotations

import smtplib
import socket
import ssl
import threading
from email.message import EmailMessage

import pytest

from monitor.channels import services
from monitor.channels.apprise import AppriseChannel
from monitor.channels.mail import outcome
from monitor.model import Batch, MessageId, SendOutcome, SendResult, Wording
from tests.channels.conftest import by_mail, mail_settings
from tests.channels.receivers import MailServer
from tests.channels.samples import HEADLINE, NOW, batch, sample_news


async def send(channel: AppriseChannel, given: Batch | None = None) -> SendOutcome:
    given = given or batch(sample_news())
    return await channel.send(given, channel.word(given, NOW), given.message)


def part(mail: EmailMessage, kind: str) -> str:
    found = mail.get_body((kind,))
    assert found is not None
    return str(found.get_content())


async def test_a_mail_holds_plain_text_and_html_and_names_its_alert(mail_server: MailServer) -> None:
    assert await send(by_mail(mail_settings(mail_server.port))) == SendOutcome(result=SendResult.ACCEPTED)
    mail = mail_server.mail()
    assert mail["Subject"] == HEADLINE
    assert str(mail["From"]) == "Wire watch <wire@paper.example>"
    assert mail["To"] == "night@paper.example"
    assert mail["X-Monitor-Alert"] == "k7f3"
    assert mail["References"] == "<alert-k7f3@paper.example>"
    assert mail["Message-ID"] == "<m1@paper.example>"
    assert mail["Date"] == "Tue, 27 Jan 2026 13:12:04 +0000"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content_type() == "multipart/alternative"
    assert part(mail, "plain").rstrip().endswith("monitor why k7f3")
    assert "<b>[Dong Jun]</b>" in part(mail, "html")


async def test_it_goes_to_its_one_recipient(mail_server: MailServer) -> None:
    await send(by_mail(mail_settings(mail_server.port)))
    assert mail_server.got[0].rcpt_tos == ["night@paper.example"]
    assert mail_server.got[0].mail_from == "wire@paper.example"


async def test_mails_follow_one_another_without_a_wait(mail_server: MailServer) -> None:
    channel = by_mail(mail_settings(mail_server.port))
    for _ in range(3):
        assert (await send(channel)).result is SendResult.ACCEPTED
    assert len(mail_server.got) == 3


async def test_any_script_arrives_as_written(mail_server: MailServer) -> None:
    headline = "Министры обороны 国防部长 رویداد 👩\u200d🚀"
    await send(by_mail(mail_settings(mail_server.port)), batch(sample_news(headline=headline)))
    assert mail_server.mail()["Subject"] == headline


INJECTIONS = [
    "Talks\r\nBcc: thief@evil.example",
    "Talks\nX-Monitor-Alert: fake",
    "Talks\r\n\r\n<script>body</script>",
    "Talks\u2028Bcc: thief@evil.example",
    "Talks\x0b\x0c\x85Bcc: thief@evil.example",
    "=?utf-8?q?Talks=0D=0ABcc:_thief@evil.example?=",
    "=?utf-8?b?VGFsa3MNCkJjYzogdGhpZWZAZXZpbC5leGFtcGxl?=",
    "Talks\r\n.\r\nMAIL FROM:<thief@evil.example>\r\nRCPT TO:<all@paper.example>\r\nDATA\r\n",
    "Talks \x00 \ud800",
    "x" * 10_000,
    "Ж" * 998,
    "word " * 400,
]


@pytest.mark.parametrize("evil", INJECTIONS)
@pytest.mark.parametrize("where", ["headline", "agency", "place", "lead"])
async def test_outside_text_adds_no_header_no_recipient_and_no_mail(
    mail_server: MailServer, evil: str, where: str
) -> None:
    outcome = await send(by_mail(mail_settings(mail_server.port)), batch(sample_news(**{where: evil})))
    assert outcome.result is SendResult.ACCEPTED
    (envelope,) = mail_server.got
    assert envelope.rcpt_tos == ["night@paper.example"]
    content = envelope.content
    assert isinstance(content, bytes)
    head = content.split(b"\r\n\r\n")[0]
    names = [
        line.split(b":")[0].decode() for line in head.split(b"\r\n") if not line.startswith((b" ", b"\t"))
    ]
    assert sorted(names) == [
        "Auto-Submitted",
        "Content-Type",
        "Date",
        "From",
        "MIME-Version",
        "Message-ID",
        "References",
        "Subject",
        "To",
        "X-Monitor-Alert",
    ]
    assert all(len(line) <= 998 for line in content.split(b"\r\n"))
    assert mail_server.mail()["X-Monitor-Alert"] == "k7f3"


@pytest.mark.parametrize(
    ("step", "reply", "result"),
    [
        ("MAIL", "421 too busy", SendResult.TEMPORARY),
        ("MAIL", "450 later", SendResult.TEMPORARY),
        ("MAIL", "452 no room", SendResult.TEMPORARY),
        ("MAIL", "530 log in first", SendResult.UNREACHABLE),
        ("MAIL", "550 not from you", SendResult.UNREACHABLE),
        ("MAIL", "552 too large", SendResult.REFUSED),
        ("RCPT", "450 greylisted", SendResult.TEMPORARY),
        ("RCPT", "451 later", SendResult.TEMPORARY),
        ("RCPT", "530 log in first", SendResult.UNREACHABLE),
        ("RCPT", "550 no such user", SendResult.TEMPORARY),
        ("RCPT", "552 mailbox full", SendResult.TEMPORARY),
        ("RCPT", "553 bad name", SendResult.TEMPORARY),
        ("RCPT", "554 relay denied", SendResult.TEMPORARY),
        ("DATA", "421 closing", SendResult.TEMPORARY),
        ("DATA", "451 try again", SendResult.TEMPORARY),
        ("DATA", "550 content refused", SendResult.REFUSED),
        ("DATA", "552 too large", SendResult.REFUSED),
        ("DATA", "554 looks like spam", SendResult.REFUSED),
    ],
)
async def test_each_reply_of_a_mail_server_has_its_meaning(
    mail_server: MailServer, step: str, reply: str, result: SendResult
) -> None:
    mail_server.replies[step] = reply
    outcome = await send(by_mail(mail_settings(mail_server.port)))
    assert outcome.result is result
    assert reply[:3] in outcome.detail


async def test_a_connection_dropped_after_data_is_tried_again_with_the_same_id(
    mail_server: MailServer,
) -> None:
    channel = by_mail(mail_settings(mail_server.port))
    mail_server.drop_after_data = True
    assert (await send(channel)).result is SendResult.TEMPORARY
    mail_server.drop_after_data = False
    assert (await send(channel, batch(sample_news(), message=MessageId("m2")))).result is SendResult.ACCEPTED
    first, second = mail_server.mail(0), mail_server.mail(1)
    assert first["X-Monitor-Alert"] == second["X-Monitor-Alert"] == "k7f3"
    assert first["References"] == second["References"]


async def test_a_good_login_is_used() -> None:
    server = MailServer(login=("wire", "canary-secret"))
    server.start()
    try:
        good = by_mail(mail_settings(server.port, user="wire", password="canary-secret"))
        assert (await send(good)).result is SendResult.ACCEPTED
    finally:
        server.stop()
    assert server.logins == [True]


async def test_a_refused_login_means_that_the_server_cannot_be_reached() -> None:
    server = MailServer(login=("wire", "right"))
    server.start()
    try:
        bad = await send(by_mail(mail_settings(server.port, user="wire", password="canary-secret")))
    finally:
        server.stop()
    assert bad.result is SendResult.UNREACHABLE
    assert "refused the login: SMTP 535" in bad.detail
    assert "canary" not in bad.detail


async def test_a_server_without_starttls_is_not_spoken_to_in_the_clear(mail_server: MailServer) -> None:
    outcome = await send(
        by_mail(mail_settings(mail_server.port, user="wire", password="x", security="starttls"))
    )
    assert outcome.result is SendResult.UNREACHABLE
    assert not mail_server.got


async def test_no_server_at_all_is_temporary() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        outcome = await send(by_mail(mail_settings(unused.getsockname()[1])))
    assert outcome.result is SendResult.TEMPORARY
    assert outcome.detail == "the connection to the mail server failed (Connection refused)"


async def test_a_server_that_hangs_up_at_once_is_temporary() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=lambda: listening.accept()[0].close())
        thread.start()
        outcome = await send(by_mail(mail_settings(listening.getsockname()[1])))
        thread.join()
    assert outcome.result is SendResult.TEMPORARY


async def test_after_a_refusal_a_mail_is_plain_text_only(mail_server: MailServer) -> None:
    await send(by_mail(mail_settings(mail_server.port)), batch(sample_news(), refusals=1))
    mail = mail_server.mail()
    assert mail.get_content_type() == "text/plain"
    assert mail["X-Monitor-Alert"] == "k7f3"
    assert part(mail, "plain").split("\r\n") == [HEADLINE, "monitor why k7f3", ""]


@pytest.mark.parametrize(
    ("error", "result", "detail"),
    [
        (smtplib.SMTPAuthenticationError(454, b"later"), SendResult.TEMPORARY, "put the login off: SMTP 454"),
        (smtplib.SMTPRecipientsRefused({}), SendResult.TEMPORARY, "put off the recipient: SMTP 450"),
        (smtplib.SMTPConnectError(554, b"no"), SendResult.TEMPORARY, "answered 554"),
        (smtplib.SMTPDataError(535, b"log in"), SendResult.UNREACHABLE, "refused the login: SMTP 535"),
        (ssl.SSLCertVerificationError("canary"), SendResult.TEMPORARY, "TLS with the mail server failed"),
        (TimeoutError("canary"), SendResult.TEMPORARY, "did not answer within 30 s"),
        (smtplib.SMTPServerDisconnected("canary"), SendResult.TEMPORARY, "failed (SMTPServerDisconnected)"),
        (
            socket.gaierror(-2, "Name or service not known"),
            SendResult.TEMPORARY,
            "(Name or service not known)",
        ),
    ],
)
def test_each_error_of_a_mail_dialogue_has_its_meaning(
    error: Exception, result: SendResult, detail: str
) -> None:
    found = outcome(error)
    assert found.result is result
    assert detail in found.detail
    assert "canary" not in found.detail


def test_a_subject_that_was_not_made_safe_adds_no_header_all_the_same() -> None:
    service = by_mail(mail_settings(25)).service(batch().recipient)
    assert isinstance(service, services.Service)
    wording = Wording(subject="Talks\r\nBcc: thief@evil.example", plain="text")
    mail = service.plugin.compose(wording, MessageId("m1"), NOW)
    assert mail["Bcc"] is None
    assert mail["Subject"] == "Talks Bcc: thief@evil.example"
