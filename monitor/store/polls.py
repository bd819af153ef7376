"""Writes what a poll brought: documents, articles, matches, alerts, owed deliveries and the source's new state.

Which polls have a row of their own: those that brought an article, a version or a copy, and those that ended
otherwise than the one before. Any other is counted in its source's row, and in the row of the last told poll once
the next is told: 100,000 quiet sources, or failing ones, add no rows at all.
A feed's document is kept only where it brought something or was refused; a folder's files are all known by `file`.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from monitor.errors import Conflict, StoreError
from monitor.model import (
    SHARED,
    AlertId,
    Committed,
    Decision,
    DocumentIntake,
    Identity,
    Intake,
    Match,
    Novelty,
    PollOutcome,
    PollResult,
    TroubleRoute,
    WatchlistVersion,
)
from monitor.store import troubles
from monitor.store.ids import random_id, short_id
from monitor.store.outbox import recipient_row
from monitor.store.rows import (
    Value,
    article_values,
    digest,
    hash_value,
    match_values,
    mentions_value,
    micros,
    micros_or_none,
    place_value,
    sound,
    sound_or_none,
    stamp_value,
    texts_value,
    watches_value,
    zones_value,
)

_FRUITFUL = (Novelty.NEW, Novelty.VERSION, Novelty.COPY)
_FINE = (PollResult.READ, PollResult.UNCHANGED)


def commit_poll(
    connection: sqlite3.Connection, outcome: PollOutcome, routes: Sequence[TroubleRoute]
) -> Committed:
    """Write an outcome; the caller's transaction makes it all or nothing.

    Raises Conflict where a new identity is known already or a version's number is taken, StoreError where the
    source or an article that an intake names is unknown.
    """
    source = connection.execute("SELECT * FROM source WHERE key = ?", (outcome.source.id,)).fetchone()
    if source is None:
        raise StoreError(f"{outcome.source.id}: no such source in the store")
    poll = _Poll(connection, source["id"], outcome)
    for document in outcome.documents:
        poll.take(document)
    poll.flush()
    poll.forget(outcome.gone)
    _write_source(connection, source, outcome, poll.counts)
    troubles.tell(connection, outcome.troubles, outcome.recovered, routes, outcome.ended_at)
    return Committed(
        articles=poll.counts[Novelty.NEW],
        versions=poll.counts[Novelty.VERSION],
        alerts=tuple(poll.told),
        deliveries=len(poll.deliveries),
    )


@dataclass(slots=True)
class _Home:
    """The article that an intake led to, and its latest version, by row."""

    article: int
    version: int


class _Poll:
    """Collects the rows of one poll, so that each table is written by one call."""

    def __init__(self, connection: sqlite3.Connection, source: int, outcome: PollOutcome) -> None:
        self._connection = connection
        self._source = source
        self._now = micros(outcome.ended_at)
        self._watchlist = outcome.watchlist
        self._watchlist_row: int | None = None
        self._next_article = self._after("SELECT max(id) FROM article")
        self._next_version = self._after("SELECT max(id) FROM version")
        self._next_alert = self._after("SELECT max(id) FROM alert")
        self._homes: list[_Home | Intake] = []
        self._articles: dict[int, list[Value]] = {}
        self._versions: list[tuple[Value, ...]] = []
        self._texts: dict[int, tuple[Value, ...]] = {}
        self._new_identities: list[tuple[Value, ...]] = []
        self._old_identities: list[tuple[Value, ...]] = []
        self._shared: list[tuple[Value, ...]] = []
        self._sightings: list[tuple[Value, ...]] = []
        self._kept: list[tuple[Value, ...]] = []
        self._alerts: dict[str, tuple[Value, ...]] = {}
        self._matches: list[tuple[Value, ...]] = []
        self.deliveries: list[tuple[Value, ...]] = []
        self.told: list[AlertId] = []
        self.counts: Counter[str] = Counter()

    def _after(self, query: str) -> int:
        """Give the first free row id: rows of these tables are never deleted, and nobody else writes."""
        return int(self._connection.execute(query).fetchone()[0] or 0) + 1

    # -- collecting ------------------------------------------------------------------------------

    def take(self, brought: DocumentIntake) -> None:
        """Add a document with all that was read out of it."""
        document = self._document(brought)
        received = micros(brought.document.received_at)
        for intake in brought.intakes:
            self.counts[intake.novelty] += 1
            if intake.novelty is Novelty.NEW:
                self._homes.append(self._new(intake, document, received))
            elif intake.novelty is Novelty.SEEN:
                self._homes.append(intake)
            else:
                self._homes.append(self._known(intake, document, received))

    def forget(self, gone: Sequence[str]) -> None:
        """Forget how files looked that are gone; what was read of them is known by its identities for good."""
        self._connection.executemany(
            "DELETE FROM file WHERE source = ? AND path = ?",
            [(self._source, place_value(path)) for path in gone],
        )

    def _document(self, brought: DocumentIntake) -> int:
        """Write the document's row, and the file's; give the first, 0 where it needs none."""
        document = brought.document
        if document.stamp is not None:
            self._connection.execute(
                "INSERT OR REPLACE INTO file (source, path, stamp, content_hash) VALUES (?, ?, ?, ?)",
                (
                    self._source,
                    place_value(document.location),
                    stamp_value(document.stamp),
                    hash_value(document.content_hash),
                ),
            )
        told = any(intake.novelty in _FRUITFUL for intake in brought.intakes)
        if not told and document.stamp is None and not brought.refusal:
            return 0
        row = self._connection.execute(
            "INSERT INTO document (source, location, received_at, arrived_at, content_hash, size, format, refusal,"
            " doubts, told) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                self._source,
                place_value(document.location),
                micros(document.received_at),
                micros(document.arrived_at),
                hash_value(document.content_hash),
                len(document.content),
                brought.format,
                sound_or_none(brought.refusal),
                texts_value(brought.doubts),
                told,
            ),
        ).lastrowid
        return row or 0

    def _new(self, intake: Intake, document: int, received: int) -> _Home:
        home = _Home(self._next_article, self._next_version)
        self._next_article += 1
        self._articles[home.article] = [home.article, random_id(), self._source, home.version, 1]
        self._new_identities.extend(self._identify(home, intake))
        self._version(home, intake, 1, document, received)
        self._alert(home, intake, intake.matches)
        return home

    def _known(self, intake: Intake, document: int, received: int) -> _Home:
        """Add a version or a copy of a known article."""
        home = self._home(intake)
        self._old_identities.extend(self._identify(home, intake))
        if intake.novelty is Novelty.VERSION:
            home = _Home(home.article, self._next_version)
            self._version(home, intake, intake.number, document, received)
            self._make_latest(home, intake.number)
            self._alert(home, intake, intake.matches)
            return home
        headline, url = sound_or_none(intake.article.headline), sound_or_none(intake.article.url)
        self._sightings.append((home.article, self._source, document, received, headline, url))
        if intake.decision is not None:
            text = self._text(home.version)
            # Evidence of an alert from now on.
            self._kept.append((home.version,))
            self._alert(home, intake, tuple(_proven(match, text) for match in intake.matches))
        return home

    def _identify(self, home: _Home, intake: Intake) -> Iterator[tuple[Value, ...]]:
        """Give the rows of an article's identities; what is shared is no identity of it."""
        if intake.shared is not None:
            self._shared.append((digest(intake.shared), intake.shared.kind, home.article, hash_value(SHARED)))
        seen = hash_value(intake.text_hash)
        return ((digest(i), i.kind, home.article, seen) for i in intake.identities)

    def _home(self, intake: Intake) -> _Home:
        """Find the article that an intake is a version or copy of."""
        if intake.copy_of is not None:
            if not 0 <= intake.copy_of < len(self._homes):
                raise StoreError(
                    f"a copy of article {intake.copy_of} of a poll that has no such article before it"
                )
            original = self._homes[intake.copy_of]
            # An article that an earlier intake of this poll changed has that intake's version as its latest.
            return self._home(original) if isinstance(original, Intake) else self._latest(original)
        row = self._connection.execute(
            "SELECT id, latest FROM article WHERE key = ?", (intake.known_as,)
        ).fetchone()
        if row is None:
            raise StoreError(f"{intake.known_as}: no such article in the store")
        return self._latest(_Home(row["id"], row["latest"]))

    def _latest(self, home: _Home) -> _Home:
        changed = self._articles.get(home.article)
        return home if changed is None else _Home(home.article, int(changed[3] or 0))

    def _make_latest(self, home: _Home, number: int) -> None:
        """Have the article's row name its new version, be it of this poll or an older one."""
        row = self._articles.get(home.article)
        if row is None:
            # Written over the old row; key and source stay.
            old = self._connection.execute(
                "SELECT key, source FROM article WHERE id = ?", (home.article,)
            ).fetchone()
            row = self._articles[home.article] = [home.article, old["key"], old["source"], 0, 0]
        row[3:] = [home.version, number]

    def _version(self, home: _Home, intake: Intake, number: int, document: int, received: int) -> None:
        self._next_version = home.version + 1
        # The text of a version with an alert is its evidence, and stays.
        purgeable = intake.decision is None
        article = intake.article
        self._texts[home.version] = (home.version, zones_value(article.zones), sound(article.text))
        self._versions.append(
            (
                home.version,
                home.article,
                number,
                document,
                received,
                purgeable,
                hash_value(intake.text_hash),
                *article_values(article),
            )
        )

    def _text(self, version: int) -> str:
        """Give a version's text, empty where it is gone."""
        if version in self._texts:
            return str(self._texts[version][2])
        row = self._connection.execute("SELECT text FROM version_text WHERE id = ?", (version,)).fetchone()
        return str(row["text"]) if row else ""

    def _alert(self, home: _Home, intake: Intake, matches: tuple[Match, ...]) -> None:
        decision = intake.decision
        if decision is None:
            return
        row, watchlist = self._next_alert, self._watchlist_of_poll()
        self._next_alert += 1
        key = short_id(row, self._is_alert)
        self._alerts[key] = (
            row,
            key,
            self._now,
            decision.kind,
            decision.reason,
            decision.suppressed,
            home.article,
            home.version,
            watchlist,
        )
        self._matches.extend(
            (row, home.version, *match_values(m), watchlist, mentions_value(m.mentions)) for m in matches
        )
        if not decision.suppressed:
            self.told.append(AlertId(key))
            self._deliver(row, decision, intake.matches)

    def _is_alert(self, key: str) -> bool:
        return (
            key in self._alerts
            or self._connection.execute("SELECT 1 FROM alert WHERE key = ?", (key,)).fetchone() is not None
        )

    def _watchlist_of_poll(self) -> int:
        if self._watchlist_row is None:
            self._watchlist_row = watchlist_row(self._connection, self._watchlist, self._now)
        return self._watchlist_row

    def _deliver(self, alert: int, decision: Decision, matches: tuple[Match, ...]) -> None:
        names = {match.watch: match.name for match in matches}
        for route in decision.routes:
            watches = watches_value((watch, names.get(watch, watch)) for watch in route.watches)
            recipient = recipient_row(self._connection, route.channel, route.recipient)
            due = (self._now, self._now, self._now)
            self.deliveries.append(
                (random_id(), recipient, alert, watches, route.priority, route.priority, *due)
            )

    # -- writing ---------------------------------------------------------------------------------

    def flush(self) -> None:
        """Write all rows. Raises Conflict where the unique keys object."""
        many = self._connection.executemany
        try:
            many(
                "INSERT INTO identity (digest, kind, article, seen_hash) VALUES (?, ?, ?, ?)",
                self._new_identities,
            )
            many(_INSERT_VERSION, self._versions)
        except sqlite3.IntegrityError as error:
            raise Conflict(f"an article became known meanwhile: {error}") from error
        many(_KNOW_IDENTITY, self._old_identities)
        many(_SHARE_IDENTITY, self._shared)
        many("INSERT INTO version_text (id, zones, text) VALUES (?, ?, ?)", self._texts.values())
        many(
            "INSERT INTO article (id, key, source, latest, number) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET latest = excluded.latest, number = excluded.number",
            self._articles.values(),
        )
        many(
            "INSERT INTO sighting (article, source, document, seen_at, headline, url) VALUES (?, ?, ?, ?, ?, ?)",
            self._sightings,
        )
        self._flush_alerts()

    def _flush_alerts(self) -> None:
        many = self._connection.executemany
        many(
            "INSERT INTO alert (id, key, at, kind, reason, suppressed, article, version, watchlist)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            self._alerts.values(),
        )
        many("UPDATE version SET purgeable = 0 WHERE id = ? AND purgeable = 1", self._kept)
        many(
            "INSERT INTO match (alert, version, watch, name, kind, priority, origin_file, origin_line, tell, watchlist,"
            " mentions) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            self._matches,
        )
        many(
            "INSERT INTO delivery (key, recipient, alert, watches, lane, priority, owed_at, next_try_at, ready_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            self.deliveries,
        )


_INSERT_VERSION = """
INSERT INTO version (id, article, number, document, received_at, purgeable, text_hash, format, member, native_id,
  publisher_version, headline, slug, byline, place, dateline_date, agency, language, published, published_text,
  embargo_until, url, urgency, lifecycle, doubts)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""

# An identity that another article holds stays with that one.
_KNOW_IDENTITY = """
INSERT INTO identity (digest, kind, article, seen_hash) VALUES (?, ?, ?, ?)
ON CONFLICT (digest) DO UPDATE SET seen_hash = excluded.seen_hash WHERE article = excluded.article
"""

_SHARE_IDENTITY = """
INSERT INTO identity (digest, kind, article, seen_hash) VALUES (?, ?, ?, ?)
ON CONFLICT (digest) DO UPDATE SET seen_hash = excluded.seen_hash
"""


def _proven(match: Match, text: str) -> Match:
    """Give a copy's match with the mentions that stand in the stored text too: offsets must never point elsewhere."""
    kept = tuple(m for m in match.mentions if text[m.start : m.end] == m.text)
    return Match(
        watch=match.watch,
        name=match.name,
        kind=match.kind,
        priority=match.priority,
        origin=match.origin,
        mentions=kept,
        tell=match.tell,
    )


def watchlist_row(connection: sqlite3.Connection, version: WatchlistVersion, now: int) -> int:
    """Give the row of a watchlist's version, made where it is the first use."""
    connection.execute(
        "INSERT INTO watchlist (key, first_used_at) VALUES (?, ?) ON CONFLICT (key) DO NOTHING",
        (version, now),
    )
    row = connection.execute("SELECT id FROM watchlist WHERE key = ?", (version,)).fetchone()
    return int(row["id"])


# -- the source and its polls ----------------------------------------------------------------


def _write_source(
    connection: sqlite3.Connection, old: sqlite3.Row, outcome: PollOutcome, counts: Counter[str]
) -> None:
    """Write the source's state after the poll, end its lease, and tell the poll where it is worth a row.

    Name, kind and whether it is on are the mirror's: a poll in flight must not switch a removed source on again.
    """
    poll, repeats = _write_poll(connection, old, outcome, counts)
    state = outcome.source
    next_poll = micros(state.next_poll_at)
    connection.execute(
        "UPDATE source SET first_read_at = ?, next_poll_at = ?, ready_at = ?, lease_until = NULL, last_poll_at = ?,"
        " last_ok_at = ?, etag = ?, last_modified = ?, content_hash = ?, failures = ?, health = ?, health_reason = ?,"
        " articles = articles + ?, last_result = ?, last_detail = ?, last_http_status = ?, poll = ?, repeats = ?"
        " WHERE id = ?",
        (
            micros_or_none(state.first_read_at),
            next_poll,
            next_poll,
            micros_or_none(state.last_poll_at),
            micros_or_none(state.last_ok_at),
            sound_or_none(state.validators.etag),
            sound_or_none(state.validators.last_modified),
            None if state.content_hash is None else hash_value(state.content_hash),
            state.failures,
            state.health,
            sound_or_none(state.health_reason),
            counts[Novelty.NEW],
            outcome.result,
            sound_or_none(outcome.detail),
            outcome.http_status,
            poll,
            repeats,
            old["id"],
        ),
    )


def _write_poll(
    connection: sqlite3.Connection, old: sqlite3.Row, outcome: PollOutcome, counts: Counter[str]
) -> tuple[int | None, int]:
    """Write the poll's row if it is worth one; give the row of the last told poll, and how many came after it."""
    if not _is_told(old, outcome, counts):
        return old["poll"], old["repeats"] + 1
    if old["repeats"]:
        connection.execute("UPDATE poll SET repeats = ? WHERE id = ?", (old["repeats"], old["poll"]))
    row = connection.execute(
        "INSERT INTO poll (source, started_at, ended_at, result, detail, http_status, articles, versions, copies)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            old["id"],
            micros(outcome.started_at),
            micros(outcome.ended_at),
            outcome.result,
            sound_or_none(outcome.detail),
            outcome.http_status,
            counts[Novelty.NEW],
            counts[Novelty.VERSION],
            counts[Novelty.COPY],
        ),
    ).lastrowid
    return row, 0


def _is_told(old: sqlite3.Row, outcome: PollOutcome, counts: Counter[str]) -> bool:
    """Say whether a poll has a row of its own; the rule is this module's docstring."""
    if old["poll"] is None or any(counts[novelty] for novelty in _FRUITFUL):
        return True
    if outcome.result in _FINE:
        return old["last_result"] not in _FINE
    return (old["last_result"], old["last_detail"]) != (outcome.result, outcome.detail)


# -- what is known ---------------------------------------------------------------------------


def known(
    connection: sqlite3.Connection, identities: Sequence[Identity]
) -> list[tuple[Identity, sqlite3.Row]]:
    """Find the articles that identities lead to; unknown ones are left out."""
    found = []
    for identity in identities:
        row = connection.execute(_KNOWN, (digest(identity),)).fetchone()
        if row is not None:
            found.append((identity, row))
    return found


_KNOWN = """
SELECT a.key AS article, s.key AS source, a.number, i.seen_hash
FROM identity i JOIN article a ON a.id = i.article JOIN source s ON s.id = a.source WHERE i.digest = ?
"""
