"""alerts, why, articles, search, sources, deliveries over a real database, for people and for programs."""

from __future__ import annotations

import asyncio
import re
import shlex
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import click
import pytest

import monitor
from monitor.cli import stored as module
from monitor.cli.root import root
from monitor.core.alerts.wording import CHAT, word
from monitor.errors import UsageError
from monitor.model import Claim, Only, Wording
from monitor.store import open_store
from tests.cli.conftest import HOSTILE, Run, Stored, objects
from tests.store.making import DESK, FEED, NIGHT, NOON, Ledger, StillClock, alerting, entry, outcome

RAW = "\x1b\x07\x9b\u202e"


def state(stored: Stored) -> tuple[str, ...]:
    return ("--state", str(stored.directory), "--config", str(stored.config))


# -- for programs ----------------------------------------------------------------------------


def test_alerts_as_json_are_all_of_them_newest_first_told_or_not(run: Run, stored: Stored) -> None:
    result = run("alerts", "--json", *state(stored))
    assert (result.exit_code, result.stderr) == (0, "")
    found = objects(result)
    assert [o["id"] for o in found] == stored.alerts[::-1]
    assert [(o["suppressed"], o["reason"]) for o in found] == [
        (False, "new"),
        (True, "updated"),
        (False, "new"),
    ]
    assert found[0]["headline"] == HOSTILE
    assert found[2]["article"] == found[1]["article"] == stored.article
    assert found[2]["watches"] == [
        {"watch": "china-russia-talks", "name": "China-Russia talks", "priority": "high"},
        {"watch": "dong-jun", "name": "Dong Jun", "priority": "normal"},
    ]
    (sent,) = found[2]["deliveries"]  # type: ignore[misc]
    assert sent == {
        "channel": "desk",
        "recipient": "night@paper.example",
        "state": "sent",
        "at": "2026-01-27T12:00:04.123456Z",
    }


@pytest.mark.parametrize(
    ("flags", "wanted"),
    [
        (["--all"], [2, 1, 0]),
        (["--told"], [2, 0]),
        (["--suppressed"], [1]),
        (["--limit", "2"], [2, 1]),
        (["--watch", "china-russia-talks"], [0]),
        (["--watch", "nobody"], []),
        (["--since", "2026-01-27T12:01:30"], [2]),
        (["--since", "2026-01-27T17:31:30+05:30"], [2]),
        (["--since", "2026-01-28"], []),
        (["--until", "2026-01-27T12:01:30"], [1, 0]),
        (["--until", "2026-01-26"], []),
        (["--since", "2026-01-27", "--until", "2026-01-27"], [2, 1, 0]),
        (["--since", "2026-01-27T12:00:30Z", "--until", "2026-01-27T12:01:30Z"], [1]),
    ],
)
def test_alerts_are_chosen(run: Run, stored: Stored, flags: list[str], wanted: list[int]) -> None:
    found = objects(run("alerts", "--json", *flags, *state(stored)))
    assert [o["id"] for o in found] == [stored.alerts[i] for i in wanted]


def test_a_story_as_json_has_its_follow_ups(run: Run, stored: Stored) -> None:
    (story,) = objects(run("why", stored.alerts[0], "--json", *state(stored)))
    assert story["id"] == stored.alerts[0]
    assert story["follow_ups"] == [stored.alerts[1]]
    assert story["source"] == FEED
    (later,) = objects(run("why", stored.alerts[1].upper(), "--json", *state(stored)))
    assert (later["follow_ups"], later["suppressed"], later["version"]) == ([], True, 2)


def test_articles_as_json_are_the_latest_versions(run: Run, stored: Stored) -> None:
    found = objects(run("articles", "--json", *state(stored)))
    assert [o["number"] for o in found] == [1, 2] or [o["number"] for o in found] == [2, 1]
    article = next(o["article"] for o in found if o["number"] == 2)
    assert article["body"] == "Dong Jun spoke again."  # type: ignore[index]
    assert len(objects(run("articles", "--json", "--source", FEED, *state(stored)))) == 1
    assert objects(run("articles", "--json", "--source", "elsewhere", *state(stored))) == []


def test_search_as_json_finds_by_words(run: Run, stored: Stored) -> None:
    (hit,) = objects(run("search", "--json", *state(stored), "AGREE", "again"))
    assert hit["id"] == stored.article
    assert "again" in str(hit["snippet"])
    for odd in ('"', "a AND", "NEAR(", "*", "--json'", "\x1b[2J", "headline:x"):
        assert run("search", "--json", *state(stored), "--", odd).exit_code == 0


def test_sources_as_json_tell_how_they_are(run: Run, stored: Stored) -> None:
    found = {o["id"]: o for o in objects(run("sources", "--json", *state(stored)))}
    assert len(found) == 3
    assert (found[FEED]["articles"], found[FEED]["last_result"]) == (1, "read")
    assert found["https://other.example/rss"]["last_detail"] == "1 file \x1b[2Jcannot be read"


def test_deliveries_as_json_tell_their_state_and_their_channels_pause(run: Run, stored: Stored) -> None:
    waiting, sent = objects(run("deliveries", "--json", *state(stored)))
    assert (sent["state"], sent["alert"], sent["tries"]) == ("sent", stored.alerts[0], 1)
    assert (waiting["state"], waiting["priority"]) == ("retrying", "urgent")
    assert str(waiting["paused_until"]) > "2100"
    only = objects(run("deliveries", "--json", "--only", "sent", "--only", "dead", *state(stored)))
    assert only == [sent]


# -- for people ------------------------------------------------------------------------------

EVERY = [
    ("alerts", "--all"),
    ("articles",),
    ("search", "Dong"),
    ("sources",),
    ("deliveries",),
]


@pytest.mark.parametrize("command", EVERY)
def test_tables_fit_into_80_columns_and_let_nothing_hostile_through(
    run: Run, stored: Stored, command: Sequence[str]
) -> None:
    result = run(*command, *state(stored))
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert len(lines) > 2
    assert max(map(len, lines)) <= 80
    assert not set(RAW) & set(result.stdout)


def test_people_see_alerts_that_were_told(run: Run, stored: Stored) -> None:
    shown = run("alerts", *state(stored)).stdout
    assert stored.alerts[0] in shown
    assert stored.alerts[1] not in shown
    assert "China-Russia talks (high), Dong Jun" in shown
    assert "1 sent" in shown
    assert "[bold]begin[/bold]" in " ".join(shown.split())
    everything = run("alerts", "--all", *state(stored)).stdout
    assert "withheld: updated" in everything


def test_times_are_in_the_zone_of_the_configuration(run: Run, stored: Stored) -> None:
    shown = run("why", stored.alerts[0], *state(stored)).stdout
    assert "27 Jan 2026 17:30:01 IST" in shown


def test_times_are_in_utc_where_no_configuration_can_be_read(run: Run, stored: Stored) -> None:
    (stored.config / "monitor.yaml").write_text("timezone: Mars/Base\n", encoding="utf-8")
    assert "27 Jan 2026 12:00:01 UTC" in run("why", stored.alerts[0], *state(stored)).stdout


def test_why_tells_the_whole_story(run: Run, stored: Stored) -> None:
    result = run("why", stored.alerts[0], *state(stored))
    assert (result.exit_code, result.stderr) == (0, "")
    shown = " ".join(result.stdout.split())
    for part in (
        "China, Russia agree",
        f"alert {stored.alerts[0]}, 27 Jan 2026 17:30:01 IST",
        f"article {stored.article}, version 1",
        f"source Name of {FEED} ({FEED})",
        "link https://news.example/1",
        "published 27 Jan 2026 17:27:00 IST",
        "watchlist w1",
        "China-Russia talks (high) person · china-russia.yaml:6",
        "lead 30–35 Dong Jun spoke by video.",
        "watch dong-jun tells desk",
        "Decided new: A new article that a watch matches.",
        "desk · night@paper.example",
        "sent 27 Jan 2026",
        f"Followed by {stored.alerts[1]}",
        "new: updated (withheld)",
    ):
        assert part in shown, part


def test_why_tells_of_a_channel_that_is_paused_and_of_a_date_that_is_unclear(
    run: Run, stored: Stored
) -> None:
    result = run("why", stored.alerts[2], *state(stored))
    shown = " ".join(result.stdout.split())
    assert "the day after (unclear)" in shown
    assert "401" in shown
    assert "paused until" in shown
    assert not set(RAW) & set(result.stdout)
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_an_alert_that_was_withheld_is_explained_too(run: Run, stored: Stored) -> None:
    shown = " ".join(run("why", stored.alerts[1], *state(stored)).stdout.split())
    assert "updated: Withheld: a known article with another text" in shown
    assert "Delivered to nobody" in shown


def test_an_unknown_alert_is_an_error_that_guesses(run: Run, stored: Stored) -> None:
    known = stored.alerts[0]
    typed = known[:-1] + ("b" if known[-1] != "b" else "c")
    result = run("why", typed, *state(stored))
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"there is no alert {typed}; did you mean {known}" in result.stderr
    assert "`monitor alerts --all` lists them" in run("why", "0000000000", *state(stored)).stderr


def test_a_list_that_is_cut_says_so(run: Run, stored: Stored) -> None:
    result = run("alerts", "--limit", "1", *state(stored))
    assert stored.alerts[2] in result.stdout
    assert stored.alerts[0] not in result.stdout
    assert result.stderr == "The newest 1 are shown; --limit N shows more.\n"


def crowd(state: Path, count: int) -> Wording:
    """Store so many alerts at once; give the digest that its channel's limit makes of them."""

    async def fill() -> Wording:
        store = open_store(state / "monitor.db", StillClock(), Ledger())
        await store.mirror_sources([entry()], NOON, lambda _: NOON)
        await store.commit_poll(outcome(*(alerting(f"piece {n}") for n in range(count))))
        claim = Claim(channel=DESK, recipient=NIGHT, only=Only.ALERTS, at_most=count, listed=25)
        batch = await store.claim_deliveries(claim, NOON + timedelta(minutes=15), timedelta(hours=1))
        await store.close()
        assert batch is not None
        return word(batch, NOON, UTC, CHAT)

    return asyncio.run(fill())


def test_the_command_in_a_digest_shows_every_alert_of_it(run: Run, tmp_path: Path) -> None:
    digest = crowd(tmp_path, 137)
    command = re.search(r"monitor (alerts --since [^\n·]*)", digest.plain)
    assert command is not None
    result = run(*shlex.split(command[1]), "--state", str(tmp_path))
    assert (result.exit_code, result.stderr) == (0, "")
    assert {int(n) for n in re.findall(r"piece (\d+)", result.stdout)} == set(range(137))


def test_without_a_time_a_person_is_shown_the_newest(run: Run, tmp_path: Path) -> None:
    crowd(tmp_path, 32)
    for flags, shown, more in (
        ([], 30, True),
        (["--limit", "31"], 31, True),
        (["--since", "2026-01-01"], 32, False),
    ):
        for command in ("alerts", "articles"):
            result = run(command, *flags, "--state", str(tmp_path))
            assert len(set(re.findall(r"piece (\d+)", result.stdout))) == shown
            assert ("are shown" in result.stderr) is more


def test_an_empty_list_says_so(run: Run, stored: Stored) -> None:
    result = run("alerts", "--watch", "nobody", *state(stored))
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "No alerts.\n")


@pytest.mark.parametrize("command", [*EVERY, ("why", "k7f3")])
def test_before_the_first_run_the_way_out_is_told(run: Run, tmp_path: Path, command: Sequence[str]) -> None:
    result = run(*command, "--state", str(tmp_path))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "start `monitor run`" in result.stderr


def test_the_database_is_where_the_service_keeps_it(
    run: Run, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(stored.directory))
    assert len(objects(run("alerts", "--json"))) == 3


# -- pages and times -------------------------------------------------------------------------


def test_pages_give_every_row_once_while_new_ones_come_in() -> None:
    rows = [str(n) for n in range(1_200)]

    def read(n: int, offset: int) -> Sequence[str]:
        rows.insert(0, f"new {len(rows)}")
        return rows[offset : offset + n]

    found = list(module._pages(read, str, None))
    assert len(set(found)) == len(found)
    assert set(map(str, range(1_200))) <= set(found)


@pytest.mark.parametrize(("limit", "count"), [(1, 1), (500, 500), (501, 501), (None, 1_001)])
def test_pages_stop_at_the_limit(limit: int | None, count: int) -> None:
    rows = [str(n) for n in range(1_001)]
    assert list(module._pages(lambda n, at: rows[at : at + n], str, limit)) == rows[:count]


@pytest.mark.parametrize(
    ("typed", "ago"), [("30m", 30), ("30 min", 30), ("24h", 1_440), ("7d", 10_080), ("2w", 20_160)]
)
def test_since_takes_a_length_of_time(typed: str, ago: int) -> None:
    found = module.Since().convert(typed, None, None)
    assert abs(datetime.now(UTC) - timedelta(minutes=ago) - found) < timedelta(seconds=5)


@pytest.mark.parametrize(
    ("typed", "moment"),
    [
        ("2026-01-27", NOON.replace(hour=0, second=0, microsecond=0)),
        ("2026-01-27T12:00Z", NOON.replace(microsecond=0)),
    ],
)
def test_since_takes_a_date_or_a_time(typed: str, moment: datetime) -> None:
    assert module.Since().convert(typed, None, None) == moment


@pytest.mark.parametrize("typed", ["", "7", "yesterday", "-1d", "7 years", "2026-13-01", "999999w"])
def test_since_refuses_anything_else_with_an_example(run: Run, tmp_path: Path, typed: str) -> None:
    result = run("alerts", "--since", typed, "--state", str(tmp_path))
    assert result.exit_code == 2
    assert "type 30m, 24h, 7d, 2w, 2026-01-27" in " ".join(result.stderr.split())


# -- trying again ----------------------------------------------------------------------------


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, tuple[str, ...]]]:
    """What was asked to be tried again, where; one delivery waits for each id, none for `nothing`."""
    calls: list[tuple[Path, tuple[str, ...]]] = []

    def retry(state: Path, ids: Sequence[str]) -> int:
        calls.append((state, tuple(ids)))
        if "locked" in ids:
            raise UsageError("the daemon did not answer")
        return sum(id != "nothing" for id in ids) if ids else 12

    monkeypatch.setattr(monitor, "app", SimpleNamespace(retry=retry), raising=False)
    return calls


@pytest.mark.parametrize(
    ("ids", "code", "told"),
    [
        ((), 0, "12 deliveries are due now.\n"),
        (("k7f3",), 0, "1 delivery is due now.\n"),
        (("k7f3", "desk"), 0, "2 deliveries are due now.\n"),
        (("nothing",), 2, "nothing of nothing waits to be tried again; `monitor deliveries` shows what does"),
        (("locked",), 2, "monitor: the daemon did not answer\n"),
    ],
)
def test_retry_says_how_many_are_due_again(
    run: Run, tmp_path: Path, asked: list[object], ids: tuple[str, ...], code: int, told: str
) -> None:
    result = run("deliveries", "--retry", *ids, "--state", str(tmp_path))
    assert (result.exit_code, result.stdout) == (code, "")
    assert told in result.stderr
    assert asked == [(tmp_path, ids)]


def test_ids_without_retry_are_a_mistake(run: Run, stored: Stored) -> None:
    result = run("deliveries", "desk", *state(stored))
    assert result.exit_code == 2
    assert "--retry" in result.stderr


# -- completion ------------------------------------------------------------------------------


def test_alert_ids_are_completed_from_the_database(stored: Stored, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(stored.directory))
    why = root.get_command(click.Context(root), "why")
    assert why is not None
    argument = next(p for p in why.params if p.name == "alert")
    context = click.Context(why)
    every = argument.shell_complete(context, "")
    assert [c.value for c in every] == stored.alerts[::-1]
    assert [c.value for c in argument.shell_complete(context, stored.alerts[0])] == [stored.alerts[0]]


def test_without_a_database_nothing_is_completed_and_nothing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    assert module._Alert().shell_complete(click.Context(root), click.Argument(["alert"]), "") == []
