"""Turns a watchlist into patterns, and knows which watches want each. It must not read any article.

Kept in a few arrays of integers, not in objects: a list of a million names costs 20 MB here. A term of several
watches is one pattern. Later forms of a name are further patterns that lead to the same term.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from itertools import accumulate

from monitor.core.text.fold import fold_key
from monitor.errors import ConfigError
from monitor.model import Condition, Term, Watch, WatchId, WatchRef

UNLESS = 0xFFFFFFFF
"""The group that `unless` is: one hit in it, and the watch is not met."""


@dataclass(frozen=True, slots=True)
class Postings:
    """Who wants each pattern: watches by place in the list, a group of it, a term by place in the group.

    Ordered by pattern, then as the watchlist has them: those of pattern p stand from starts[p] to starts[p + 1].
    """

    starts: array[int]
    watches: array[int]
    groups: array[int]
    places: array[int]


@dataclass(frozen=True, slots=True)
class References:
    """Watches that other watches name: who names each, in which group, and in what order to decide."""

    named_by: dict[int, tuple[tuple[int, int], ...]]
    """Of a watch that is named: the watch that does, and the group of it."""
    ranks: dict[int, int]
    """Of each watch that names others: a number higher than of those that it names."""


def members(watch: Watch) -> Iterator[tuple[int, int, Term | WatchRef]]:
    """Give group, place in the group, and term or reference, for all that a watch looks for."""
    for number, group in enumerate(watch.condition.groups):
        for place, member in enumerate(group):
            yield number, place, member
    for place, member in enumerate(watch.condition.unless):
        yield UNLESS, place, member


def spelling(condition: Condition, group: int, place: int) -> str:
    """Give a term as its user wrote it."""
    member = (condition.unless if group == UNLESS else condition.groups[group])[place]
    return member.text if isinstance(member, Term) else member.watch


def gather(watches: tuple[Watch, ...]) -> tuple[list[str], Postings]:
    """Give the patterns, as folded texts, and who wants them. A term that folds to nothing is found nowhere."""
    numbers: dict[str, int] = {}
    patterns, postings = array("I"), (array("I"), array("I"), array("I"))
    for index, watch in enumerate(watches):
        for group, place, member in members(watch):
            if isinstance(member, Term) and (key := fold_key(member.text)):
                patterns.append(numbers.setdefault(key, len(numbers)))
                for column, value in zip(postings, (index, group, place), strict=True):
                    column.append(value)
    return list(numbers), _by_pattern(len(numbers), patterns, *postings)


def _by_pattern(
    count: int, patterns: array[int], watches: array[int], groups: array[int], places: array[int]
) -> Postings:
    sizes = array("I", bytes(4 * (count + 1)))
    for pattern in patterns:
        sizes[pattern + 1] += 1
    order = sorted(range(len(patterns)), key=patterns.__getitem__)
    return Postings(
        starts=array("I", accumulate(sizes)),
        watches=_picked(watches, order),
        groups=_picked(groups, order),
        places=_picked(places, order),
    )


def _picked(column: array[int], order: Iterable[int]) -> array[int]:
    return array("I", map(column.__getitem__, order))


def resolve(watches: tuple[Watch, ...]) -> References:
    """Find who names whom. Raises ConfigError for a watch that is nowhere, and for watches that go in a circle."""
    wanted = [
        (index, group, member.watch)
        for index, watch in enumerate(watches)
        for group, _, member in members(watch)
        if isinstance(member, WatchRef)
    ]
    if not wanted:
        return References({}, {})
    places = _places(watches, wanted)
    named_by: dict[int, list[tuple[int, int]]] = {}
    graph: dict[int, set[int]] = {}
    for index, group, name in wanted:
        named_by.setdefault(places[name], []).append((index, group))
        graph.setdefault(index, set()).add(places[name])
    order = _in_order(graph, watches)
    return References(
        {i: tuple(by) for i, by in named_by.items()}, {i: n for n, i in enumerate(order) if i in graph}
    )


def _places(watches: tuple[Watch, ...], wanted: list[tuple[int, int, WatchId]]) -> dict[WatchId, int]:
    names = {name for _, _, name in wanted}
    places = {watch.id: index for index, watch in enumerate(watches) if watch.id in names}
    lost = [(watches[index], name) for index, _, name in wanted if name not in places]
    if lost:
        raise ConfigError(tuple(f"{w.origin}: {w.name}: there is no watch {name!r}" for w, name in lost))
    return places


def _in_order(graph: dict[int, set[int]], watches: tuple[Watch, ...]) -> list[int]:
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        circle = [watches[i] for i in reversed(error.args[1])]
        path = " -> ".join(w.id for w in circle)
        raise ConfigError((f"{circle[0].origin}: {circle[0].name}: goes in a circle: {path}",)) from None
