"""alerts, why, articles, search, sources, deliveries: what the database holds. Only `deliveries --retry` changes it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from functools import partial
from typing import Any, Generic, Literal, TypeVar

import click
from click.shell_completion import CompletionItem

from monitor.cli import records
from monitor.cli.lines import Record, write
from monitor.cli.place import Options, located
from monitor.errors import MonitorError, UsageError
from monitor.model import AlertId, DeliveryState, SourceId, WatchId
from monitor.ports import AlertRecord, Archive, ArticleRecord, DeliveryRecord, Hit, SourceRecord
from monitor.store import open_archive

T = TypeVar("T")
PAGE = 500
SHOWN = 30
"""Rows that a person is shown where no limit is asked for."""

_AGO = re.compile(r"(\d{1,6})\s*(m|min|h|d|w)\Z")
_DATE = re.compile(r"\d{4}-?\d\d-?\d\d")
_UNITS = {"m": 1, "min": 1, "h": 60, "d": 1_440, "w": 10_080}


class Since(click.ParamType[datetime]):
    """How far back to look: 30m, 24h, 7d, 2w, or a date or time; without a zone, UTC."""

    name = "time"

    def convert(
        self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Give the moment."""
        if isinstance(value, datetime):
            return value
        try:
            if ago := _AGO.match(value.strip()):
                return datetime.now(UTC) - timedelta(minutes=int(ago[1]) * _UNITS[ago[2]])
            read = datetime.fromisoformat(value.strip())
            return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail(
                f"{value!r} is no time; type 30m, 24h, 7d, 2w, 2026-01-27 or 2026-01-27T18:00Z", param, ctx
            )


class Until(Since):
    """The same, for the end of what is looked at: a date is the whole day."""

    def convert(
        self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Give the moment."""
        found = super().convert(value, param, ctx)
        whole = isinstance(value, str) and _DATE.fullmatch(value.strip())
        return found + timedelta(days=1, microseconds=-1) if whole else found


def _listing(command: Callable[..., Any]) -> Any:
    """Add what every list takes."""
    made: Any = located(click.pass_obj(command))
    limit = f"At most so many.  [default: {SHOWN}; all with --since or --json]"
    made = click.option("--limit", type=click.IntRange(min=1), metavar="N", help=limit)(made)
    return click.option("--json", "as_json", is_flag=True, help="One line of JSON for programs, UTF-8.")(made)


@dataclass(frozen=True, slots=True, kw_only=True)
class _List(Generic[T]):
    """One list of the database: how it is read by page, and shown to programs and to people."""

    noun: str
    read: Callable[[Archive, int, int], Sequence[T]]
    """Gives so many rows, after so many; another number where there are no more."""
    key: Callable[[T], str]
    record: Callable[[T], Record]
    table: Literal["alerts", "articles", "hits", "sources", "deliveries"]
    """The function of `tables` that makes a table of it."""

    def show(self, options: Options, limit: int | None, *, as_json: bool, whole: bool = False) -> None:
        """Print it: all where that is asked for, else as many as a person reads."""
        with open_archive(options.database()) as archive:
            read = partial(self.read, archive)
            if as_json:
                return write(map(self.record, _pages(read, self.key, limit)))
            most = limit or (None if whole else SHOWN)
            found = list(_pages(read, self.key, most and most + 1))
        shown = found[:most]
        if shown:
            self._print(shown, options)
        if len(found) > len(shown):
            click.echo(f"The newest {len(shown)} are shown; --limit N shows more.", err=True)
        elif not shown:
            click.echo(f"No {self.noun}.", err=True)
        return None

    def _print(self, rows: Sequence[T], options: Options) -> None:
        from monitor.cli import screen, tables  # noqa: PLC0415 -- loads rich, which programs need not wait for

        screen.console().print(getattr(tables, self.table)(rows, options.zone(), datetime.now(UTC)))


def _pages(
    read: Callable[[int, int], Sequence[T]], key: Callable[[T], str], limit: int | None
) -> Iterator[T]:
    """Give rows page by page, none twice: what comes in meanwhile moves the rest along."""
    seen: set[str] = set()
    offset, asked = 0, 0
    page: Sequence[T] = ()
    while len(page) == asked and (limit is None or len(seen) < limit):
        asked = PAGE if limit is None else min(PAGE, limit - len(seen))
        page = read(asked, offset)
        offset += len(page)
        for row in page:
            if key(row) not in seen:
                seen.add(key(row))
                yield row


# -- alerts ----------------------------------------------------------------------------------


@click.command(
    epilog="\b\nExamples:\n  monitor alerts --since 7d\n  monitor alerts --watch belousov --all\n"
    "  monitor alerts --json | jq -r 'select(.suppressed | not) | .headline'"
)
@click.option("--since", type=Since(), help="Not older: 30m, 24h, 7d, 2w, a date or a time.")
@click.option("--until", type=Until(), help="Not newer, the same way; a date is meant to its end.")
@click.option("--watch", metavar="ID", help="Only those of one watch.")
@click.option(
    "--all", "which", flag_value="all", help="Those withheld, too; with --json this is the default."
)
@click.option(
    "--told", "which", flag_value="told", help="Only those that were told; without --json the default."
)
@click.option("--suppressed", "which", flag_value="suppressed", help="Only those withheld.")
@_listing
def alerts(
    options: Options,
    as_json: bool,
    limit: int | None,
    since: datetime | None,
    until: datetime | None,
    watch: str | None,
    which: str | None,
) -> None:
    """List alerts, newest first, with what was found and what became of each.

    Where an alert was withheld (a known article, a source's backlog …) its reason is shown.

    \b
    --json prints, told or not: id, at, kind, headline, article, url,
    watches [{watch, name, priority}], reason, suppressed,
    deliveries [{channel, recipient, state, at}].
    """
    suppressed = {"all": None, "told": False, "suppressed": True}[which or ("all" if as_json else "told")]
    only = None if watch is None else WatchId(watch)

    def read(archive: Archive, n: int, offset: int) -> Sequence[AlertRecord]:
        return archive.alerts(
            limit=n, offset=offset, suppressed=suppressed, since=since, until=until, watch=only
        )

    found = _List(noun="alerts", read=read, key=_alert_id, record=records.alert_record, table="alerts")
    found.show(options, limit, as_json=as_json, whole=since is not None)


def _alert_id(record: AlertRecord) -> str:
    return record.alert.id


class _Alert(click.ParamType[str]):
    """An alert's id, completed from the newest ones."""

    name = "alert"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem[str]]:
        """Give the newest alerts that begin so, with their headlines."""
        try:
            with open_archive((ctx.find_object(Options) or Options()).database()) as archive:
                newest = archive.alerts(limit=100)
        except MonitorError:
            return []
        return [
            CompletionItem(found.alert.id, help=found.record.article.headline)
            for found in newest
            if found.alert.id.startswith(incomplete)
        ]


@click.command(epilog="\b\nExamples:\n  monitor why k7f3\n  monitor why k7f3 --json | jq .matches")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON for programs, UTF-8.")
@located
@click.argument("alert", type=_Alert())
@click.pass_obj
def why(options: Options, alert: str, as_json: bool) -> None:
    """Tell how one alert came about, and what became of it; also of one that was withheld.

    ALERT is the id that every message ends with. Everything told is from what was stored when it was decided:
    the article and its source, each watch that matched with the words that prove it and the line it is written in,
    the reason, and each delivery.
    """
    with open_archive(options.database()) as archive:
        found = archive.alert(AlertId(alert.strip().casefold()))
        if found is None:
            raise UsageError(_unknown(alert, [a.alert.id for a in archive.alerts(limit=PAGE)]))
        follow_ups = _follow_ups(archive, found)
        deliveries = archive.deliveries(limit=PAGE, alert=found.alert.id)
    if as_json:
        return write([records.story_record(found, follow_ups)])
    from monitor.cli import screen, story  # noqa: PLC0415 -- loads rich, which programs need not wait for

    return story.tell(screen.console(), found, follow_ups, deliveries, options.zone(), datetime.now(UTC))


def _unknown(alert: str, known: Sequence[str]) -> str:
    near = get_close_matches(alert.casefold(), known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else "`monitor alerts --all` lists them"
    return f"there is no alert {alert}; {hint}"


def _follow_ups(archive: Archive, found: AlertRecord) -> tuple[AlertRecord, ...]:
    """Give what was decided of the same article later, the oldest first."""
    later = archive.alerts(limit=PAGE, since=found.alert.at, article=found.alert.article)
    return tuple(a for a in reversed(later) if a.alert.id != found.alert.id and a.alert.at >= found.alert.at)


# -- articles and search ---------------------------------------------------------------------


@click.command(
    epilog="\b\nExamples:\n  monitor articles --since 1h\n"
    "  monitor articles --json --limit 100 | jq -r .article.headline"
)
@click.option("--since", type=Since(), help="Not older: 30m, 24h, 7d, 2w, a date or a time.")
@click.option("--source", metavar="ID", help="Only those of one source: its URL, or its folder's path.")
@_listing
def articles(
    options: Options, as_json: bool, limit: int | None, since: datetime | None, source: str | None
) -> None:
    """List the latest version of each article, newest first, whether anything matched or not.

    \b
    --json prints id, number (of the version), source, source_name, location,
    received_at, and article, with the keys of `monitor parse --json` but file.
    """
    only = None if source is None else SourceId(source)

    def read(archive: Archive, n: int, offset: int) -> Sequence[ArticleRecord]:
        return archive.articles(limit=n, offset=offset, source=only, since=since)

    found = _List(
        noun="articles", read=read, key=lambda r: r.id, record=records.stored_article_record, table="articles"
    )
    found.show(options, limit, as_json=as_json, whole=since is not None)


@click.command(
    epilog="\b\nExamples:\n  monitor search belousov strategic\n  monitor search 台湾 --json | jq -r .snippet"
)
@click.argument("words", nargs=-1, required=True)
@_listing
def search(options: Options, as_json: bool, limit: int | None, words: tuple[str, ...]) -> None:
    """Find articles that hold all the WORDS, newest first.

    Case and accents do not matter; no character has a special meaning. Words that begin with - go behind a --.

    \b
    --json prints the keys of `monitor articles --json`, and snippet.
    """

    def read(archive: Archive, n: int, offset: int) -> Sequence[Hit]:
        return archive.search(" ".join(words), limit=n, offset=offset)

    noun = "articles with these words"
    found = _List(noun=noun, read=read, key=lambda h: h.record.id, record=records.hit_record, table="hits")
    found.show(options, limit, as_json=as_json)


# -- sources and deliveries ------------------------------------------------------------------


@click.command(
    epilog="\b\nExamples:\n  monitor sources\n  monitor sources --json | jq 'select(.health == \"failing\")'"
)
@click.option("--json", "as_json", is_flag=True, help="One line of JSON for programs, UTF-8.")
@located
@click.pass_obj
def sources(options: Options, as_json: bool) -> None:
    """Show how each source is doing, and why; when it was polled last, and when it is next.

    \b
    --json prints id, kind, name, health (unknown, ok, degraded, failing, off),
    health_reason, failures (in a row), articles, first_seen_at, last_poll_at,
    last_ok_at, next_poll_at, last_result, last_detail, last_http_status.
    """

    def read(archive: Archive, n: int, offset: int) -> Sequence[SourceRecord]:
        return () if offset else archive.sources()

    noun = "sources; they appear with the first `monitor run`"
    found = _List(
        noun=noun, read=read, key=lambda s: s.state.id, record=records.source_record, table="sources"
    )
    found.show(options, None, as_json=as_json, whole=True)


@click.command(
    epilog="\b\nExamples:\n  monitor deliveries --only dead\n  monitor deliveries --retry           all of them\n"
    "  monitor deliveries --retry desk      those of one channel"
)
@click.option(
    "--only",
    "states",
    metavar="STATE",
    multiple=True,
    type=click.Choice([s.value for s in DeliveryState]),
    help="Only those owed, sent, retrying, dead or cancelled; may be given again.",
)
@click.option("--retry", is_flag=True, help="Try dead, retrying and paused ones again now.")
@click.argument("ids", metavar="[ID|ALERT|CHANNEL]...", nargs=-1)
@_listing
def deliveries(
    options: Options,
    as_json: bool,
    limit: int | None,
    states: tuple[str, ...],
    retry: bool,
    ids: tuple[str, ...],
) -> None:
    """Show what is owed, sent or dead, newest first, and why; with --retry, try again.

    --retry makes dead and waiting deliveries due now, and lifts the pause of their channels: all of them, or those
    of the deliveries, alerts or channels named. A running daemon sends them at once, else the next run.

    \b
    --json prints id, alert, trouble, channel, recipient, priority,
    state (owed, sent, retrying, dead, cancelled), owed_at, next_try_at, tries,
    refusals, detail, settled_at, headline, paused_until.
    """
    if retry:
        return _retry(options, ids)
    if ids:
        raise UsageError("ids are for --retry; `monitor why ALERT` shows one alert's deliveries")
    wanted = tuple(map(DeliveryState, states))

    def read(archive: Archive, n: int, offset: int) -> Sequence[DeliveryRecord]:
        return archive.deliveries(limit=n, offset=offset, states=wanted)

    found = _List(
        noun="deliveries",
        read=read,
        key=lambda d: d.delivery.id,
        record=records.delivery_record,
        table="deliveries",
    )
    return found.show(options, limit, as_json=as_json)


def _retry(options: Options, ids: Sequence[str]) -> None:
    from monitor import app  # noqa: PLC0415 -- loads every room; listing deliveries need not wait for it

    number = app.retry(options.state_directory(), ids)
    if not number and ids:
        raise UsageError(
            f"nothing of {', '.join(ids)} waits to be tried again; `monitor deliveries` shows what does"
        )
    click.echo(f"{number} {'delivery is' if number == 1 else 'deliveries are'} due now.", err=True)
