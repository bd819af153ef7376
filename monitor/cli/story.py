"""Tells, for people, how one alert came about and what became of it, from what was stored."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from monitor.cli import screen, tables
from monitor.cli.pieces import proof
from monitor.cli.records import by_priority
from monitor.model import Match, Reason
from monitor.ports import AlertRecord, DeliveryRecord

WHY = {
    Reason.NEW: "A new article that a watch matches.",
    Reason.BACKLOG_WANTED: "The source held it when it was first read, and its alert_backlog asks for it.",
    Reason.BACKLOG: "Withheld: the source held it when it was first read, and its alert_backlog does not ask for it.",
    Reason.UPDATED: "Withheld: a known article with another text; it is stored as a new version.",
    Reason.SAME_LINK: "Withheld: its link is that of an article known already.",
    Reason.SAME_TEXT: "Withheld: its headline and body are those of an article known already.",
    Reason.NO_CHANNEL: "Withheld: no channel that its watches name takes its priority.",
}


def tell(
    console: Console,
    found: AlertRecord,
    follow_ups: Sequence[AlertRecord],
    deliveries: Sequence[DeliveryRecord],
    zone: tzinfo,
    now: datetime,
) -> None:
    """Print the story: the article, how it came, what matched, why it was told or not, and each delivery."""
    alert, record = found.alert, found.record
    console.print(tables.headline(record))
    console.print(_facts(found, zone))
    console.print(_section("Matched"))
    for match in by_priority(alert.matches):
        console.print(Group(proof(match, record.article.text), _routing(match)))
    console.print(_section("Decided"))
    console.print(_decision(found))
    console.print(_section("Delivered"))
    console.print(_deliveries(deliveries, zone, now))
    if follow_ups:
        console.print(_section("Followed by"))
        for each in follow_ups:
            console.print(_follow_up(each, zone))


def _section(title: str) -> Text:
    return Text(f"\n{title}", "bold underline")


def _facts(found: AlertRecord, zone: tzinfo) -> Table:
    alert, record = found.alert, found.record
    published = screen.full(record.article.published, zone)
    if record.article.published is None and record.article.published_text:
        published = f"{record.article.published_text} (unclear)"
    purged = "" if record.article.text else "; its text is no longer kept"
    rows = (
        ("alert", f"{alert.id}, {screen.full(alert.at, zone)}"),
        ("kind", f"{alert.kind.value}{f', follows {alert.follows}' if alert.follows else ''}"),
        ("article", f"{alert.article}, version {record.number}{purged}"),
        ("source", f"{record.source_name} ({record.source})"),
        ("document", record.location),
        ("link", record.article.url or "—"),
        ("published", published),
        ("received", screen.full(record.received_at, zone)),
        ("watchlist", found.watchlist),
    )
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style=screen.QUIET, no_wrap=True)
    grid.add_column(overflow="fold")
    for label, value in rows:
        grid.add_row(label, screen.text(value))
    return grid


def _routing(match: Match) -> Text:
    channels = ", ".join(match.tell) or "no channel"
    return Text("    ").append_text(screen.text(f"watch {match.watch} tells {channels}", screen.QUIET))


def _decision(found: AlertRecord) -> Text:
    style = screen.DOUBTFUL if found.alert.suppressed else screen.GOOD
    return Text(f"  {found.alert.reason.value}", style).append(f": {WHY[found.alert.reason]}", "default")


def _deliveries(found: Sequence[DeliveryRecord], zone: tzinfo, now: datetime) -> Group:
    ordered = sorted(found, key=lambda r: (r.delivery.owed_at, r.delivery.channel, r.delivery.recipient))
    lines = [_delivery(record, zone, now) for record in ordered]
    return Group(*lines or [Text("  to nobody", screen.QUIET)])


def _delivery(record: DeliveryRecord, zone: tzinfo, now: datetime) -> Text:
    """Give a delivery with its state, its tries, and what is in its way."""
    each, until = record.delivery, record.paused_until
    made = Text("  ").append_text(tables.recipient(each)).append(": ")
    made.append(each.state.value, tables.STATES[each.state])
    if each.settled_at is not None:
        made.append(f" {screen.full(each.settled_at, zone)}")
    made.append(f" ({each.tries} {'try' if each.tries == 1 else 'tries'})")
    open_ = each.state in tables.OPEN
    for words in (
        each.detail,
        f"next try: {screen.full(each.next_try_at, zone)}" if open_ else None,
        f"the channel is paused until {screen.full(until, zone)}"
        if open_ and until and until > now
        else None,
    ):
        if words:
            made.append("\n    ").append_text(screen.text(words, screen.DOUBTFUL))
    return made


def _follow_up(each: AlertRecord, zone: tzinfo) -> Text:
    alert = each.alert
    withheld = " (withheld)" if alert.suppressed else ""
    line = f"{alert.id} {screen.full(alert.at, zone)} {alert.kind.value}: {alert.reason.value}{withheld}"
    return Text("  ").append_text(screen.text(line))
