"""Chooses the words of an article that prove its matches: short quotes with the mentions in them. Touches nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import reduce

from monitor.core.alerts.neutral import line
from monitor.core.text.segments import sentences
from monitor.model import Article, Match, Mention, Zone, ZoneSpan

MOST = 4
"""Quotes to show; the rest is counted."""
BEFORE = 90
AFTER = 110
"""Code points to each side of a mention at most; the sentence's own ends come first."""
LONGEST = 320
"""Code points of a quote that shows mentions on both sides of what one mention alone would show."""
LONGEST_MENTION = 120
OPEN, CLOSE = "\x02", "\x03"
"""Stand for the brackets around a mention until the text around them was made safe."""
_LINK_JOINT = re.compile(CLOSE + r"(?=[(\[:])")
"""Where the bracket after a mention would make a Markdown link of what follows."""
_SHOWN_ANYWAY = (Zone.HEADLINE, Zone.SLUG)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A stretch of one zone; `text` is one line in which OPEN and CLOSE stand around each mention."""

    zone: Zone
    text: str

    def shown(self, safe: Callable[[str], str], left: str = "[", right: str = "]") -> str:
        """Give the text made safe, with the mentions between these brackets. The outside's own are rounded."""
        marked = self.text.translate({91: "(", 93: ")", 0x3010: "(", 0x3011: ")"})
        apart = _LINK_JOINT.sub(CLOSE + " ", _around_marks(marked, safe))
        return apart.replace(OPEN, left).replace(CLOSE, right)


@dataclass(frozen=True, slots=True)
class _Window:
    zone: Zone
    start: int
    end: int
    cut_before: bool
    cut_after: bool

    def holds(self, mention: Mention) -> bool:
        return self.start <= mention.start and mention.end <= self.end

    def overlaps(self, other: _Window) -> bool:
        return self.start < other.end and other.start < self.end

    @property
    def length(self) -> int:
        return self.end - self.start


def quotes(article: Article, matches: Sequence[Match]) -> tuple[tuple[Quote, ...], int]:
    """Give at most MOST quotes, those for the first matches first, and how many mentions none of them shows.

    A match is first shown by a mention in running text: its headline is seen anyway.
    """
    wanted = _in_turn(matches)
    windows: list[_Window] = []
    for mention in wanted:
        if len(windows) < MOST and not any(w.holds(mention) for w in windows):
            window = _window(article, mention)
            if window is not None:
                _add(windows, window, mention)
    shown = tuple(_quote(article, w, [m for m in wanted if w.holds(m)]) for w in windows)
    more = sum(1 for m in wanted if not any(w.holds(m) for w in windows))
    return shown, more


def _add(windows: list[_Window], new: _Window, mention: Mention) -> None:
    """Show a mention without showing any words twice.

    Its window widens one that it overlaps, where both together are no longer than a quote may be, and else ends
    where another begins. A mention that others show a part of is shown there as a whole.
    """
    bare = replace(new, start=mention.start, end=mention.end, cut_before=True, cut_after=True)
    partly = [at for at, old in enumerate(windows) if old.overlaps(bare)]
    if partly:
        whole = reduce(_united, [windows[at] for at in partly], bare)
        windows[partly[0]] = whole
        windows[:] = [old for at, old in enumerate(windows) if at not in partly[1:]]
        return
    near = [at for at, old in enumerate(windows) if old.overlaps(new)]
    into = next((at for at in near if _united(windows[at], new).length <= LONGEST), None)
    for at in near:
        new = new if at == into else _beside(new, windows[at])
    if into is not None and windows[into].overlaps(new):
        windows[into] = _united(windows[into], new)
    else:
        windows.append(new)


def _united(one: _Window, other: _Window) -> _Window:
    first, last = (one if one.start <= other.start else other), (one if one.end >= other.end else other)
    return replace(first, end=last.end, cut_after=last.cut_after)


def _beside(new: _Window, old: _Window) -> _Window:
    """Cut a window where one that stands before or behind its mention ends or begins."""
    if old.start < new.start:
        return replace(new, start=old.end, cut_before=True)
    return replace(new, end=old.start, cut_after=True)


def _in_turn(matches: Sequence[Match]) -> list[Mention]:
    """Give each match's first mention, then each one's second, and so on; each stretch of text once."""
    columns = [sorted(m.mentions, key=lambda mention: mention.zone in _SHOWN_ANYWAY) for m in matches]
    turns = max((len(c) for c in columns), default=0)
    found: dict[tuple[int, int], Mention] = {}
    for turn in range(turns):
        for column in columns:
            if turn < len(column):
                found.setdefault((column[turn].start, column[turn].end), column[turn])
    return list(found.values())


def _window(article: Article, mention: Mention) -> _Window | None:
    """Give about a sentence around a mention, cut at words; None where the text is gone or says otherwise."""
    span = next((s for s in article.zones if s.start <= mention.start and mention.end <= s.end), None)
    if span is None or mention.end > len(article.text) or mention.start >= mention.end:
        return None
    first, last = _sentence(article.text, span, mention)
    start, end = first, last
    if start < mention.start - BEFORE:
        start = _next_word(article.text, mention.start - BEFORE, mention.start)
    if end > mention.end + AFTER:
        end = _last_word(article.text, mention.end, mention.end + AFTER)
    return _Window(
        span.zone, start, end, start > span.start and start != first, end < span.end and end != last
    )


def _sentence(text: str, span: ZoneSpan, mention: Mention) -> tuple[int, int]:
    """Give the sentences that a mention stands in; looked for near by, however long the text is."""
    near = max(span.start, mention.start - 4 * BEFORE), min(span.end, mention.end + 4 * AFTER)
    found = [s for s in sentences(text, *near) if s[0] < mention.end and s[1] > mention.start]
    return min([mention.start, *(s[0] for s in found)]), max([mention.end, *(s[1] for s in found)])


def _next_word(text: str, start: int, stop: int) -> int:
    at = text.find(" ", start, stop)
    return start if at < 0 else at + 1


def _last_word(text: str, stop: int, end: int) -> int:
    at = text.rfind(" ", stop, end)
    return end if at < 0 else at


def _quote(article: Article, window: _Window, mentions: Sequence[Mention]) -> Quote:
    """Give a window's text on one line with its mentions marked; one that lies in another is not marked twice."""
    parts: list[str] = ["…" if window.cut_before else ""]
    at = window.start
    for mention in sorted(mentions, key=lambda m: (m.start, -m.end)):
        if mention.start >= at:
            parts += [_clean(article.text[at : mention.start]), OPEN]
            parts += [_clean(article.text[mention.start : mention.end][:LONGEST_MENTION]), CLOSE]
            at = mention.end
    parts += [_clean(article.text[at : window.end]), " …" if window.cut_after else ""]
    text = "".join(parts)
    return Quote(zone=window.zone, text=f"… {text[1:].lstrip()}" if window.cut_before else text)


def _clean(text: str) -> str:
    """Give a stretch as one line, the spaces at its ends kept: another stretch follows."""
    bare = line(text)
    left = " " if text[:1].isspace() else ""
    right = " " if text[-1:].isspace() and bare else ""
    return f"{left}{bare}{right}"


def _around_marks(text: str, safe: Callable[[str], str]) -> str:
    """Make a marked text safe as a whole, so that no link is pieced together around a mark."""
    opened, closed = "\ue000", "\ue001"
    shielded = text.replace(opened, "").replace(closed, "").replace(OPEN, opened).replace(CLOSE, closed)
    return safe(shielded).replace(opened, OPEN).replace(closed, CLOSE)
