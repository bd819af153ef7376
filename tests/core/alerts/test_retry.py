"""What becomes of a message: sent, again, once more as short plain text, dead, or kept for a paused channel."""

from datetime import timedelta

import pytest

from monitor.core.alerts.retry import Standing, back_off, cancelled, hold, settle, wish
from monitor.model import (
    ChannelName,
    DeliveryState,
    Recipient,
    SendOutcome,
    SendResult,
    Settlement,
    Trouble,
)
from tests.channels.samples import NOW, batch, sample_news

HOUR = timedelta(hours=1)
UNKNOWN = Standing()


def settled(
    result: SendResult,
    *,
    detail: str = "HTTP 503",
    retry_after: timedelta | None = None,
    standing: Standing = UNKNOWN,
    **about: object,
) -> Settlement:
    outcome = SendOutcome(result=result, detail=detail, retry_after=retry_after)
    return settle(batch(sample_news(), **about), outcome, NOW, standing, jitter=0.0)  # type: ignore[arg-type]


def told(settlement: Settlement) -> Trouble:
    (trouble,) = settlement.troubles
    return trouble


def test_an_accepted_message_is_sent() -> None:
    assert settled(SendResult.ACCEPTED, detail="") == Settlement(
        message="m1", state=DeliveryState.SENT, at=NOW
    )  # type: ignore[arg-type]


def test_the_first_accepted_one_after_failures_ends_all_that_was_told_of_the_recipient() -> None:
    settlement = settled(SendResult.ACCEPTED, standing=Standing(back=True, hasten=True))
    assert settlement.recovered == (
        "channel desk paused",
        "channel desk down",
        "channel desk does not reach night@paper.example",
    )
    assert settlement.hasten
    assert not settled(SendResult.ACCEPTED, standing=Standing(back=True)).hasten


@pytest.mark.parametrize(("tries", "seconds"), [(0, 5), (1, 10), (2, 20), (9, 2560), (10, 3600), (99, 3600)])
def test_a_temporary_failure_is_tried_again_ever_later_up_to_an_hour(tries: int, seconds: int) -> None:
    settlement = settled(SendResult.TEMPORARY, tries=tries)
    assert settlement.state is DeliveryState.RETRYING
    assert settlement.next_try_at == NOW + timedelta(seconds=seconds)
    assert not settlement.troubles


def test_jitter_makes_a_wait_up_to_a_quarter_shorter() -> None:
    assert back_off(0, 0.999) > timedelta(seconds=3.7)


def test_what_a_receiver_asks_for_is_kept_up_to_an_hour() -> None:
    seven, ninety = timedelta(minutes=7), timedelta(days=90)
    assert settled(SendResult.TEMPORARY, retry_after=seven).next_try_at == NOW + seven
    assert settled(SendResult.TEMPORARY, retry_after=ninety).next_try_at == NOW + HOUR
    assert settled(SendResult.TEMPORARY, retry_after=timedelta(0)).next_try_at == NOW + timedelta(seconds=5)


def test_no_answer_has_a_recipient_left_alone_for_longer_than_an_hour() -> None:
    asked = SendOutcome(result=SendResult.TEMPORARY, retry_after=timedelta(hours=24))
    assert wish(asked) == HOUR
    assert wish(SendOutcome(result=SendResult.TEMPORARY)) == timedelta(0)


def test_it_is_tried_for_five_days() -> None:
    nearly = timedelta(days=5) - timedelta(seconds=1)
    assert settled(SendResult.TEMPORARY, owed=NOW - nearly, tries=130).state is DeliveryState.RETRYING
    dead = settled(SendResult.TEMPORARY, owed=NOW - timedelta(days=5), tries=130)
    assert dead.state is DeliveryState.DEAD
    assert told(dead).text.split("\n")[:3] == [
        "dead letters for night@paper.example on channel desk",
        "The latest was tried for five days: HTTP 503",
        "alert k7f3",
    ]


def test_what_was_never_tried_is_not_given_up_however_old() -> None:
    nine_days = NOW - timedelta(days=9)
    assert settled(SendResult.TEMPORARY, owed=nine_days, tries=0).state is DeliveryState.RETRYING


def test_a_refused_message_is_tried_once_more_at_once_and_then_dead() -> None:
    first = settled(SendResult.REFUSED, detail="HTTP 400")
    assert (first.state, first.refused, first.next_try_at) == (DeliveryState.RETRYING, True, NOW)
    second = settled(SendResult.REFUSED, detail="HTTP 400", refusals=1)
    assert second.state is DeliveryState.DEAD
    assert second.refused
    assert "monitor deliveries --retry desk" in told(second).text
    assert "refused, as short plain text too: HTTP 400" in told(second).text


def test_dead_letters_of_one_recipient_are_one_trouble_with_their_number() -> None:
    first = told(settled(SendResult.REFUSED, refusals=1, message="m1"))
    list_ = told(settled(SendResult.REFUSED, refusals=1, message="m2", count=40))
    other = told(settled(SendResult.REFUSED, refusals=1, recipient=Recipient("foreign@paper.example")))
    assert first.key == list_.key != other.key
    assert (first.count, list_.count) == (1, 40)
    assert "alert k7f3 and 39 more" in list_.text


def test_a_notice_that_is_dead_itself_is_named_by_its_first_line() -> None:
    notice = Trouble(key="k", text="Wire failed: <b>\nSee there.", at=NOW, outside=("<b>",))
    refused = SendOutcome(result=SendResult.REFUSED, detail="HTTP 413")
    dead = told(settle(batch(notice, refusals=1), refused, NOW, Standing(), jitter=0.0))
    assert "\nnotice: Wire failed: <b>\n" in dead.text
    assert dead.outside == ("HTTP 413", "<b>")


@pytest.mark.parametrize(("pauses", "minutes"), [(0, 5), (1, 10), (4, 60), (50, 60)])
def test_an_unreachable_channel_is_paused_ever_longer_and_its_deliveries_are_kept(
    pauses: int, minutes: int
) -> None:
    settlement = settled(
        SendResult.UNREACHABLE,
        detail="HTTP 404",
        owed=NOW - timedelta(days=30),
        standing=Standing(pauses=pauses),
    )
    assert settlement.state is DeliveryState.OWED
    assert settlement.pause_until == NOW + timedelta(minutes=minutes)
    assert told(settlement).key == "channel desk paused"
    assert told(settlement).text.startswith("channel desk is paused: HTTP 404\n")
    assert told(settlement).over == "channel desk takes messages again"


def test_a_channel_that_is_refused_after_it_was_mended_is_told_of_anew() -> None:
    assert told(settled(SendResult.UNREACHABLE, standing=Standing(mended=True))).anew
    assert not told(settled(SendResult.UNREACHABLE)).anew


def test_a_channel_that_takes_nothing_for_an_hour_is_told_of() -> None:
    nearly = Standing(failing=HOUR - timedelta(seconds=1))
    assert settled(SendResult.TEMPORARY, standing=nearly).troubles == ()
    down = told(settled(SendResult.TEMPORARY, standing=Standing(failing=HOUR)))
    assert down.key == "channel desk down"
    assert down.text.startswith("channel desk has taken nothing for an hour: HTTP 503\n")
    assert down.over == "channel desk takes messages again"
    assert down.count == 0


def test_a_recipient_that_alone_gets_nothing_is_told_of_by_its_address() -> None:
    alone = told(settled(SendResult.TEMPORARY, standing=Standing(failing=HOUR, alone=True)))
    assert alone.key == "channel desk does not reach night@paper.example"
    assert alone.text.startswith("nothing has reached night@paper.example on channel desk for an hour: ")
    assert alone.over == "night@paper.example on channel desk is reached again"


def test_what_is_not_sent_any_more_is_told_with_its_number() -> None:
    desk, old = ChannelName("desk"), Recipient("old@paper.example")
    gone = cancelled(desk, old, 12, NOW)
    assert gone.count == 12
    assert gone.text.startswith(
        "alerts owed to old@paper.example on channel desk, which left the configuration, are not sent any more\n"
    )
    assert cancelled(desk, Recipient("desk"), 1, NOW).text.startswith("alerts owed to channel desk, which")


@pytest.mark.parametrize("failures", [1, 2, 5, 9])
def test_a_recipient_is_held_for_less_long_than_the_message_that_failed(failures: int) -> None:
    assert hold(failures) < back_off(failures - 1, 0.999)


def test_a_recipient_is_never_held_longer_than_five_minutes() -> None:
    assert hold(1) == timedelta(seconds=2.5)
    assert hold(1000) == timedelta(minutes=5)
