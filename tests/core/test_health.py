"""How a source is doing, and when somebody must hear of it."""

from datetime import UTC, datetime, timedelta

from monitor.core import health
from monitor.model import ContentHash, Health, SourceId, SourceKind, SourceState, Validators

NOW = datetime(2026, 1, 27, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=15)
STATE = SourceState(
    id=SourceId("https://news.example/rss"),
    kind=SourceKind.FEED,
    name="News",
    first_seen_at=NOW,
    next_poll_at=NOW,
    validators=Validators(etag='"a"'),
)


def failed(state: SourceState, times: int = 1) -> SourceState:
    for _ in range(times):
        state = health.after_failure(state, now=NOW, next_poll_at=LATER, reason="no answer within 30 s")
    return state


def read(state: SourceState, *doubts: str) -> SourceState:
    return health.after_success(
        state,
        now=NOW,
        next_poll_at=LATER,
        validators=Validators(etag='"b"'),
        content_hash=ContentHash("00"),
        doubts=doubts,
    )


def test_a_failure_keeps_the_validators_and_the_last_good_time() -> None:
    after = failed(read(STATE))
    assert (after.validators, after.last_ok_at) == (Validators(etag='"b"'), NOW)
    assert (after.health, after.health_reason, after.failures) == (Health.FAILING, "no answer within 30 s", 1)


def test_a_success_forgets_the_failures() -> None:
    after = read(failed(STATE, 5))
    assert (after.health, after.health_reason, after.failures) == (Health.OK, None, 0)
    assert (after.next_poll_at, after.validators.etag, after.content_hash) == (LATER, '"b"', "00")


def test_the_first_reading_is_remembered() -> None:
    first = read(STATE)
    assert first.first_read_at == NOW
    again = health.after_success(
        first, now=LATER, next_poll_at=LATER, validators=Validators(), content_hash=None
    )
    assert again.first_read_at == NOW


def test_doubts_make_a_source_degraded() -> None:
    after = read(STATE, "one", "two", "three", "four")
    assert (after.health, after.health_reason) == (Health.DEGRADED, "one; two; three")


def test_trouble_is_told_once_at_the_third_failure_and_ends_with_a_success() -> None:
    told = [len(health.troubles(failed(STATE, n), failed(STATE, n + 1), NOW)) for n in range(6)]
    assert told == [0, 0, 1, 0, 0, 0]
    (trouble,) = health.troubles(failed(STATE, 2), failed(STATE, 3), NOW)
    assert trouble.text == "News has failed 3 times in a row: no answer within 30 s"
    assert health.recovered(failed(STATE, 3), read(STATE)) == (trouble.key,)
    assert health.recovered(failed(STATE, 2), read(STATE)) == ()
    assert health.recovered(failed(STATE, 3), failed(STATE, 4)) == ()


def test_refused_documents_are_told_together() -> None:
    assert health.refusals(STATE, (), NOW) == ()
    (one,) = health.refusals(STATE, (("/wire/a", "is empty"),), NOW)
    assert (one.text, one.count) == ("what News holds was not read\nThe latest: /wire/a: is empty", 1)
    (two,) = health.refusals(STATE, (("/wire/a", "is empty"), ("/wire/b", "is a pipe")), NOW)
    assert (two.text, two.count) == ("what News holds was not read\nThe latest: /wire/b: is a pipe", 2)
