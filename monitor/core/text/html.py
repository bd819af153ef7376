"""Makes readable text of HTML. It must not fetch, resolve or judge anything that the HTML points to.

Paragraphs, headings, quotes and tables are parted by blank lines; line breaks, list items and table rows by line
feeds; cells by a tab. Scripts, styles, forms' contents and hidden elements are left out.
"""

from __future__ import annotations

import html as entities
import re
from typing import TYPE_CHECKING

from selectolax.lexbor import LexborHTMLParser

from monitor.core.text.characters import clean

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

DEEPEST = 500
"""Elements inside one another; the markup of what is nested deeper is dropped, its text kept."""
DEEPEST_PARSED = 10_000
"""Elements left open at once: beyond it a parser's time grows with the square, and all markup is dropped."""


def _tags(names: str) -> frozenset[str]:
    return frozenset(names.split())


_LEFT_OUT = _tags(
    """
    script style noscript template head title meta link iframe object embed applet canvas svg math audio video
    select option textarea button input datalist frameset noframes map area
    """
)
_PARAGRAPHS = _tags(
    """
    p div section article header footer main aside nav h1 h2 h3 h4 h5 h6 blockquote pre ul ol dl table figure
    figcaption hr form fieldset address center details summary caption
    """
)
_LINES = _tags("li tr dt dd thead tbody tfoot")
_CELLS = _tags("td th")
_TAG = re.compile(r"<(/?)[A-Za-z][^<>]*+>?")
_BLANK_LINES = re.compile("\n\n+")
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)

# Breaks travel through the text as controls, which never occur in it: clean() takes them out of text.
_PARAGRAPH, _LINE, _CELL = "\x02", "\x03", "\x04"
_MARKS = (
    dict.fromkeys(_PARAGRAPHS, (_PARAGRAPH, _PARAGRAPH))
    | dict.fromkeys(_LINES, (_LINE, _LINE))
    | dict.fromkeys(_CELLS, (_CELL, _CELL))
    | {"br": (_LINE, ""), "li": (_LINE + "- ", _LINE)}
)
"""What stands where an element opens and where it closes."""


def text_of(html: str) -> str:
    """Give the text of an HTML fragment or page: clean, paragraphs parted by a blank line. Raises nothing."""
    if "<" not in html:
        return lines_of(unescape(html))
    if html.count("<") > DEEPEST_PARSED and _is_too_deep(html):
        return _collapse(clean(unescape(_TAG.sub(" ", html))))
    return _collapse("".join(_pieces(html)))


def lines_of(text: str) -> str:
    """Give text that is no HTML: clean, its lines and blank lines kept, white space collapsed otherwise."""
    return _collapse(clean(text).replace("\n\n", _PARAGRAPH).replace("\n", _LINE))


def unescape(text: str) -> str:
    """Give text with HTML's entities decoded and everything else as it was."""
    return entities.unescape(text) if "&" in text else text


def _is_too_deep(html: str) -> bool:
    depth = deepest = 0
    for tag in _TAG.finditer(html):
        depth = max(0, depth - 1) if tag[1] else depth + 1
        deepest = max(deepest, depth)
    return deepest > DEEPEST_PARSED


def _pieces(html: str) -> list[str]:
    """Walk the tree without recursion, so that nesting costs no stack."""
    lowered = html.lower()
    may_hide = "hidden" in lowered or "display" in lowered
    pieces: list[str] = []
    node: LexborNode | None = LexborHTMLParser(html).body
    waiting: list[tuple[LexborNode | None, str]] = []
    while node is not None or waiting:
        if node is None:
            node, closing = waiting.pop()
            pieces.append(closing)
            continue
        tag = node.tag
        if tag == "-text":
            pieces.append(clean(node.text_content or ""))
        elif tag and tag[0] != "-" and tag not in _LEFT_OUT and not (may_hide and _is_hidden(node)):
            if len(waiting) < DEEPEST:
                opening, closing = _MARKS.get(tag, ("", ""))
                pieces.append(opening)
                waiting.append((node.next, closing))
                node = node.first_child
                continue
            pieces.append(clean(node.text()))
        node = node.next
    return pieces


def _is_hidden(node: LexborNode) -> bool:
    attributes = node.attributes
    return "hidden" in attributes or _HIDDEN_STYLE.search(attributes.get("style") or "") is not None


def _collapse(text: str) -> str:
    """Make runs of breaks and white space what they come to: a blank line, a line feed, a tab or a space."""
    return "\n\n".join([block for part in text.split(_PARAGRAPH) if part and (block := _lines(part))])


def _lines(block: str) -> str:
    """More than two line breaks in a row part paragraphs."""
    if _LINE not in block:
        return _cells(block)
    lines = "\n".join([_cells(line) for line in block.split(_LINE)]).strip("\n")
    return _BLANK_LINES.sub(_gap, lines) if "\n\n" in lines else lines


def _gap(breaks: re.Match[str]) -> str:
    return "\n\n" if len(breaks[0]) > 2 else "\n"


def _cells(line: str) -> str:
    if _CELL not in line:
        return _spaced(line)
    return "\t".join([cell for part in line.split(_CELL) if (cell := _spaced(part))])


def _spaced(text: str) -> str:
    """Make every run of white space one space; no white space but spaces is printable."""
    if text.isprintable() and "  " not in text:
        return text.strip(" ")
    return " ".join(text.split())
