"""Lists for people: alerts, articles, sources, deliveries, hits of a search. One table each; nothing is read here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo

from rich.table import Table
from rich.text import Text

from monitor.cli import screen
from monitor.cli.records import by_priority
from monitor.core.text.titles import title
from monitor.model import Delivery, DeliveryState, Health, Match, Priority
from monitor.ports import AlertRecord, ArticleRecord, DeliveryRecord, Hit, SourceRecord

STATES = {
    DeliveryState.SENT: screen.GOOD,
    DeliveryState.DEAD: screen.BAD,
    DeliveryState.RETRYING: screen.DOUBTFUL,
    DeliveryState.OWED: "",
    DeliveryState.CANCELLED: screen.QUIET,
}
OPEN = (DeliveryState.OWED, DeliveryState.RETRYING)
HEALTHS = {
    Health.OK: screen.GOOD,
    Health.FAILING: screen.BAD,
    Health.DEGRADED: screen.DOUBTFUL,
    Health.UNKNOWN: screen.QUIET,
    Health.OFF: screen.QUIET,
}


def alerts(found: Sequence[AlertRecord], zone: tzinfo, now: datetime) -> Table:
    """Give alerts: the headline and what was found in it, one below the other."""
    made = _listing("alert", "at", "headline, watches", "deliveries")
    for each in found:
        alert = each.alert
        what = headline(each.record)
        what.append("\n").append_text(watches(alert.matches))
        became = Text(f"withheld: {alert.reason.value}", screen.QUIET)
        told = became if alert.suppressed else states(each.deliveries)
        made.add_row(alert.id, screen.clock(alert.at, zone, now), what, told)
    return made


def watches(matches: Sequence[Match]) -> Text:
    """Give the names of watches, the most important first; a priority where it is not the usual one."""
    parts = [
        screen.text(m.name if m.priority is Priority.NORMAL else f"{m.name} ({m.priority.name.lower()})")
        for m in by_priority(matches)
    ]
    return Text(", ").join(parts)


def states(deliveries: Sequence[Delivery]) -> Text:
    """Count deliveries by their states."""
    counts = {s: sum(d.state is s for d in deliveries) for s in DeliveryState}
    parts = [Text(f"{n} {s.value}", STATES[s]) for s, n in counts.items() if n]
    return Text(", ").join(parts) if parts else Text("none", screen.QUIET)


def articles(found: Sequence[ArticleRecord], zone: tzinfo, now: datetime) -> Table:
    """Give articles."""
    made = _listing("article", "received", "headline, source")
    for each in found:
        what = _headline(each)
        made.add_row(each.id, screen.clock(each.received_at, zone, now), what)
    return made


def hits(found: Sequence[Hit], zone: tzinfo, now: datetime) -> Table:
    """Give what a search found, each with the words around what was asked for."""
    made = _listing("article", "received", "headline, source, words")
    for hit in found:
        what = _headline(hit.record)
        if hit.snippet:
            what.append("\n").append_text(screen.text(hit.snippet))
        made.add_row(hit.record.id, screen.clock(hit.record.received_at, zone, now), what)
    return made


def headline(record: ArticleRecord) -> Text:
    """Give what an article is called: its headline, else its first sentence."""
    return screen.text(title(record.article) or "(no headline)", screen.STRONG)


def _headline(record: ArticleRecord) -> Text:
    what = headline(record)
    version = f" · version {record.number}" if record.number > 1 else ""
    return what.append("\n").append_text(screen.text(f"{record.source_name}{version}", screen.QUIET))


def sources(found: Sequence[SourceRecord], zone: tzinfo, now: datetime) -> Table:
    """Give sources with how they are doing, and why."""
    made = _listing("health", "source", "articles", "last poll", "next")
    made.columns[2].justify = "right"
    for each in found:
        state = each.state
        name = screen.text(state.name, screen.STRONG).append("\n")
        name.append_text(screen.text(state.id, screen.QUIET))
        for why in dict.fromkeys(filter(None, (state.health_reason, each.last_detail))):
            name.append("\n").append_text(screen.text(why, HEALTHS[state.health]))
        off = state.health is Health.OFF
        made.add_row(
            Text(state.health.value, HEALTHS[state.health]),
            name,
            f"{each.articles:,}",
            _last_poll(each, zone, now),
            "—" if off else screen.clock(state.next_poll_at, zone, now),
        )
    return made


def _last_poll(each: SourceRecord, zone: tzinfo, now: datetime) -> str:
    result = "" if each.last_result is None else f"\n{each.last_result.value}"
    status = "" if each.last_http_status is None else f" ({each.last_http_status})"
    return screen.clock(each.state.last_poll_at, zone, now) + result + status


def deliveries(found: Sequence[DeliveryRecord], zone: tzinfo, now: datetime) -> Table:
    """Give deliveries with what became of them."""
    made = _listing("delivery", "state", "to, what", "tries", "next try")
    made.columns[3].justify = "right"
    for each in found:
        delivery = each.delivery
        made.add_row(
            delivery.id,
            Text(delivery.state.value, STATES[delivery.state]),
            _what(each, zone, now),
            str(delivery.tries),
            next_try(delivery, zone, now),
        )
    return made


def _what(each: DeliveryRecord, zone: tzinfo, now: datetime) -> Text:
    delivery = each.delivery
    what = recipient(delivery).append("\n")
    about = f"{delivery.alert}: {each.headline}" if delivery.alert else each.headline
    what.append_text(screen.text(about))
    if delivery.detail:
        what.append("\n").append_text(screen.text(delivery.detail, STATES[delivery.state]))
    if delivery.state in OPEN and each.paused_until is not None and each.paused_until > now:
        until = screen.clock(each.paused_until, zone, now)
        what.append("\n").append(f"the channel is paused until {until}", screen.DOUBTFUL)
    return what


def recipient(delivery: Delivery) -> Text:
    """Name a channel, and the recipient where the channel has several."""
    same = str(delivery.recipient) == delivery.channel
    return screen.text(
        delivery.channel if same else f"{delivery.channel} · {delivery.recipient}", screen.STRONG
    )


def next_try(delivery: Delivery, zone: tzinfo, now: datetime) -> str:
    """Say when a delivery is tried next, or when it was settled."""
    if delivery.state in OPEN:
        return "now" if delivery.next_try_at <= now else screen.clock(delivery.next_try_at, zone, now)
    return "—"


def _listing(*columns: str) -> Table:
    """Give a table whose third or second column, the wide one, takes what the others leave."""
    made = screen.table(*columns)
    for column in made.columns:
        wide = str(column.header).partition(",")[0] in ("headline", "source", "to")
        column.ratio, column.no_wrap = (1, False) if wide else (None, True)
    made.expand = True
    return made
