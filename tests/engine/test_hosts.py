"""Polls of one host begin a few at a time, in the order that they came."""

from __future__ import annotations

from monitor.engine.hosts import AT_ONCE, Hosts
from monitor.model import SourceId
from tests.store.making import state

ONE, OTHER = "https://one.example", "https://other.example"
STATES = [state(SourceId(f"s{n}")) for n in range(AT_ONCE + 3)]


def test_a_few_begin_and_the_rest_wait_in_order() -> None:
    hosts = Hosts()
    assert [hosts.admit(ONE, s) for s in STATES] == [True] * AT_ONCE + [False] * 3
    assert [s.id for s in STATES if s.id in hosts] == [s.id for s in STATES[AT_ONCE:]]
    assert [hosts.leave(ONE) for _ in STATES] == [*STATES[AT_ONCE:], *[None] * AT_ONCE]
    assert not any(s.id in hosts for s in STATES)


def test_a_host_that_is_done_with_begins_anew() -> None:
    hosts = Hosts()
    for _ in range(2):
        assert all(hosts.admit(ONE, s) for s in STATES[:AT_ONCE])
        assert [hosts.leave(ONE) for _ in range(AT_ONCE)] == [None] * AT_ONCE


def test_hosts_do_not_wait_for_one_another() -> None:
    hosts = Hosts()
    for s in STATES:
        hosts.admit(ONE, s)
    assert hosts.admit(OTHER, STATES[0])
