"""Checks single texts of the user's: names, terms, ids, paths, choices. Text in, text out, Unfit raised."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import TypeVar

from monitor.config import lookalikes
from monitor.config.problems import Unfit, one_of, quote
from monitor.config.syntax import known_keys
from monitor.config.tree import Entries, Items

T = TypeVar("T")
MOST = 1_000
"""Characters of a name, a term or a note."""
_REFERENCE = re.compile(r"\$\{(env|file|credential):")
_ID = re.compile(r"[\w.-]{1,200}\Z")
_CHANNEL = re.compile(r"[\w-]{1,40}\Z")
_SPACES = re.compile(r"\s*\n\s*")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\ufffe\uffff]")
_LATIN_WORD = re.compile(r"[^\W\d_]")
_GAPS = re.compile(r"[^a-z]+")


def line(text: str) -> str:
    """Give text on one line, without what cannot be shown."""
    text = _SPACES.sub(" ", text.strip())
    if len(text) > MOST:
        raise Unfit(f"is longer than {MOST:,} characters")
    if bad := _CONTROL.search(text):
        raise Unfit(f"holds an invisible character (U+{ord(bad.group()):04X}): delete it")
    return text


def name(text: str) -> str:
    """Check the name of a watch or source."""
    return term(text, "a name")


def term(text: str, wanted: str = "a term") -> str:
    """Check that text holds something to find: a letter or a digit."""
    text = line(text)
    if not text:
        raise Unfit(f"{wanted} is empty, and would find nothing: write it between the quotes, or take it out")
    if not (_LATIN_WORD.search(text) or any(unicodedata.category(c)[0] in "LN" for c in text)):
        raise Unfit(f"{wanted} needs a letter or a digit, and `{quote(text)}` has none")
    if told := _meant_as_yaml(text):
        raise Unfit(told)
    return text


def _meant_as_yaml(text: str) -> str | None:
    """Say that a text was meant to be a key with its value, or an entry of a list; None where it was not."""
    if text[0].isalnum() and ":" not in text and "：" not in text:
        return None
    key, colon, rest = text.partition(":")
    if colon and key in known_keys() and rest[:1].strip():
        return f"a space is missing after `{key}:`, type `{key}: {quote(rest, most=40)}`"
    if found := lookalikes.odd_space(text, known_keys()):
        return found[1]
    if told := lookalikes.bullet(text) or lookalikes.wide_colon(text, known_keys()):
        return told
    if text.startswith("-") and text[1:2].isalpha():
        return f"a space is missing after the dash, type `- {quote(text[1:].split(' -')[0], most=40)}`"
    return None


def watch_id(text: str) -> str:
    """Check an id that the user gives."""
    asked = unicodedata.normalize("NFC", text.strip())
    if not _ID.match("".join(c for c in asked if unicodedata.category(c)[0] != "M")) or len(asked) > 200:
        raise Unfit(f"`{quote(text)}` is no id: use letters, digits, - _ and . only, such as `belousov`")
    return asked


def channel(text: str) -> str:
    """Check the name of a channel."""
    if not _CHANNEL.match(text.strip()):
        raise Unfit(
            f"`{quote(text)}` is no name of a channel: use up to 40 letters, digits, - and _, such as `desk`"
        )
    return text.strip()


def path(text: str) -> str:
    """Check a path; whether anything is there is not asked."""
    asked = text.strip()
    if _CONTROL.search(text) or not asked or len(asked) > 4_000:
        raise Unfit(f"`{quote(text)}` is no path")
    if asked.startswith("~"):
        raise Unfit(
            f"`{quote(text)}`: ~ is known to shells only, type the whole path, such as `/home/me/wire`"
        )
    if re.match(r"[A-Za-z]:\\|\\\\", asked):
        raise Unfit(f"`{quote(text)}` is a path of Windows: type one such as `/srv/wire`")
    return asked


def choice(text: str, choices: Mapping[str, T]) -> T:
    """Read one of a few words."""
    if text.strip() not in choices:
        # `organization` is read as well, and need not be told of.
        raise Unfit(one_of(text, [c for c in choices if c != "organization"]))
    return choices[text.strip()]


def refuse_reference(text: str) -> None:
    """Refuse a reference to a secret where its text would be stored or shown."""
    if "${" in text and (match := _REFERENCE.search(text)):
        raise Unfit(
            f"`${{{match.group(1)}:…}}` can stand only where a secret belongs: in a channel's `url:`, and in "
            "`user:` and `password:` of `mail:`"
        )


def misplaced(node: object, wanted: str) -> str:
    """Say that a list or a mapping, or nothing, stands where a single value is wanted."""
    if isinstance(node, Items):
        more = ": other spellings belong in `also:`" if wanted == "a name" else ""
        return f"{wanted} is wanted here, not a list{more}"
    if isinstance(node, Entries) and len(node) == 1:
        key = next(iter(node))
        value = getattr(node[key], "text", "…") or "…"
        if key in ("actor", "topic"):
            return f"take the space out after the colon: type `{key}:{quote(value, most=40)}`"
        return (
            f'a colon and a space inside text must stand in quotes: type "{quote(key, most=40)}: '
            f'{quote(value, most=40)}"'
        )
    return f"{wanted} is wanted here, not keys with values" if node else f"{wanted} is wanted here"


def require_terms(all_: Sequence[Sequence[str]] | None, any_: Sequence[str] | None) -> None:
    """Refuse a topic without terms to find."""
    if all_ is None and any_ is None:
        raise Unfit(
            "watches nothing: give it `any:` with terms of which one is enough, or `all:` with terms that "
            "must all be there"
        )
    if (any_ is not None and not any_) or (all_ is not None and not (all_ and all(all_))):
        raise Unfit("watches nothing: a list of its terms is empty")


def default_id(text: str) -> str:
    """Make an id from a name: casefolded, every run of non-letters a hyphen; in any script.

    A name without any letter keeps its digits instead, so that `007` has an id too.
    """
    folded = text.casefold()
    if folded.isascii():
        found = _GAPS.sub("-", folded).strip("-")
    else:
        found = _hyphenated(unicodedata.normalize("NFC", folded), "LM")
    return found or _hyphenated(folded, "LMN")


def _hyphenated(text: str, kept: str) -> str:
    """Keep characters of these general categories; drop invisible ones; make the rest hyphens."""
    visible = [c for c in text if unicodedata.category(c) != "Cf"]
    marked = "".join(c if unicodedata.category(c)[0] in kept else " " for c in visible)
    return "-".join(marked.split())
