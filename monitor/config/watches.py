"""Watchlist files become watches: defaults filled in, references looked up, clashes found."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from monitor.config import schema
from monitor.config.entry import Defaults, make_watch
from monitor.config.names import read_names
from monitor.config.problems import SOUGHT_AT_MOST, Mistakes, Problem, meant, quote
from monitor.config.reading import Reading, read_part
from monitor.config.text import stamp_of
from monitor.config.tree import Entries, Items, Scalar, Step, locate
from monitor.config.words import default_id
from monitor.model import (
    ANYWHERE,
    ChannelName,
    Condition,
    FileStamp,
    Origin,
    Priority,
    Term,
    Watch,
    WatchId,
    WatchKind,
    Watchlist,
    WatchlistVersion,
    WatchRef,
)

MOST_COMPARED = 5_000
"""Ids that a mistyped one is compared with: comparing takes a while."""
MOST_HINTS = 20
"""Mistyped references that a near id is sought for."""
_REFERENCE = re.compile(r"(actor|topic):(\S.*)\Z")


@dataclass(slots=True)
class Sheet:
    """The watches of one file, and how to point at each."""

    shown: str
    watches: Sequence[Watch]
    point: Callable[[int], tuple[int, int, str]]
    """Line, column and path of the watch at a position."""
    listed: bool = False
    """Whether it is a list of names in a file of its own."""
    tell: tuple[ChannelName, ...] = ()
    """What its watches have that name no channel themselves."""


@dataclass(slots=True)
class Watches:
    """Watchlist files, as they are read one after the other."""

    fallback: tuple[ChannelName, ...] = ()
    sheets: list[Sheet] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    readings: list[Reading[schema.Watchlist]] = field(default_factory=list)
    doubtful: set[str] = field(default_factory=set)
    """Ids of watches that have mistakes of their own: nothing is said of references to them."""
    references: list[tuple[Reading[schema.Watchlist], tuple[Step, ...], WatchId, str]] = field(
        default_factory=list
    )
    """Where a reference stands, whose it is, and what it says."""
    files: dict[Path, FileStamp | None] = field(default_factory=dict)
    """Lists of names, as they looked before they were read."""

    def read(self, path: Path) -> None:
        """Read one watchlist file and the lists of names that it names."""
        try:
            reading = read_part(path, schema.Watchlist)
        except Mistakes as error:
            self.problems.extend(error.found)
            return
        self.readings.append(reading)
        self.doubtful |= set(_doubtful(reading))
        if reading.model is not None:
            self._take(reading, reading.model)

    def _take(self, reading: Reading[schema.Watchlist], model: schema.Watchlist) -> None:
        defaults = self._defaults(model)
        name = reading.page.file.name
        actors = [
            _actor(actor, defaults, Origin(name, line))
            for actor, line in zip(model.actors, reading.lines("actors"), strict=True)
        ]
        topics = [
            _topic(topic, defaults, Origin(name, line))
            for topic, line in zip(model.topics, reading.lines("topics"), strict=True)
        ]
        self._refer(reading, model, topics)
        self.sheets.append(Sheet(reading.page.file.shown, actors, _pointer(reading, "actors")))
        self.sheets.append(Sheet(reading.page.file.shown, topics, _pointer(reading, "topics")))
        for number, file in enumerate(model.names_from or ()):
            self._names(reading, number, file, defaults)

    def _defaults(self, model: schema.Watchlist) -> Defaults:
        tell = tuple(ChannelName(c) for c in model.tell) if model.tell is not None else self.fallback
        return Defaults(
            tell=tell,
            priority=model.priority or Priority.NORMAL,
            kind=model.kind or WatchKind.OTHER,
            note=model.note,
        )

    def _names(self, reading: Reading[schema.Watchlist], number: int, file: str, defaults: Defaults) -> None:
        path = reading.page.file.path.parent / file
        self.files[path] = stamp_of(path)
        if not os.path.exists(path):
            reading.blame(
                f"there is no file `{quote(file)}` in {quote(str(path.parent))}", "names_from", number
            )
            return
        try:
            found = read_names(path, defaults)
        except Mistakes as error:
            self.problems.extend(error.found)
            return
        watches = found.watches
        point = lambda i: (watches[i].origin.line, 1, "name")  # noqa: E731
        self.sheets.append(Sheet(found.shown, watches, point, listed=True, tell=defaults.tell))

    def _refer(
        self, reading: Reading[schema.Watchlist], model: schema.Watchlist, topics: Sequence[Watch]
    ) -> None:
        for i, (topic, watch) in enumerate(zip(model.topics, topics, strict=True)):
            for loc, text in _terms(topic):
                if _REFERENCE.match(text):
                    self.references.append((reading, ("topics", i, *loc), watch.id, text))

    def watchlist(self, channels: Collection[str] | None = None) -> Watchlist:
        """Give all watches, or raise ConfigError with all that is wrong in any of the files.

        `channels` are the names that `tell:` may say; None: they are not known, and not asked about.
        """
        known = self._distinct()
        self._look_up(known)
        self._refuse_circles(known)
        if channels is not None:
            self._check_tell(channels)
        problems = [*(p for reading in self.readings for p in reading.problems), *self.problems]
        if problems:
            raise Mistakes(problems)
        watches = tuple(w for sheet in self.sheets for w in sheet.watches)
        return Watchlist(version=version_of(watches), watches=watches)

    def _distinct(self) -> dict[WatchId, Watch]:
        known: dict[WatchId, Watch] = {}
        shown = {s.watches[0].origin.file: s.shown for s in self.sheets if s.watches}
        clashes: list[Problem] = []
        for sheet in self.sheets:
            for i, watch in enumerate(sheet.watches):
                first = known.setdefault(watch.id, watch)
                if first is not watch and len(clashes) < SOUGHT_AT_MOST:
                    clashes.append(_clash(sheet, i, first, shown[first.origin.file]))
        self.problems.extend(clashes)
        return known

    def _look_up(self, known: dict[WatchId, Watch]) -> None:
        wrong = 0
        for reading, loc, own, text in self.references:
            told = self._doubt(known, own, text, near=wrong < MOST_HINTS)
            wrong += told is not None
            if told is not None and wrong < SOUGHT_AT_MOST:
                reading.blame(told, *loc)

    def _doubt(self, known: dict[WatchId, Watch], own: WatchId, text: str, *, near: bool) -> str | None:
        """Say what is wrong with a reference; `near`: and which id was probably meant."""
        kind, asked = _parts(text)
        found = known.get(WatchId(asked))
        if found is None:
            if asked in self.doubtful:
                return None
            return (
                f"there is no {kind} with the id "
                f"`{quote(asked)}`{_near(kind, asked, known.values()) if near else ''}"
            )
        if (found.kind is WatchKind.TOPIC) != (kind == "topic"):
            right = "topic" if kind == "actor" else "actor"
            return f"`{quote(asked)}` is no {kind}, did you mean `{right}:{quote(asked)}`?"
        return f"`{quote(text)}` is the topic itself: name its words instead" if asked == own else None

    def _refuse_circles(self, known: dict[WatchId, Watch]) -> None:
        leads: dict[WatchId, list[WatchId]] = {}
        for _, _, own, text in self.references:
            leads.setdefault(own, []).append(WatchId(_parts(text)[1]))
        circle = _circle(leads)
        if circle is None:
            return
        for reading, loc, own, text in self.references:
            if own == circle[0] and _parts(text)[1] == circle[1]:
                way = " → ".join(quote(i) for i in circle)
                reading.blame(f"goes round in a circle: {way}; take one of these references out", *loc)
                return

    def _check_tell(self, channels: Collection[str]) -> None:
        for reading in self.readings:
            if reading.model is not None:
                check_tell(reading, reading.model.tell, channels, "tell")
                entries: dict[str, Sequence[schema.WatchEntry]] = {
                    "actors": reading.model.actors,
                    "topics": reading.model.topics,
                }
                for key, i, entry in ((k, i, e) for k, es in entries.items() for i, e in enumerate(es)):
                    check_tell(reading, entry.tell, channels, key, i, "tell")
        for sheet in self.sheets:
            if sheet.listed:
                self.problems.extend(_untold(sheet, channels))


def check_tell(
    reading: Reading[Any], tell: Sequence[str] | None, channels: Collection[str], *loc: Step
) -> None:
    """Blame each name of a `tell:` list that is no channel."""
    for i, name in enumerate(tell or ()):
        if name not in channels:
            reading.blame(no_channel(name, channels), *loc, i)


def no_channel(name: str, channels: Collection[str]) -> str:
    """Say that there is no such channel, and which was probably meant."""
    near = (
        meant(name, channels) or f"; monitor.yaml has {', '.join(f'`{quote(c)}`' for c in sorted(channels))}"
    )
    return f"there is no channel `{quote(name)}`{near}"


def _untold(sheet: Sheet, channels: Collection[str]) -> Iterator[Problem]:
    # The file's own `tell:` was checked where it stands: only what a row says itself is new.
    for i, watch in enumerate(sheet.watches):
        if watch.tell is not sheet.tell and (
            wrong := next((c for c in watch.tell if c not in channels), None)
        ):
            yield Problem(sheet.shown, *sheet.point(i)[:2], "tell", no_channel(wrong, channels))


def _near(kind: str, asked: str, watches: Collection[Watch]) -> str:
    """Say which watch was probably meant: one with this name, or with an id like it."""
    right_kind = [w for w in watches if (w.kind is WatchKind.TOPIC) == (kind == "topic")]
    named = next((w.id for w in right_kind if w.name.casefold() == asked.casefold()), None)
    ids = [w.id for w in right_kind] if len(right_kind) < MOST_COMPARED else ()
    return f", did you mean `{quote(named)}`?" if named else meant(asked, ids)


def _doubtful(reading: Reading[schema.Watchlist]) -> Iterator[str]:
    """Give the ids that entries with mistakes would have had."""
    root = reading.page.root
    for key, kept in reading.kept.items():
        entries = root.get(key) if isinstance(root, Entries) else None
        if not isinstance(entries, Items):
            continue
        for node in (n for i, n in enumerate(entries) if i not in set(kept)):
            for part in ("id", "name"):
                value = node.get(part) if isinstance(node, Entries) else node
                if isinstance(value, Scalar):
                    yield from (value.text, default_id(value.text))


def _pointer(reading: Reading[schema.Watchlist], key: str) -> Callable[[int], tuple[int, int, str]]:
    return lambda i: locate(reading.page.root, reading.loc(key, i))


def _clash(sheet: Sheet, i: int, first: Watch, shown: str) -> Problem:
    watch = sheet.watches[i]
    text = (
        f"has the id `{quote(watch.id)}`, as `{quote(first.name)}` in {shown}:{first.origin.line} has: "
        f"take one of them "
        f"out, or give it an id of its own, such as `id: {quote(_another_id(watch))}`"
    )
    return Problem(sheet.shown, *sheet.point(i), text)


def _another_id(watch: Watch) -> str:
    digits = default_id(re.sub(r"\D", " ", watch.name))
    return f"{watch.id}-{digits or '2'}"


def _parts(text: str) -> tuple[str, str]:
    match = _REFERENCE.match(text)
    assert match is not None
    return match.group(1), match.group(2).strip()


def _term(text: str) -> Term | WatchRef:
    return WatchRef(WatchId(_parts(text)[1])) if _REFERENCE.match(text) else Term(text)


def _terms(topic: schema.Topic) -> Iterator[tuple[tuple[Step, ...], str]]:
    """Give each term of a topic with the way to it."""
    for g, group in enumerate(topic.all or ()):
        yield from ((("all", g, t), text) for t, text in enumerate(group))
    yield from ((("any", t), text) for t, text in enumerate(topic.any or ()))
    yield from ((("unless", t), text) for t, text in enumerate(topic.unless))


def _actor(actor: schema.Actor, defaults: Defaults, origin: Origin) -> Watch:
    terms = tuple(Term(t) for t in dict.fromkeys((actor.name, *actor.also)))
    condition = Condition(groups=(terms,))
    return make_watch(actor, actor.kind or defaults.kind, condition, defaults, origin)


def _topic(topic: schema.Topic, defaults: Defaults, origin: Origin) -> Watch:
    groups = [*(topic.all or ()), *([topic.any] if topic.any else ())]
    condition = Condition(
        groups=tuple(tuple(_term(t) for t in dict.fromkeys(g)) for g in groups),
        within=topic.within or ANYWHERE,
        unless=tuple(_term(t) for t in dict.fromkeys(topic.unless)),
    )
    return make_watch(topic, WatchKind.TOPIC, condition, defaults, origin)


def _circle(leads: Mapping[WatchId, Sequence[WatchId]]) -> tuple[WatchId, ...] | None:
    """Find a circle of two or more among references; without recursion, for chains of any length."""
    done: set[WatchId] = set()
    for start in leads:
        way: dict[WatchId, Iterator[WatchId]] = {} if start in done else {start: iter(leads[start])}
        while way:
            here = next(reversed(way))
            following = next((w for w in way[here] if w != here and w in leads and w not in done), None)
            if following is None:
                done.add(here)
                del way[here]
            elif following in way:
                steps = tuple(way)
                return (*steps[steps.index(following) :], following)
            else:
                way[following] = iter(leads[following])
    return None


def version_of(watches: Iterable[Watch]) -> WatchlistVersion:
    """Hash all that watches say, whatever the order of files and whatever the lines they stand in."""
    digest = hashlib.sha256()
    for w in sorted(watches, key=lambda w: w.id):
        said = (w.id, w.name, w.kind.value, int(w.priority), w.tell, w.ids, w.note, _said(w.condition))
        digest.update(repr(said).encode("utf-8", "backslashreplace"))
    return WatchlistVersion(digest.hexdigest())


def _said(condition: Condition) -> tuple[object, ...]:
    groups = tuple(tuple(_spelled(t) for t in group) for group in condition.groups)
    return (
        groups,
        condition.within.unit.value,
        condition.within.words,
        tuple(_spelled(t) for t in condition.unless),
    )


def _spelled(term: Term | WatchRef) -> str:
    return f"t{term.text}" if isinstance(term, Term) else f"w{term.watch}"
