"""Writes a message as HTML that is readable on a phone. Touches nothing; every text in it was made safe first.

No scripts, images, style sheets or forms; styles stand in the tags because mail programs drop the rest. The only
link is an item's own, shown as the address it leads to.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from monitor.core.alerts.neutral import cut

if TYPE_CHECKING:
    from monitor.core.alerts.wording import Said

_FRAME = (
    '<!DOCTYPE html><html><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    '<meta name="color-scheme" content="light dark"></head>'
    '<body style="margin:0;padding:16px;font:16px/1.45 -apple-system,Segoe UI,Roboto,Arial,sans-serif;'
    'overflow-wrap:anywhere"><div style="max-width:600px;margin:0 auto">\n{}\n</div></body></html>\n'
)
_QUIET = "font-size:14px;opacity:.75"
_SMALL = f"margin:0 0 12px;{_QUIET}"
_LINK_SHOWN = 90


def single(said: Said, safe: Callable[[str], str]) -> str:
    """Give one alert's page."""
    quotes = "\n".join(
        f'<p style="margin:0 0 10px;padding-left:12px;border-left:3px solid #b5462f">'
        f'<span style="font-size:13px;opacity:.75">{safe(quote.zone)}</span><br>'
        f"“{quote.shown(safe, '<b>[', ']</b>')}”</p>"
        for quote in said.quotes
    )
    more = f'\n<p style="{_SMALL}">{said.more} more</p>' if said.more else ""
    return _FRAME.format(
        f'<h1 style="margin:0 0 6px;font-size:21px;line-height:1.25">{_headline(said, safe, 400)}</h1>\n'
        f'<p style="{_SMALL}">{safe(said.when)}</p>\n'
        f'<p style="margin:0 0 14px;font-weight:600">{safe(said.watches)}</p>\n'
        f'{quotes}{more}\n<p style="margin:16px 0 0;font-size:14px">{_where(said, safe)}<br>'
        f"watched in {safe(said.origin)} · monitor why {said.id}</p>"
    )


def several(entries: Sequence[Said], opening: Sequence[str], last: str, safe: Callable[[str], str]) -> str:
    """Give the page of a message with many alerts."""
    head = "".join(f'<p style="margin:0 0 10px">{_as_text(line)}</p>\n' for line in opening if line)
    body = "\n".join(
        f'<p style="margin:0 0 14px"><b>{_headline(said, safe, 160)}</b><br>'
        f'<span style="{_QUIET}">{safe(said.when)} · {safe(said.watches)}</span><br>'
        f'<span style="font-size:14px">{_where(said, safe)} · monitor why {said.id}</span></p>'
        for said in entries
    )
    return _FRAME.format(f'{head}{body}\n<p style="margin:16px 0 0">{_as_text(last)}</p>')


def troubles(paragraphs: Sequence[Sequence[str]], last: str) -> str:
    """Give the page of the tool's own news: of several the first lines stand out."""
    listed = len(paragraphs) > 1
    body = "\n".join(
        f'<p style="margin:{"0 0 6px" if at or not listed else "14px 0 6px;font-weight:600"}">{_as_text(line)}</p>'
        for lines in paragraphs
        for at, line in enumerate(lines)
    )
    return _FRAME.format(f'{body}\n<p style="margin:14px 0 0;{_QUIET}">{_as_text(last)}</p>')


def _headline(said: Said, safe: Callable[[str], str], longest: int) -> str:
    return safe(cut(said.headline, longest)) or "(no headline)"


def _where(said: Said, safe: Callable[[str], str]) -> str:
    """Give the item's own link, shown with its real host, or the path it came from."""
    if said.link is None:
        return safe(said.location)
    address = html.escape(said.link, quote=True)
    return f'<a href="{address}">{html.escape(cut(said.link, _LINK_SHOWN))}</a>'


def _as_text(line: str) -> str:
    """Escape a line that was made inert for the plain text already."""
    return html.escape(line, quote=True)
