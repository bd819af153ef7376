"""Webhooks and chat servers of one's own, against a real HTTP server: what arrives, and what each answer means."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import sys
from datetime import timedelta

import pytest
import requests

from monitor.channels import answers, services
from monitor.channels.apprise import AppriseChannel
from monitor.model import Batch, SendOutcome, SendResult
from tests.channels.conftest import by_url
from tests.channels.receivers import Receiver, Reply
from tests.channels.samples import HEADLINE, NOW, batch, sample_news


async def send(channel: AppriseChannel, given: Batch | None = None) -> SendOutcome:
    given = given or batch(sample_news())
    return await channel.send(given, channel.word(given, NOW), given.message)


async def test_a_webhook_gets_headline_text_and_the_alerts_id(receiver: Receiver) -> None:
    assert await send(by_url(f"json://127.0.0.1:{receiver.port}/in/canary")) == SendOutcome(
        result=SendResult.ACCEPTED
    )
    (got,) = receiver.got
    assert got.path == "/in/canary"
    assert got.json()["title"] == HEADLINE
    assert got.json()["message"].endswith("monitor why k7f3")
    assert got.header("X-Monitor-Alert") == "k7f3"


@pytest.mark.parametrize(
    "url",
    [
        "ntfy://127.0.0.1:{port}/desk",
        "mmost://127.0.0.1:{port}/canarycanarycanarycanary",
        "gotify://127.0.0.1:{port}/canarycanary",
        "xml://127.0.0.1:{port}/",
        "form://127.0.0.1:{port}/",
        "rocket://canarycanary0123/canarycanarycanary@127.0.0.1:{port}/desk",
    ],
)
async def test_chat_servers_of_ones_own_get_the_alert(receiver: Receiver, url: str) -> None:
    assert (await send(by_url(url.format(port=receiver.port)))).result is SendResult.ACCEPTED
    assert len(receiver.got) == 1
    assert b"k7f3" in receiver.got[0].body


@pytest.mark.parametrize(
    ("status", "result"),
    [
        (400, SendResult.REFUSED),
        (401, SendResult.UNREACHABLE),
        (403, SendResult.UNREACHABLE),
        (404, SendResult.UNREACHABLE),
        (408, SendResult.TEMPORARY),
        (410, SendResult.UNREACHABLE),
        (413, SendResult.REFUSED),
        (422, SendResult.REFUSED),
        (429, SendResult.TEMPORARY),
        (500, SendResult.TEMPORARY),
        (502, SendResult.TEMPORARY),
        (503, SendResult.TEMPORARY),
        (599, SendResult.TEMPORARY),
    ],
)
async def test_each_status_has_its_meaning(receiver: Receiver, status: int, result: SendResult) -> None:
    receiver.usual = Reply(status=status)
    outcome = await send(by_url(f"json://127.0.0.1:{receiver.port}/in"))
    assert outcome.result is result
    assert f"HTTP {status}" in outcome.detail
    assert len(receiver.got) == 1


@pytest.mark.parametrize(
    ("reply", "wish"),
    [
        (Reply(status=429, headers=(("Retry-After", "90"),)), timedelta(seconds=90)),
        (
            Reply(status=503, headers=(("Retry-After", "Tue, 27 Jan 2026 13:22:04 GMT"),)),
            timedelta(minutes=10),
        ),
        (Reply(status=429, body=b'{"retry_after": 2.5}'), timedelta(seconds=2.5)),
        (Reply(status=429, body=b'{"ok": false, "parameters": {"retry_after": 7}}'), timedelta(seconds=7)),
        (Reply(status=429, headers=(("Retry-After", "soon"),)), None),
        (Reply(status=429, headers=(("Retry-After", "-5"),)), None),
        (Reply(status=429, headers=(("Retry-After", "9" * 400),)), timedelta(days=7)),
        (Reply(status=429), None),
    ],
)
async def test_a_wish_to_be_left_alone_is_heard(
    receiver: Receiver, reply: Reply, wish: timedelta | None
) -> None:
    receiver.usual = reply
    outcome = await send(by_url(f"json://127.0.0.1:{receiver.port}/in"))
    assert outcome.result is SendResult.TEMPORARY
    assert outcome.retry_after == wish


async def test_a_status_that_says_yes_and_a_body_that_says_no_is_no(receiver: Receiver) -> None:
    receiver.usual = Reply(body=b'{"ok": false, "error": "ratelimited"}')
    outcome = await send(by_url(f"json://127.0.0.1:{receiver.port}/in"))
    assert outcome == SendOutcome(result=SendResult.TEMPORARY, detail="HTTP 200 OK: ratelimited")


async def test_the_receivers_own_words_are_told_unless_they_hold_a_secret(receiver: Receiver) -> None:
    receiver.usual = Reply(status=400, body=b'{"description": "Bad Request: chat not\\nfound"}')
    assert (await send(by_url(f"json://127.0.0.1:{receiver.port}/canary-secret"))).detail == (
        "HTTP 400 Bad Request: Bad Request: chat not found"
    )
    receiver.usual = Reply(status=404, body=b'{"error": "nothing at /canary-secret"}')
    assert (
        await send(by_url(f"json://127.0.0.1:{receiver.port}/canary-secret"))
    ).detail == "HTTP 404 Not Found"


@pytest.mark.parametrize(
    ("login", "said"),
    [
        ("user:p%40ss%2Fword99", "bad password p@ss/word99"),
        ("user:p%40ss%2Fword99", "bad password p%40ss%2fword99"),
        ("user:p%40ss%2Fword99", "bad password p%2540ss%252Fword99"),
        ("user:p%40ss%2Fword99", "it ends in word99"),
        ("user:a%26bc", "bad password a&amp;bc"),
        ("user:abc12", "bad password abc12"),
        ("user:AbCdEf", "bad password abcdef"),
        ("user:hunter2", "x" * 145 + " hunter2 is wrong"),
        ("user:hunter2", "x" * 390 + " hunter2 is wrong"),
    ],
)
async def test_words_that_repeat_a_secret_in_any_shape_are_not_told(
    receiver: Receiver, login: str, said: str
) -> None:
    receiver.usual = Reply(status=400, body=json.dumps({"message": said}).encode())
    told = await send(by_url(f"json://{login}@127.0.0.1:{receiver.port}/x"))
    assert told.detail == "HTTP 400 Bad Request"


async def test_words_that_merely_name_the_kind_of_service_are_told(receiver: Receiver) -> None:
    receiver.usual = Reply(status=400, body=b'{"message": "no valid json"}')
    told = await send(by_url(f"json://127.0.0.1:{receiver.port}/x"))
    assert told.detail == "HTTP 400 Bad Request: no valid json"


async def test_long_words_are_cut(receiver: Receiver) -> None:
    receiver.usual = Reply(status=400, body=json.dumps({"message": "no " * 200}).encode())
    told = await send(by_url(f"json://127.0.0.1:{receiver.port}/x"))
    assert told.detail is not None
    assert len(told.detail) < 200
    assert told.detail.endswith("…")


async def test_redirects_are_not_followed_even_where_the_url_asks_for_it(receiver: Receiver) -> None:
    receiver.usual = Reply(status=302, headers=(("Location", f"http://127.0.0.1:{receiver.port}/elsewhere"),))
    outcome = await send(by_url(f"json://127.0.0.1:{receiver.port}/in?redirect=yes"))
    assert outcome.result is SendResult.TEMPORARY
    assert [g.path for g in receiver.got] == ["/in"]


async def test_a_reset_after_the_body_is_temporary(receiver: Receiver) -> None:
    receiver.usual = Reply(reset=True)
    outcome = await send(by_url(f"json://127.0.0.1:{receiver.port}/in"))
    assert outcome.result is SendResult.TEMPORARY
    assert outcome.detail == "the connection failed"


async def test_nobody_listening_is_temporary() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        outcome = await send(by_url(f"json://127.0.0.1:{unused.getsockname()[1]}/in"))
    assert outcome.result is SendResult.TEMPORARY


async def test_no_tls_on_the_other_end_is_temporary(receiver: Receiver) -> None:
    outcome = await send(by_url(f"jsons://127.0.0.1:{receiver.port}/in"))
    assert outcome.result is SendResult.TEMPORARY


async def test_a_receiver_that_hangs_is_given_up_at_the_deadline(receiver: Receiver) -> None:
    receiver.usual = Reply(hang=1)
    outcome = await send(by_url(f"json://127.0.0.1:{receiver.port}/in", deadline=0.1))
    assert outcome.result is SendResult.TEMPORARY
    assert "not done within" in outcome.detail


async def test_sends_that_hang_do_not_pile_up_without_end(receiver: Receiver) -> None:
    receiver.usual = Reply(hang=1)
    channel = by_url(f"json://127.0.0.1:{receiver.port}/in", deadline=0.05)
    outcomes = await asyncio.gather(*(send(channel) for _ in range(9)))
    assert {o.detail for o in outcomes} == {"not done within 0 s"}
    assert (await send(channel)).detail == "earlier sends still hang"


async def test_messages_in_flight_at_once_share_nothing(receiver: Receiver) -> None:
    receiver.usual = Reply(hang=0.05)
    channel = by_url(f"json://127.0.0.1:{receiver.port}/in", parallel=32)
    await asyncio.gather(*(send(channel, batch(sample_news(f"k{n}"))) for n in range(32)))
    assert receiver.most_at_once > 16
    assert sorted(g.header("X-Monitor-Alert") or "" for g in receiver.got) == sorted(
        f"k{n}" for n in range(32)
    )
    for got in receiver.got:
        assert got.json()["message"].endswith(f"monitor why {got.header('X-Monitor-Alert')}")


async def test_nothing_secret_is_logged_at_any_level(
    receiver: Receiver, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    receiver.replies = [Reply(), Reply(status=404), Reply(reset=True)]
    channel = by_url(
        f"json://canaryuser:canarypass@127.0.0.1:{receiver.port}/canarypath?+X-Token=canaryheader"
    )
    outcomes = [await send(channel) for _ in range(3)]
    assert receiver.got[0].header("X-Token") == "canaryheader"
    told = caplog.text + "".join(capfd.readouterr()) + repr(outcomes) + repr(channel.__dict__["_settings"])
    assert "canary" not in told


async def test_a_url_that_apprise_does_not_know_is_unreachable_and_not_shown() -> None:
    outcome = await send(by_url("nosuchservice://canary@host"))
    assert outcome.result is SendResult.UNREACHABLE
    assert "canary" not in outcome.detail
    assert "nosuchservice://" in outcome.detail


def test_channels_do_not_load_apprise_before_they_send() -> None:
    import subprocess

    code = "import monitor.channels, sys; sys.exit('apprise' in sys.modules or 'requests' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=30).returncode == 0


@pytest.mark.parametrize(
    "body", [b"{broken", b"[1]", b"{" + b"[" * 100_000, b'{"error": 7}', b"x" * 2_000_000]
)
async def test_an_answer_that_makes_no_sense_is_judged_by_its_status(receiver: Receiver, body: bytes) -> None:
    receiver.usual = Reply(status=500, body=body)
    outcome = await send(by_url(f"json://127.0.0.1:{receiver.port}/in"))
    assert outcome == SendOutcome(result=SendResult.TEMPORARY, detail="HTTP 500 Internal Server Error")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (requests.exceptions.ConnectTimeout("canary"), "no connection within 10 s"),
        (requests.exceptions.ReadTimeout("canary"), "no answer within 30 s"),
        (requests.exceptions.SSLError("canary"), "TLS failed"),
        (requests.exceptions.ConnectionError("canary"), "the connection failed"),
        (requests.exceptions.InvalidHeader("canary"), "the request failed (InvalidHeader)"),
    ],
)
async def test_why_there_was_no_answer_is_said_in_words_that_hold_no_url(
    monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    def fail(*args: object, **options: object) -> None:
        raise error

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", fail)
    assert await send(by_url("json://host.example/in")) == SendOutcome(
        result=SendResult.TEMPORARY, detail=said
    )


async def test_a_service_that_raises_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **options: object) -> None:
        raise KeyError("canary")

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", fail)
    outcome = await send(by_url("json://host.example/in"))
    assert outcome == SendOutcome(result=SendResult.TEMPORARY, detail="Apprise failed (KeyError)")


def test_requests_of_others_are_left_as_they_are(receiver: Receiver) -> None:
    answers.listen()
    answers.listen()
    receiver.replies = [Reply(status=302, headers=(("Location", "/elsewhere"),))]
    assert requests.get(f"http://127.0.0.1:{receiver.port}/", timeout=5).status_code == 200
    assert [g.path for g in receiver.got] == ["/", "/elsewhere"]


def test_no_more_of_an_answer_is_read_than_any_service_needs(receiver: Receiver) -> None:
    receiver.usual = Reply(body=b"x" * 600_000, claimed=10_000_000)
    answers.listen()
    with answers.hearing(NOW) as heard:
        response = requests.get(f"http://127.0.0.1:{receiver.port}/", timeout=5)
    assert len(response.content) == answers.LONGEST_ANSWER
    assert heard == [answers.Answer(status=200)]


async def test_what_is_said_of_one_message_stays_with_it(receiver: Receiver) -> None:
    channel = by_url(f"json://127.0.0.1:{receiver.port}/in?+X-Own=kept")
    given = batch(sample_news())
    await send(channel, given)
    service = channel.service(given.recipient)
    assert isinstance(service, services.Service)
    assert service.plugin.headers == {"X-Own": "kept"}
    assert receiver.got[0].header("X-Own") == "kept"
    assert "kept" not in repr(service)


def test_a_service_of_few_lines_keeps_the_id() -> None:
    assert services._in_lines("a\nb\nc\nid", 0) == "a\nb\nc\nid"
    assert services._in_lines("a\nb\nc\nid", 3) == "a\nb\nid"
    assert services._in_lines("a\nb\nc\nid", 1) == "a · id"
