"""Decides whether what was found in an article meets a watch's condition, and which of it proves that.

This module must not search text: sightings in, sightings out.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from monitor.core.text.segments import paragraphs, sentences
from monitor.core.watch.index import UNLESS
from monitor.core.watch.words import word_starts
from monitor.model import Condition, Unit, Within, Zone, ZoneSpan

HIT_ZONES = (Zone.HEADLINE, Zone.SLUG, Zone.LEAD, Zone.BODY)
"""Where a mention counts; datelines, agency tags, bylines, sign-offs and notes are boilerplate."""
_RUNNING = (Zone.LEAD, Zone.BODY)


class Sighting(NamedTuple):
    """A term of one watch, seen in an article's text: code points of it, end exclusive."""

    start: int
    end: int
    zone: Zone
    group: int
    term: str


class _Run(NamedTuple):
    """Zones that words are counted through, and where each word begins."""

    zones: list[ZoneSpan]
    words: list[int]

    def holds(self, sighting: Sighting) -> bool:
        first, last = self.zones[0], self.zones[-1]
        kinds = _RUNNING if first.zone in _RUNNING else (first.zone,)
        return first.start <= sighting.start < last.end and sighting.zone in kinds


@dataclass(slots=True)
class Layout:
    """The stretches that an article's text falls into, each kind worked out when first asked for."""

    text: str
    zones: Sequence[ZoneSpan]
    _stretches: dict[Unit, list[tuple[int, int]]] = field(default_factory=dict)
    _runs: list[_Run] | None = None

    def stretches(self, unit: Unit) -> list[tuple[int, int]]:
        """Give the sentences or paragraphs, in order; headline and slug are one each."""
        if unit not in self._stretches:
            parts = sentences if unit is Unit.SENTENCE else paragraphs
            self._stretches[unit] = [
                stretch
                for z in self.zones
                if z.zone in HIT_ZONES
                for stretch in (
                    parts(self.text, z.start, z.end) if z.zone in _RUNNING else ((z.start, z.end),)
                )
            ]
        return self._stretches[unit]

    def runs(self) -> list[_Run]:
        """Give the runs of words: lead and body are one, headline and slug one each."""
        if self._runs is None:
            running = [z for z in self.zones if z.zone in _RUNNING]
            alone = [[z] for z in self.zones if z.zone in HIT_ZONES and z.zone not in _RUNNING]
            self._runs = [
                _Run(run, [at for z in run for at in word_starts(self.text, z.start, z.end)])
                for run in (running, *alone)
                if run
            ]
        return self._runs


def evidence(condition: Condition, sightings: Sequence[Sighting], layout: Layout) -> Sequence[Sighting]:
    """Give the sightings that prove a condition, empty where it is not met.

    These are all terms of all groups inside stretches where every group is seen. Of terms that overlap, the
    leftmost and then the longest stands for them.
    """
    if len(condition.groups) == 1 == len(sightings) and not condition.unless:
        return sightings
    groups = {s.group for s in sightings}
    if UNLESS in groups or len(groups) < len(condition.groups) or not groups:
        return ()
    if len(condition.groups) > 1 and condition.within.unit is not Unit.ARTICLE:
        sightings = _near(condition.within, len(condition.groups), sightings, layout)
    return leftmost_longest(sightings)


def leftmost_longest(sightings: Iterable[Sighting]) -> list[Sighting]:
    """Drop what overlaps an earlier one, or one that begins with it and is longer, or listed first."""
    kept: list[Sighting] = []
    end = 0
    for sighting in sorted(sightings, key=lambda s: (s.start, -s.end)):
        if sighting.start >= end:
            kept.append(sighting)
            end = sighting.end
    return kept


def _near(within: Within, groups: int, sightings: Sequence[Sighting], layout: Layout) -> list[Sighting]:
    if within.unit is not Unit.WORDS:
        return _in_stretches(layout.stretches(within.unit), groups, sightings)
    found: list[Sighting] = []
    for run in layout.runs():
        here = [s for s in sightings if run.holds(s)]
        if len({s.group for s in here}) == groups:
            found += _in_windows(within.words or 1, groups, here, run.words)
    return found


def _in_stretches(
    stretches: Sequence[tuple[int, int]], groups: int, sightings: Sequence[Sighting]
) -> list[Sighting]:
    """A term over the end of a stretch counts on both sides: it shows that no sentence ends there."""
    starts = [start for start, _ in stretches]
    touched = [
        range(max(0, bisect_right(starts, s.start) - 1), bisect_left(starts, s.end)) for s in sightings
    ]
    seen: dict[int, set[int]] = {}
    for sighting, places in zip(sightings, touched, strict=True):
        for place in places:
            seen.setdefault(place, set()).add(sighting.group)
    full = {place for place, present in seen.items() if len(present) == groups}
    return [s for s, places in zip(sightings, touched, strict=True) if any(p in full for p in places)]


def _in_windows(
    width: int, groups: int, sightings: Sequence[Sighting], words: Sequence[int]
) -> list[Sighting]:
    """Keep what lies in some window of so many words that holds all groups.

    Windows that begin where a sighting does are enough: any other can move right up to its first one. Takes
    time in proportion to the sightings (but for sorting), however wide the window.
    """
    spans = {s: (bisect_right(words, s.start) - 1, bisect_left(words, s.end) - 1) for s in sightings}
    arrivals = iter(sorted(spans, key=lambda s: spans[s][1]))
    coming = next(arrivals, None)
    inside: Counter[int] = Counter()
    present = 0
    full: list[int] = []
    for leaving in sorted(spans, key=lambda s: spans[s][0]):
        first, last = spans[leaving]
        while coming is not None and spans[coming][1] < first + width:
            if spans[coming][0] >= first:
                present += not inside[coming.group]
                inside[coming.group] += 1
            coming = next(arrivals, None)
        if present == groups:
            full.append(first)
        if last < first + width:
            inside[leaving.group] -= 1
            present -= not inside[leaving.group]
    return [s for s in sightings if _is_inside(full, width, *spans[s])]


def _is_inside(windows: Sequence[int], width: int, first: int, last: int) -> bool:
    nearest = bisect_right(windows, first) - 1
    return nearest >= 0 and last < windows[nearest] + width
