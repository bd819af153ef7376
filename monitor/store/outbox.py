"""What is owed to whom: queues, claims with a lease, settlements and pauses. Decides nothing about when to send.

A delivery is open while it is owed or to be tried again. Lanes order what one recipient waits for: troubles have
their own, alerts one for each priority. `ready_at` is the due time, or the end of the lease of the message that
has the delivery in flight; so a lease that runs out makes it due again by itself.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from monitor.model import (
    Batch,
    ChannelName,
    Claim,
    DeliveryState,
    Match,
    MessageId,
    News,
    Only,
    Parcel,
    Priority,
    Queue,
    Recipient,
    Settlement,
)
from monitor.store.ids import random_id
from monitor.store.rows import (
    ALERT,
    DELIVERY,
    RECORD,
    alert_of,
    delivery_of,
    match_of,
    micros,
    micros_or_none,
    moment,
    record_of,
    sound_or_none,
    trouble_of,
    watches_of,
)

TROUBLE_LANE = 0
_LANES = {
    Only.TROUBLES: (TROUBLE_LANE,),
    Only.URGENT: (int(Priority.URGENT),),
    Only.ALERTS: tuple(int(priority) for priority in sorted(Priority, reverse=True)),
}
_OPEN = (DeliveryState.OWED, DeliveryState.RETRYING)
_HOUR = timedelta(hours=1)


def recipient_row(connection: sqlite3.Connection, channel: ChannelName, name: Recipient) -> int:
    """Give the row of a channel's recipient, made where it is new."""
    find = "SELECT id FROM recipient WHERE channel = ? AND name = ?"
    row = connection.execute(find, (channel, name)).fetchone()
    if row is None:
        connection.execute("INSERT INTO recipient (channel, name) VALUES (?, ?)", (channel, name))
        row = connection.execute(find, (channel, name)).fetchone()
    return int(row["id"])


# -- looking ---------------------------------------------------------------------------------

_DUE = """
SELECT r.id, r.channel, r.name, lane.column1 AS lane, count(*) AS due, min(d.owed_at) AS oldest
FROM recipient r
  CROSS JOIN (VALUES (0), (1), (2), (3), (4)) lane
  CROSS JOIN delivery d INDEXED BY delivery_open
    ON d.recipient = r.id AND d.lane = lane.column1 AND d.ready_at <= :now AND d.open = 1
  LEFT JOIN channel c ON c.name = r.channel
WHERE coalesce(c.paused_until, 0) <= :now
GROUP BY r.id, lane.column1
"""

# None from after now: those that a clock which was ahead has dated would count for as long as it was ahead.
_SENT = """
SELECT count(*) FROM
  (SELECT 1 FROM message WHERE recipient = ? AND counts = 1 AND created_at > ? AND created_at <= ? LIMIT 100000)
"""

_NEXT_DUE = """
SELECT min(max(d.ready_at, coalesce(c.paused_until, 0)))
FROM recipient r
  CROSS JOIN (VALUES (0), (1), (2), (3), (4)) lane
  CROSS JOIN delivery d INDEXED BY delivery_open ON d.recipient = r.id AND d.lane = lane.column1 AND d.open = 1
  LEFT JOIN channel c ON c.name = r.channel
WHERE d.ready_at > :now OR c.paused_until > :now
"""


def queues(connection: sqlite3.Connection, now: datetime) -> tuple[Queue, ...]:
    """Give every recipient that is owed something due, on channels that are not paused."""
    lanes: dict[int, list[sqlite3.Row]] = {}
    for row in connection.execute(_DUE, {"now": micros(now)}):
        lanes.setdefault(row["id"], []).append(row)
    hour = (micros(now - _HOUR), micros(now))
    return tuple(
        _queue(rows, connection.execute(_SENT, (recipient, *hour)).fetchone()[0])
        for recipient, rows in lanes.items()
    )


def _queue(lanes: Sequence[sqlite3.Row], sent: int) -> Queue:
    due = {row["lane"]: row["due"] for row in lanes}
    return Queue(
        channel=ChannelName(lanes[0]["channel"]),
        recipient=Recipient(lanes[0]["name"]),
        due=sum(due.values()),
        due_urgent=due.get(Priority.URGENT, 0),
        due_troubles=due.get(TROUBLE_LANE, 0),
        oldest_owed_at=moment(min(row["oldest"] for row in lanes)),
        sent_last_hour=sent,
    )


def next_due(connection: sqlite3.Connection, now: datetime) -> datetime | None:
    """Give when the next delivery that is not due yet comes due, pauses and leases heeded."""
    value = connection.execute(_NEXT_DUE, {"now": micros(now)}).fetchone()[0]
    return None if value is None else moment(value)


# -- claiming --------------------------------------------------------------------------------

_TAKE = """
SELECT id, watches, tries, refusals, owed_at FROM delivery INDEXED BY delivery_open
WHERE recipient = ? AND lane = ? AND ready_at <= ? AND open = 1 ORDER BY owed_at, id LIMIT ?
"""


def claim_deliveries(
    connection: sqlite3.Connection, claim: Claim, now: datetime, lease: timedelta
) -> Batch | None:
    """Take due deliveries for one message, which is written down as in flight; None: nothing left to take.

    When a channel's pause has ended, one claim is a probe: the channel stays paused for everyone else until that
    message is settled, or its lease ends.
    """
    until = micros(now + lease)
    recipient = recipient_row(connection, claim.channel, claim.recipient)
    pause = connection.execute("SELECT paused_until FROM channel WHERE name = ?", (claim.channel,)).fetchone()
    paused_until = pause and pause["paused_until"]
    if paused_until is not None and paused_until > micros(now):
        return None
    taken = _due(connection, claim, recipient, micros(now))
    if not taken:
        return None
    message, key = _write_message(connection, recipient, now, len(taken), claim.only)
    connection.executemany(
        "UPDATE delivery SET message = ?, lease_until = ?, ready_at = ? WHERE id = ?",
        [(message, until, until, row["id"]) for row in taken],
    )
    if paused_until is not None:
        connection.execute(
            "UPDATE channel SET paused_until = ?, probe = ? WHERE name = ?", (until, message, claim.channel)
        )
    return Batch(
        message=key,
        channel=claim.channel,
        recipient=claim.recipient,
        parcels=tuple(_parcel(connection, row["id"]) for row in taken[: claim.listed]),
        count=len(taken),
        by_watch=_by_watch(row["watches"] for row in taken),
        refusals=max(row["refusals"] for row in taken),
        tries=max(row["tries"] for row in taken),
        oldest_owed_at=moment(min(row["owed_at"] for row in taken)),
        newest_owed_at=moment(max(row["owed_at"] for row in taken)),
    )


def _due(connection: sqlite3.Connection, claim: Claim, recipient: int, now: int) -> list[sqlite3.Row]:
    """Give the due deliveries of the claim's lanes, the most important first, then the oldest."""
    taken: list[sqlite3.Row] = []
    for lane in _LANES[claim.only]:
        taken += connection.execute(_TAKE, (recipient, lane, now, claim.at_most - len(taken)))
    return taken


def _write_message(
    connection: sqlite3.Connection, recipient: int, now: datetime, count: int, only: Only
) -> tuple[int, MessageId]:
    key = random_id()
    row = connection.execute(
        "INSERT INTO message (key, recipient, created_at, deliveries, counts) VALUES (?, ?, ?, ?, ?)",
        (key, recipient, micros(now), count, only is Only.ALERTS),
    ).lastrowid
    return row or 0, MessageId(key)


def _by_watch(watches: Iterable[str]) -> tuple[tuple[str, int], ...]:
    """Count how many deliveries name each watch; most first, then by name."""
    counts: Counter[tuple[str, str]] = Counter()
    for value in watches:
        counts.update(set(watches_of(value)))
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0][1]))
    return tuple((name, count) for (_, name), count in ranked)


def _parcel(connection: sqlite3.Connection, id: int) -> Parcel:
    """Give a delivery with its content."""
    row = connection.execute(DELIVERY + " WHERE d.id = ?", (id,)).fetchone()
    delivery = delivery_of(row)
    if row["alert"] is not None:
        return Parcel(delivery=delivery, news=_news(connection, row["alert"], watches_of(row["watches"])))
    trouble = connection.execute("SELECT * FROM trouble WHERE id = ?", (row["trouble"],)).fetchone()
    return Parcel(delivery=delivery, trouble=trouble_of(trouble))


def _news(connection: sqlite3.Connection, alert: int, watches: Sequence[tuple[str, str]]) -> News:
    """Give an alert with those of its matches that are routed here, in their order."""
    by_watch: dict[str, Match] = {match.watch: match for match in matches_of(connection, alert)}
    routed = tuple(by_watch[id] for id, _ in watches if id in by_watch)
    row = connection.execute(ALERT + " WHERE al.id = ?", (alert,)).fetchone()
    record = record_of(connection.execute(RECORD + " WHERE v.id = ?", (row["version"],)).fetchone())
    return News(
        alert=alert_of(row, routed),
        article=record.article,
        source=record.source,
        source_name=record.source_name,
        location=record.location,
        received_at=record.received_at,
    )


def matches_of(connection: sqlite3.Connection, alert: int) -> tuple[Match, ...]:
    """Give an alert's matches, as they were written."""
    rows = connection.execute("SELECT * FROM match WHERE alert = ? ORDER BY id", (alert,))
    return tuple(match_of(row) for row in rows)


# -- settling --------------------------------------------------------------------------------


def settle(connection: sqlite3.Connection, settlement: Settlement) -> None:
    """Write what became of a message. One that is settled already, or not known, changes nothing."""
    message = connection.execute(
        "SELECT m.id, m.recipient, r.channel FROM message m JOIN recipient r ON r.id = m.recipient"
        " WHERE m.key = ? AND m.state = 'in flight'",
        (settlement.message,),
    ).fetchone()
    if message is None:
        return
    sent = settlement.state is DeliveryState.SENT
    detail = sound_or_none(settlement.detail)
    connection.execute(
        "UPDATE message SET state = ?, detail = ?, settled_at = ?, counts = counts AND ? WHERE id = ?",
        (settlement.state, detail, micros(settlement.at), sent, message["id"]),
    )
    _settle_deliveries(connection, settlement, message["id"], detail)
    if settlement.hasten:
        hasten(connection, message["recipient"], settlement.at)
    if settlement.pause_until is not None:
        _pause(connection, message["channel"], settlement.pause_until, detail)
    else:
        connection.execute(
            "DELETE FROM channel WHERE name = ? AND probe = ?", (message["channel"], message["id"])
        )


def hasten(connection: sqlite3.Connection, recipient: int, now: datetime) -> None:
    """Have all that a recipient is to be tried again with due now, refused messages apart."""
    connection.execute(_HASTEN, {"recipient": recipient, "at": micros(now)})


_HASTEN = """
UPDATE delivery INDEXED BY delivery_open SET next_try_at = :at, ready_at = :at
WHERE recipient = :recipient AND open = 1 AND state = 'retrying' AND refusals = 0 AND lease_until IS NULL
  AND ready_at > :at
"""


def _settle_deliveries(
    connection: sqlite3.Connection, settlement: Settlement, message: int, detail: str | None
) -> None:
    """Write the state of the message's deliveries; those that a later message has claimed are that one's."""
    is_open = settlement.state in _OPEN
    next_try = micros(settlement.at if settlement.next_try_at is None else settlement.next_try_at)
    connection.execute(
        "UPDATE delivery SET state = ?1, open = ?2, detail = ?3, tries = tries + 1, refusals = refusals + ?4,"
        " lease_until = NULL, settled_at = ?5, next_try_at = CASE ?2 WHEN 1 THEN ?6 ELSE next_try_at END,"
        " ready_at = CASE ?2 WHEN 1 THEN ?6 ELSE ready_at END"
        " WHERE message = ?7",
        (
            settlement.state,
            is_open,
            detail,
            settlement.refused,
            micros_or_none(None if is_open else settlement.at),
            next_try,
            message,
        ),
    )


def _pause(connection: sqlite3.Connection, channel: str, until: datetime, reason: str | None) -> None:
    connection.execute(
        "INSERT INTO channel (name, paused_until, reason) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE"
        " SET paused_until = excluded.paused_until, reason = excluded.reason, probe = NULL",
        (channel, micros(until), reason),
    )


def end_pauses(connection: sqlite3.Connection, channels: Iterable[str]) -> None:
    """Have paused channels tried now: by one message each, as when a pause has run out."""
    connection.executemany(
        "UPDATE channel SET paused_until = 0, probe = NULL WHERE name = ?", [(name,) for name in channels]
    )


# -- starting again --------------------------------------------------------------------------


def release(connection: sqlite3.Connection) -> int:
    """Free the deliveries that a dead process had in flight, with their due times as they were; give their number.

    Its messages count against their recipients' limits: they may have arrived. Pauses end: what they were for may
    have been mended meanwhile.
    """
    freed = connection.execute(
        "UPDATE delivery SET lease_until = NULL, ready_at = next_try_at WHERE lease_until IS NOT NULL AND open = 1"
    ).rowcount
    connection.execute("UPDATE message SET state = 'interrupted' WHERE state = 'in flight'")
    connection.execute("UPDATE channel SET paused_until = 0, probe = NULL")
    return freed


_AGAIN = """
UPDATE delivery SET state = CASE state WHEN 'retrying' THEN state ELSE 'owed' END, open = 1, refusals = 0,
  next_try_at = :now, ready_at = :now, settled_at = NULL
WHERE id = :id AND lease_until IS NULL
"""


def retry(connection: sqlite3.Connection, ids: Sequence[str], now: datetime) -> int:
    """Make dead, retrying or paused deliveries due now, and lift their channels' pauses; none: all. Gives their number.

    `ids` are delivery ids, alert ids or channel names; unknown ones find nothing. Cancelled deliveries are due again
    only where they, or their alert, are named: a channel may have cancelled many, long ago.
    """
    stuck = _all_stuck(connection) if not ids else [row for id in ids for row in _stuck(connection, id)]
    rows = {row["id"]: row["channel"] for row in stuck}
    connection.executemany(_AGAIN, [{"id": id, "now": micros(now)} for id in rows])
    channels = set(rows.values())
    connection.executemany("DELETE FROM channel WHERE name = ? AND probe IS NULL", [(c,) for c in channels])
    return len(rows)


_STUCK = """
SELECT d.id, r.channel FROM delivery d JOIN recipient r ON r.id = d.recipient
  LEFT JOIN channel c ON c.name = r.channel LEFT JOIN alert al ON al.id = d.alert
WHERE d.lease_until IS NULL
  AND (d.state IN ('dead', 'retrying', 'cancelled') OR (d.state = 'owed' AND c.paused_until IS NOT NULL))
"""


def _all_stuck(connection: sqlite3.Connection) -> list[sqlite3.Row]:
    return connection.execute(_STUCK + " AND d.state IN ('dead', 'retrying', 'owed')").fetchall()


def _stuck(connection: sqlite3.Connection, id: str) -> list[sqlite3.Row]:
    """Give what one id means: a delivery, an alert's deliveries, or a channel's."""
    return [
        *connection.execute(_STUCK + " AND d.key = ?", (id,)),
        *connection.execute(_STUCK + " AND al.key = ?", (id,)),
        *connection.execute(_STUCK + " AND d.state IN ('dead', 'retrying', 'owed') AND r.channel = ?", (id,)),
    ]
