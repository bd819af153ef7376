"""One article at a time for people: its zones in colours, or its matches with the words that prove them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC

from rich.console import Group
from rich.table import Table
from rich.text import Text

from monitor.cli import screen
from monitor.cli.safe import one_line, safe
from monitor.model import Article, Match, Mention, Priority, Zone

COLOURS = {
    Zone.HEADLINE: "bold",
    Zone.SLUG: "magenta",
    Zone.BYLINE: "cyan",
    Zone.DATE: "blue",
    Zone.DATELINE: "yellow",
    Zone.LEAD: "green",
    Zone.BODY: "",
    Zone.SIGNOFF: "dim",
    Zone.NOTE: "red",
}
_SPACES = re.compile(r"\s+")
QUOTED = 60
"""Characters of text on either side of a mention."""
QUOTES = 8
"""Mentions of one watch that are quoted; the rest is counted."""


class Pieces:
    """Prints articles on the console."""

    def __init__(self) -> None:
        self._console = screen.console()

    def article(self, file: str, article: Article) -> None:
        """Print what was read: first what the document says of itself, then its text by zones."""
        self._heading(file, article)
        grid = _grid()
        for label, value in facts(article):
            grid.add_row(Text(label, screen.QUIET), screen.text(value))
        self._console.print(grid)
        self._console.print(zones(article))
        self._console.print()

    def matches(self, file: str, article: Article, matches: Sequence[Match]) -> None:
        """Print each watch that matches, with quotes; nothing where none does."""
        if not matches:
            return
        self._heading(file, article)
        for match in matches:
            self._console.print(proof(match, article.text))
        self._console.print()

    def _heading(self, file: str, article: Article) -> None:
        member = f" · {article.member}" if article.member else ""
        head = screen.text(f"{file}{member}", "bold underline").append(
            f"  {article.format.value}", screen.QUIET
        )
        self._console.print(head)
        for doubt in article.doubts:
            self._console.print(screen.text(f"doubtful: {doubt}", screen.DOUBTFUL))


def facts(article: Article) -> Iterator[tuple[str, str]]:
    """Give what the document says of itself, in words, in the order of the noun."""
    lifecycle = None if article.lifecycle is None else article.lifecycle.value
    published = None if article.published is None else screen.full(article.published, UTC)
    embargo = None if article.embargo_until is None else screen.full(article.embargo_until, UTC)
    known = (
        ("id", article.native_id),
        ("version", article.version),
        ("headline", article.headline),
        ("slug", article.slug),
        ("byline", article.byline),
        ("place", article.place),
        ("dateline date", article.dateline_date),
        ("agency", article.agency),
        ("language", article.language),
        ("published", published or (article.published_text and f"{article.published_text} (unclear)")),
        ("embargo until", embargo),
        ("url", article.url),
        ("urgency", None if article.urgency is None else str(article.urgency)),
        ("lifecycle", lifecycle),
    )
    return ((label, value) for label, value in known if value is not None)


def zones(article: Article) -> Table:
    """Give the text with each zone's name beside it; what is in no zone has none."""
    grid, end = _grid(), 0
    for span in article.zones:
        _between(grid, article.text[end : span.start])
        colour = COLOURS[span.zone]
        grid.add_row(
            Text(span.zone.value, colour or screen.STRONG), _cut(article.text[span.start : span.end], colour)
        )
        end = span.end
    _between(grid, article.text[end:])
    return grid


def _between(grid: Table, stretch: str) -> None:
    if stretch.strip():
        grid.add_row("", _cut(stretch, screen.QUIET))


def _cut(stretch: str, colour: str) -> Text:
    return screen.block(stretch.strip("\n"), colour)


def _grid() -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(width=13, no_wrap=True)
    grid.add_column(overflow="fold")
    return grid


def proof(match: Match, text: str) -> Group:
    """Give a watch with its quotes, each mention in its context."""
    priority = "" if match.priority is Priority.NORMAL else f" ({match.priority.name.lower()})"
    head = Text("  ").append_text(screen.text(match.name, screen.STRONG))
    head.append(f"{priority} {match.kind.value} · {one_line(str(match.origin))}", screen.QUIET)
    quotes = Table.grid(padding=(0, 1, 0, 0))
    quotes.add_column(width=3)
    quotes.add_column(no_wrap=True)
    quotes.add_column(no_wrap=True, style=screen.QUIET)
    quotes.add_column(overflow="fold")
    for mention in match.mentions[:QUOTES]:
        zone = Text(mention.zone.value, COLOURS[mention.zone] or screen.STRONG)
        quotes.add_row("", zone, f"{mention.start}–{mention.end}", quote(mention, text))
    if len(match.mentions) > QUOTES:
        quotes.add_row("", "", "", Text(f"{len(match.mentions) - QUOTES} more", screen.QUIET))
    return Group(head, quotes)


def quote(mention: Mention, text: str) -> Text:
    """Give a mention with what stands around it in its paragraph; alone where the text was purged."""
    before = text[max(0, mention.start - QUOTED) : mention.start].rpartition("\n\n")[2]
    after = text[mention.end : mention.end + QUOTED].partition("\n\n")[0]
    made = Text("…" if len(before) == QUOTED else "")
    made.append(_flat(before))
    made.append(_flat(mention.text), "bold reverse")
    made.append(_flat(after) + ("…" if len(after) == QUOTED else ""))
    if mention.term.casefold() != mention.text.casefold():
        made.append(f"  (term: {one_line(mention.term)})", screen.QUIET)
    return made


def _flat(stretch: str) -> str:
    """Put a stretch on one line, its outer spaces kept, since a mention stands next to it."""
    return _SPACES.sub(" ", safe(stretch))
