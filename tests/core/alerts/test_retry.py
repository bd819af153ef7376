"""What becomes of a message: sent, again, once more as short plain text, dead, or kept for a paused channel."""

from datetime import timedelta

import pytest

from monitor.core.alerts.retry import back_off, hold, settle
from monitor.model import DeliveryState, SendOutcome, SendResult, Settlement
from tests.channels.samples import NOW, batch, sample_news


def settled(
    result: SendResult, *, detail: str = "HTTP 503", retry_after: timedelta | None = None, **about
) -> Settlement:  # type: ignore[no-untyped-def]
    pauses = about.pop("pauses", 0)
    back = about.pop("back", False)
    outcome = SendOutcome(result=result, detail=detail, retry_after=retry_after)
    return settle(batch(sample_news(), **about), outcome, NOW, jitter=0.0, pauses=pauses, back=back)


def test_an_accepted_message_is_sent() -> None:
    assert settled(SendResult.ACCEPTED, detail="") == Settlement(
        message="m1", state=DeliveryState.SENT, at=NOW
    )  # type: ignore[arg-type]


def test_the_first_accepted_one_after_failures_says_that_the_recipient_is_back() -> None:
    settlement = settled(SendResult.ACCEPTED, back=True)
    assert settlement.recovered == ("channel desk paused",)
    assert settlement.hasten


@pytest.mark.parametrize(("tries", "seconds"), [(0, 5), (1, 10), (2, 20), (9, 2560), (10, 3600), (99, 3600)])
def test_a_temporary_failure_is_tried_again_ever_later_up_to_an_hour(tries: int, seconds: int) -> None:
    settlement = settled(SendResult.TEMPORARY, tries=tries)
    assert settlement.state is DeliveryState.RETRYING
    assert settlement.next_try_at == NOW + timedelta(seconds=seconds)
    assert not settlement.troubles


def test_jitter_makes_a_wait_up_to_a_quarter_shorter() -> None:
    assert back_off(0, 0.999) > timedelta(seconds=3.7)


def test_what_a_receiver_asks_for_is_kept_up_to_a_day() -> None:
    assert settled(SendResult.TEMPORARY, retry_after=timedelta(minutes=7)).next_try_at == NOW + timedelta(
        minutes=7
    )
    assert settled(SendResult.TEMPORARY, retry_after=timedelta(days=90)).next_try_at == NOW + timedelta(
        hours=24
    )
    assert settled(SendResult.TEMPORARY, retry_after=timedelta(0)).next_try_at == NOW + timedelta(seconds=5)


def test_it_is_tried_for_five_days() -> None:
    nearly = timedelta(days=5) - timedelta(seconds=1)
    assert settled(SendResult.TEMPORARY, owed=NOW - nearly, tries=130).state is DeliveryState.RETRYING
    dead = settled(SendResult.TEMPORARY, owed=NOW - timedelta(days=5), tries=130)
    assert dead.state is DeliveryState.DEAD
    assert (
        "alert k7f3 for night@paper.example on channel desk was tried for five days" in dead.troubles[0].text
    )


def test_what_was_never_tried_is_not_given_up_however_old() -> None:
    assert (
        settled(SendResult.TEMPORARY, owed=NOW - timedelta(days=9), tries=0).state is DeliveryState.RETRYING
    )


def test_a_refused_message_is_tried_once_more_at_once_and_then_dead() -> None:
    first = settled(SendResult.REFUSED, detail="HTTP 400")
    assert (first.state, first.refused, first.next_try_at) == (DeliveryState.RETRYING, True, NOW)
    second = settled(SendResult.REFUSED, detail="HTTP 400", refusals=1)
    assert second.state is DeliveryState.DEAD
    assert second.refused
    assert "monitor deliveries --retry desk" in second.troubles[0].text
    assert second.troubles[0].key == "dead letter m1"


@pytest.mark.parametrize(("pauses", "minutes"), [(0, 5), (1, 10), (4, 60), (50, 60)])
def test_an_unreachable_channel_is_paused_ever_longer_and_its_deliveries_are_kept(
    pauses: int, minutes: int
) -> None:
    settlement = settled(
        SendResult.UNREACHABLE, detail="HTTP 404", owed=NOW - timedelta(days=30), pauses=pauses
    )
    assert settlement.state is DeliveryState.OWED
    assert settlement.pause_until == NOW + timedelta(minutes=minutes)
    assert settlement.troubles[0].key == "channel desk paused"
    assert "HTTP 404" in settlement.troubles[0].text


@pytest.mark.parametrize("failures", [1, 2, 5, 9])
def test_a_recipient_is_held_for_less_long_than_the_message_that_failed(failures: int) -> None:
    assert hold(failures) < back_off(failures - 1, 0.999)


def test_a_recipient_is_never_held_longer_than_five_minutes() -> None:
    assert hold(1) == timedelta(seconds=2.5)
    assert hold(1000) == timedelta(minutes=5)
