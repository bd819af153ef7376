"""The decision that an article must be heard of, and by whom."""

from datetime import UTC, datetime, timedelta

import pytest

from monitor.core.alerts.decide import Arrival, decide, wanted_backlog
from monitor.core.alerts.routing import Outlet, routes
from monitor.model import (
    AlertKind,
    Backlog,
    ChannelName,
    Match,
    Novelty,
    Origin,
    Priority,
    Reason,
    Recipient,
    WatchId,
    WatchKind,
)

NOW = datetime(2026, 1, 27, 12, tzinfo=UTC)


def match(watch: str, priority: Priority = Priority.NORMAL, *tell: str) -> Match:
    return Match(
        watch=WatchId(watch),
        name=watch.title(),
        kind=WatchKind.PERSON,
        priority=priority,
        origin=Origin("people.yaml", 1),
        mentions=(),
        tell=tuple(ChannelName(t) for t in tell or ("desk",)),
    )


def outlet(name: str, *recipients: str, least: Priority = Priority.LOW) -> Outlet:
    return Outlet(channel=ChannelName(name), recipients=tuple(Recipient(r) for r in recipients), least=least)


OUTLETS = {
    ChannelName("desk"): outlet("desk", "night@paper.example", "foreign@paper.example"),
    ChannelName("phone"): outlet("phone", "phone", least=Priority.URGENT),
}


@pytest.mark.parametrize(
    ("novelty", "reason", "backlog", "wanted", "kind", "given", "suppressed"),
    [
        (Novelty.NEW, Reason.NEW, False, False, AlertKind.NEW, Reason.NEW, False),
        (Novelty.NEW, Reason.NEW, True, True, AlertKind.NEW, Reason.BACKLOG_WANTED, False),
        (Novelty.NEW, Reason.NEW, True, False, AlertKind.NEW, Reason.BACKLOG, True),
        (Novelty.VERSION, Reason.UPDATED, False, False, AlertKind.UPDATE, Reason.UPDATED, True),
        (Novelty.COPY, Reason.SAME_LINK, False, False, AlertKind.NEW, Reason.SAME_LINK, True),
        (Novelty.COPY, Reason.SAME_TEXT, True, True, AlertKind.NEW, Reason.SAME_TEXT, True),
    ],
)
def test_every_decision_has_its_reason(
    novelty: Novelty,
    reason: Reason,
    backlog: bool,
    wanted: bool,
    kind: AlertKind,
    given: Reason,
    suppressed: bool,
) -> None:
    decision = decide([match("dong")], novelty, reason, backlog=backlog, wanted=wanted, outlets=OUTLETS)
    assert decision is not None
    assert (decision.kind, decision.reason, decision.suppressed) == (kind, given, suppressed)
    assert bool(decision.routes) is not suppressed


def test_nothing_matched_is_no_decision() -> None:
    assert decide([], Novelty.NEW, Reason.NEW, backlog=False, wanted=False, outlets=OUTLETS) is None


def test_nothing_new_is_no_decision() -> None:
    seen = decide([match("dong")], Novelty.SEEN, Reason.NEW, backlog=False, wanted=False, outlets=OUTLETS)
    assert seen is None


def test_an_alert_that_no_channel_takes_is_kept_with_that_reason() -> None:
    lonely = [match("dong", Priority.NORMAL, "phone")]
    decision = decide(lonely, Novelty.NEW, Reason.NEW, backlog=False, wanted=False, outlets=OUTLETS)
    assert decision is not None
    assert (decision.reason, decision.suppressed, decision.routes) == (Reason.NO_CHANNEL, True, ())


def test_each_recipient_has_one_route_with_its_watches_by_priority() -> None:
    found = routes(
        [match("low", Priority.LOW), match("top", Priority.URGENT, "desk", "phone"), match("mid")], OUTLETS
    )
    assert [(r.channel, r.recipient, r.watches, r.priority) for r in found] == [
        ("desk", "night@paper.example", ("top", "mid", "low"), Priority.URGENT),
        ("desk", "foreign@paper.example", ("top", "mid", "low"), Priority.URGENT),
        ("phone", "phone", ("top",), Priority.URGENT),
    ]


def test_a_channel_that_is_gone_takes_nothing() -> None:
    assert routes([match("dong", Priority.NORMAL, "fax")], OUTLETS) == ()


def test_a_channel_named_twice_tells_once() -> None:
    assert len(routes([match("dong", Priority.NORMAL, "desk", "desk")], OUTLETS)) == 2


def arrival(hours_ago: float, *, backlog: bool = True, published: bool = True) -> Arrival:
    then = NOW - timedelta(hours=hours_ago)
    return Arrival(at=NOW if published else then, published=then if published else None, backlog=backlog)


ARRIVALS = [arrival(30), arrival(1), arrival(2, published=False), arrival(1), arrival(0, backlog=False)]


@pytest.mark.parametrize(
    ("wish", "wanted"),
    [
        (Backlog(), [False, False, False, False, False]),
        (Backlog(everything=True), [True, True, True, True, False]),
        (Backlog(newest=1), [False, True, False, False, False]),
        (Backlog(newest=3), [False, True, True, True, False]),
        (Backlog(within=timedelta(hours=24)), [False, True, True, True, False]),
        (Backlog(within=timedelta(hours=48)), [True, True, True, True, False]),
    ],
)
def test_the_wanted_backlog(wish: Backlog, wanted: list[bool]) -> None:
    assert list(wanted_backlog(ARRIVALS, wish, NOW)) == wanted
