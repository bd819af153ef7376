"""Says in plain words what is wrong with text that YAML cannot be read from, and what to type instead.

Looks at the lines around the place where the parser gave up, which is often a line or two after the mistake.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from monitor.config import lookalikes
from monitor.config.problems import Flaw, meant, quote


@cache
def known_keys() -> tuple[str, ...]:
    """Give every key there is: how text that lacks a space behind its colon is told from a name with a colon in it."""
    from monitor.config.schema import INNER, PARTS, keys_of  # noqa: PLC0415 -- it reads texts by means of this module

    models = (*PARTS.values(), *INNER.values())
    return (*dict.fromkeys(key for model in models for key in keys_of(model)), "terminal")


@cache
def _no_space_after_key() -> re.Pattern[str]:
    return re.compile(rf"^\s*(?:- )?\s*({'|'.join(known_keys())}):(?=[^\s/])")


_NO_SPACE_DASH = re.compile(r"^(\s*)-(?=[^\s-])")
_TAB = re.compile(r"^( *)\t|^( *-)\t|^[^\"'#]*:\s*\t\s*- ")
_QUOTED_THEN_MORE = re.compile(r"""(?:^|[:\-\[,{]\s+|[\[{])("[^"]*"|'[^']*')\s*(?=[^\s,\]}:#])""")
_KEY = re.compile(r"^\s*(?:- )?([^\s:'\"\[{][^:'\"\[{]*):(?:\s|$)")
_REFERENCE = re.compile(r"(?:([\w-]+):\s+|[\[{,]\s*)([^\s\"'\[{,][^\s\"',]*)?(\$\{[^}\s\"',]*\}?)")
"""A reference to a secret without quotes, the key that it is the value of, and what stands right before it."""
_BARE_ENTRY = re.compile(r"( *- +)([^\s\"'\[{#&*!|>%@`-][^:#]*?):?\s*$")
_CODED_KEY = re.compile(r"( *)[\w ]+:(?:\s|$)")


def explain(error: Any, text: str) -> Flaw:
    """Turn the parser's complaint into a place and words for a person. `error` is a yaml.MarkedYAMLError."""
    lines = text.split("\n")
    mark = error.problem_mark or error.context_mark
    at = min(mark.line if mark else 0, len(lines) - 1)
    for look in _LOOKS:
        if found := look(error, lines, at):
            return Flaw(*found)
    return Flaw(
        at + 1, (mark.column if mark else 0) + 1, f"is no YAML here: {quote(str(error.problem or error))}"
    )


Found = tuple[int, int, str] | None
Look = Callable[[Any, list[str], int], Found]


def _near(
    lines: list[str], at: int, pattern: re.Pattern[str], back: int = 1
) -> tuple[int, re.Match[str]] | None:
    """Find the nearest line that a pattern fits, from `at` back over so many lines that are not blank."""
    number, left = at, back
    while number >= 0 and left >= 0:
        if match := pattern.match(lines[number]):
            return number, match
        left -= bool(lines[number].strip()) or number == at
        number -= 1
    return None


def _tab(error: Any, lines: list[str], at: int) -> Found:
    if "\t" not in lines[at] and "tab" not in str(error.problem):
        return None
    if found := _near(lines, at, _TAB, back=0):
        number, match = found
        return (
            number + 1,
            lines[number].index("\t") + 1,
            (
                "a tab stands here, which YAML does not take: type spaces instead"
                + (", two for each step to the right" if match.group().strip() != "-" else "")
            ),
        )
    return None


def _escape(error: Any, lines: list[str], at: int) -> Found:
    if "escape" not in str(error.problem):
        return None
    told = (
        "a backslash in double quotes begins a code of YAML: use single quotes, '…', or type it twice, \\\\"
    )
    return (
        at + 1,
        lines[at].find("\\", error.context_mark.column if error.context_mark.line == at else 0) + 1,
        told,
    )


def _unclosed_quote(error: Any, lines: list[str], at: int) -> Found:
    if "quoted scalar" in str(error.context) and "end of stream" in str(error.problem):
        return _never_closed(lines, error.context_mark.line, error.context_mark.column)
    for number in range(at, max(-1, at - 20), -1):
        column = _left_open(lines[number])
        if number < at and column is not None:
            return _never_closed(lines, number, column)
    return None


def _never_closed(lines: list[str], number: int, column: int) -> tuple[int, int, str]:
    mark, rest = lines[number][column], lines[number][column + 1 :]
    told = f"the quote that opens here is never closed: type {mark} at the end of the text"
    if mark == "'" and (word := re.match(r"[^\W\d_][\w'-]*", rest)):
        told += f', or, where it is an apostrophe, put double quotes round all of it, "\'{quote(word[0])}…"'
    return number + 1, column + 1, told


def _left_open(line: str) -> int | None:
    """Give the column of a quote that a line opens and does not close."""
    opened: tuple[int, str] | None = None
    for column, char in enumerate(line):
        if opened:
            opened = None if char == opened[1] else opened
        elif char in "\"'" and line[:column].rstrip(" ")[-1:] in ("", ":", "-", "[", ",", "{"):
            opened = column, char
        elif char == "#" and line[:column][-1:] in ("", " "):
            break
    return opened[0] if opened else None


def _text_after_quote(error: Any, lines: list[str], at: int) -> Found:
    if match := _QUOTED_THEN_MORE.search(lines[at]):
        inner = match.group(1)[0]
        other = "'" if inner == '"' else '"'
        told = (
            f"more text stands behind the closing {inner}: put the quotes round all of it, and where it "
            f"holds {inner} "
            f"itself use {other} outside"
        )
        return at + 1, match.start(1) + 1, told
    return None


def _no_space(error: Any, lines: list[str], at: int) -> Found:
    if found := _near(lines, at, _no_space_after_key()):
        number, match = found
        key = match.group(1)
        return number + 1, match.end() + 1, f"a space is missing after `{key}:`, type `{key}: …`"
    return None


def _no_space_after_dash(error: Any, lines: list[str], at: int) -> Found:
    if found := _near(lines, at, _NO_SPACE_DASH):
        number, match = found
        rest = quote(lines[number][match.end() :].strip(), most=40)
        return number + 1, match.end(), f"a space is missing after the dash, type `- {rest}`"
    return None


def _reserved(error: Any, lines: list[str], at: int) -> Found:
    column = error.problem_mark.column
    char = lines[at][column : column + 1]
    if "cannot start any token" not in str(error.problem) or not char:
        if "block scalar" not in str(error.context):
            return None
        column = error.context_mark.column
        char = lines[at][column : column + 1]
    rest = quote(lines[at][column:].strip(), most=40)
    return at + 1, column + 1, f'text that begins with {char} must stand in quotes: type "{rest}"'


def _colon_in_text(error: Any, lines: list[str], at: int) -> Found:
    if "mapping values are not allowed" not in str(error.problem):
        return None
    column = error.problem_mark.column
    match = _KEY.match(lines[at])
    if match is None or match.end(1) >= column:
        return None
    key = match.group(1).strip()
    rest = lines[at][match.end(1) + 1 :].strip()
    told = f'a colon and a space inside text must stand in quotes: type `{quote(key)}: "{quote(rest)}"`'
    return at + 1, column + 1, told


def _unclosed_bracket(error: Any, lines: list[str], at: int) -> Found:
    if "flow" not in str(error.context):
        return None
    mark = error.context_mark
    opened = lines[mark.line][mark.column : mark.column + 1]
    if opened not in ("[", "{"):
        return None
    closing = "]" if opened == "[" else "}"
    told = (
        f"the {opened} that opens here does not go on well: a comma is missing, or the {closing} that closes it, or "
        "quotes round text with a : or # in it"
    )
    return mark.line + 1, mark.column + 1, told


def _bare_reference(error: Any, lines: list[str], at: int) -> Found:
    """Find a reference to a secret that stands in [ ] or { } without quotes, where its own braces end them."""
    if "flow" not in str(error.context):
        return None
    for match in _REFERENCE.finditer(lines[at]):
        key, before, reference = match.groups()
        if match.end() > error.problem_mark.column:
            text = (
                f'{key}: "{"…" if before else ""}{quote(reference, most=40)}"'
                if key
                else f'"{quote(reference)}"'
            )
            told = (
                f"a reference inside [ ] or {{ }} must stand in quotes, with all of its text: type `{text}`"
            )
            return at + 1, match.start(2 if before else 3) + 1, told
    return None


def _bullet(error: Any, lines: list[str], at: int) -> Found:
    for number in (at, error.context_mark.line if error.context_mark else at):
        if told := lookalikes.bullet(lines[number]):
            return number + 1, len(lines[number]) - len(lines[number].lstrip()) + 1, told
    return None


def _odd_space(error: Any, lines: list[str], at: int) -> Found:
    for number in (at, at - 1):
        if number >= 0 and (found := lookalikes.odd_space(lines[number], known_keys())):
            return number + 1, found[0] + 1, found[1]
    return None


def _wide_colon(error: Any, lines: list[str], at: int) -> Found:
    for number in (at, at - 1):
        if number >= 0 and (told := lookalikes.wide_colon(lines[number], known_keys())):
            return number + 1, 1, told
    return None


def _keys_below_a_name(error: Any, lines: list[str], at: int) -> Found:
    """Find a bare name with keys below it, as if the name were `name: …`."""
    before = next((n for n in range(at - 1, -1, -1) if lines[n].strip()), at)
    name, key = _BARE_ENTRY.match(lines[before]), _CODED_KEY.match(lines[at])
    if "mapping values are not allowed" not in str(error.problem) or not name or not key:
        return None
    if len(key.group(1)) != len(name.group(1)):
        return None
    told = (
        f"a name with keys below it needs `name:` before it: type `- name: {quote(name.group(2), most=40)}`"
    )
    return before + 1, len(name.group(1)) + 1, told


def _extra_bracket(error: Any, lines: list[str], at: int) -> Found:
    column = error.problem_mark.column
    char = lines[at][column : column + 1]
    if char not in ("]", "}", ","):
        return None
    return (
        at + 1,
        column + 1,
        f"there is one {char} too many: take it out, or put the text in quotes if it belongs to it",
    )


def _no_colon(error: Any, lines: list[str], at: int) -> Found:
    if "could not find expected ':'" not in str(error.problem):
        return None
    mark = error.context_mark
    words = lines[mark.line].strip()
    told = f"`{quote(words, most=40)}` is neither `key: value` nor `- entry`"
    if words in known_keys():
        return mark.line + 1, mark.column + 1, f"a colon is missing: type `{words}:`"
    hint = meant(words.split()[0], known_keys()) if words else ""
    return (
        mark.line + 1,
        mark.column + 1,
        told + (hint or ": a colon or a dash is missing, or it belongs elsewhere"),
    )


def _dash_on_line(error: Any, lines: list[str], at: int) -> Found:
    if "block sequence entries are not allowed" not in str(error.problem):
        return None
    return (
        at + 1,
        error.problem_mark.column + 1,
        "a list must begin on a line of its own: press Enter before the dash",
    )


def _indentation(error: Any, lines: list[str], at: int) -> Found:
    if not any(w in str(error.problem) for w in ("did not find expected", "mapping values are not allowed")):
        return None
    spaces = len(lines[at]) - len(lines[at].lstrip(" "))
    before = next((n for n in range(at - 1, -1, -1) if lines[n].strip() and lines[n].lstrip()[0] != "#"), at)
    told = (
        f"this line begins with {spaces} spaces and does not line up with the lines above (line "
        f"{before + 1} and "
    )
    return at + 1, spaces + 1, told + "before): give it as many spaces as the line it belongs with"


_LOOKS: tuple[Look, ...] = (
    _tab,
    _odd_space,
    _wide_colon,
    _bullet,
    _bare_reference,
    _keys_below_a_name,
    _escape,
    _no_space,
    _no_space_after_dash,
    _text_after_quote,
    _unclosed_quote,
    _reserved,
    _colon_in_text,
    _unclosed_bracket,
    _extra_bracket,
    _no_colon,
    _dash_on_line,
    _indentation,
)
"""In the order of how sure each is of what it sees."""
