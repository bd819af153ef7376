"""One YAML file becomes a checked model, with words for everything that is wrong in it.

What is right in a file with mistakes is kept, so that comparing entries finds its mistakes in the same run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from monitor.config import lookalikes, words
from monitor.config.problems import SHOWN_AT_MOST, SOUGHT_AT_MOST, Flaw, Problem, listed, meant, quote
from monitor.config.schema import INNER, PARTS, Monitor, keys_of
from monitor.config.syntax import known_keys
from monitor.config.text import read_text
from monitor.config.tree import Entries, Items, Node, Page, Scalar, Step, read_tree

M = TypeVar("M", bound=BaseModel)
Loc = tuple[Step, ...]
_SECRET_VALUE = re.compile(r"\b(?:password|url)\b *:(.*?)(?=,\s*[a-z_]+:|$)", re.MULTILINE)
_REFERENCE = re.compile(r"\$\{[^}\n]*\}?")
_SECRET_PARTS = re.compile(r"[\s,{}\[\]\"'“”]+")


@dataclass(slots=True)
class Reading(Generic[M]):
    """What came of a file: its tree, its model (None where nothing of it can be used), and its problems."""

    page: Page
    model: M | None
    problems: list[Problem] = field(default_factory=list)
    kept: dict[str, list[int]] = field(default_factory=dict)
    """Of each list that entries were left out of: the entries that stayed, by their place in the file."""

    def loc(self, *loc: Step) -> Loc:
        """Turn a place in the model into the place in the file."""
        if len(loc) > 1 and isinstance(loc[1], int) and loc[0] in self.kept:
            return (loc[0], self.kept[str(loc[0])][loc[1]], *loc[2:])
        return loc

    def blame(self, text: str, *loc: Step) -> None:
        """Note what is wrong at a place in the model."""
        self.problems.append(self.page.problem(self.loc(*loc), text))

    def line(self, *loc: Step) -> int:
        """Give the line of a place in the model."""
        return self.page.line(self.loc(*loc))

    def lines(self, key: str) -> list[int]:
        """Give the line of each entry of a list in the model."""
        entries = self.page.root.get(key) if isinstance(self.page.root, Entries) else None
        if not isinstance(entries, Items):
            return []
        return [entries[i].line for i in self.kept.get(key, range(len(entries)))]


def read_part(path: Path, model: type[M]) -> Reading[M]:
    """Read and check one file. Raises ConfigError where it cannot be read at all."""
    file = read_text(path)
    try:
        reading = check(read_tree(file), model)
    except Flaw as flaw:
        page = Page(file, Items(flaw.line, flaw.column))
        reading = Reading(page, None, [page.problem((), flaw.text)])
    if model is Monitor:
        reading.problems = list(_hushed(reading.problems, file.text))
    return reading


def _hushed(problems: Iterable[Problem], text: str) -> Iterator[Problem]:
    """Take what may be a secret out of problems: they quote the file, and are logged, stored and sent."""
    values = _REFERENCE.sub(" ", " ".join(_SECRET_VALUE.findall(text)))
    parts = sorted({part for part in _SECRET_PARTS.split(values) if len(part) > 3}, key=len, reverse=True)
    for problem in problems:
        path, told = problem.path, problem.text
        for part in parts:
            path, told = path.replace(part, "…"), told.replace(part, "…")
        yield replace(problem, path=path, text=told)


def check(page: Page, model: type[M]) -> Reading[M]:
    """Check a tree against a model."""
    if not isinstance(page.root, Entries):
        return Reading(page, None, [*page.flaws, page.problem((), _no_keys(page.root, model))])
    try:
        return Reading(page, model.model_validate(page.root), list(page.flaws))
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False, include_context=True)
    few = errors[:SOUGHT_AT_MOST]
    told = {(p.line, p.path) for p in page.flaws}
    found = _Wording(page, model).problems(few)
    problems = [*page.flaws, *(p for p in found if (p.line, p.path) not in told)]
    if len(few) < len(errors):
        return Reading(page, None, problems)
    sound, kept = _sound(page.root, [e["loc"] for e in errors])
    try:
        return Reading(page, model.model_validate(sound), problems, kept)
    except ValidationError:
        return Reading(page, None, problems)


def _sound(root: Entries, faults: Iterable[Loc]) -> tuple[Entries, dict[str, list[int]]]:
    """Leave out each entry of a list, and each key, that has a fault in it."""
    sound = Entries(root.line, root.column)
    kept: dict[str, list[int]] = {}
    bad: dict[Step, set[Step]] = {}
    for loc in faults:
        bad.setdefault(loc[0] if loc else "", set()).update(loc[1:2])
    for key, value in root.items():
        at_fault = bad.get(key)
        if isinstance(value, Items) and at_fault:
            kept[key] = [i for i in range(len(value)) if i not in at_fault]
            sound[key] = Items(value.line, value.column)
            sound[key].extend(value[i] for i in kept[key])  # type: ignore[union-attr]
        elif isinstance(value, Entries) and at_fault:
            sound[key] = Entries(value.line, value.column)
            sound[key].update({k: v for k, v in value.items() if k not in at_fault})  # type: ignore[union-attr]
        elif at_fault is None:
            sound[key] = value
    return sound, kept


def _no_keys(root: Node, model: type[BaseModel]) -> str:
    keys = keys_of(model)
    if isinstance(root, Items):
        return f"begins with a list; it must begin with a key: {listed(k + ':' for k in keys)}"
    text = root.text if isinstance(root, Scalar) else ""
    key = text.partition(":")[0]
    if told := lookalikes.wide_colon(text, known_keys()):
        return told
    if ":" in text and key in known_keys():
        return f"a space is missing after `{quote(key)}:`, type `{quote(key)}: …`"
    return f"`{quote(text)}` stands alone; a file must begin with a key: {listed(k + ':' for k in keys)}"


@dataclass(frozen=True, slots=True)
class _Wording:
    """Says what pydantic found, in words for a person."""

    page: Page
    model: type[BaseModel]

    def problems(self, errors: Iterable[Any]) -> list[Problem]:
        """Word the errors that will be shown; those beyond are only counted, and need no words."""
        placed = sorted(
            ((self.page.problem(e["loc"], ""), e) for e in errors), key=lambda pair: pair[0].place
        )
        few = [error for _, error in placed[: 2 * SHOWN_AT_MOST]]
        excused = {excuse for error in few for excuse in self._excuses(error)}
        worded = [
            self._one(e["type"], e["loc"], e)
            for e in few
            if e["type"] != "missing" or e["loc"] not in excused
        ]
        return [*worded, *(problem for problem, _ in placed[2 * SHOWN_AT_MOST :])]

    def _excuses(self, error: Any) -> Iterator[Loc]:
        """Give the keys that are missing only because of this mistake: a misspelt one, or text with a colon."""
        loc = error["loc"]
        if error["type"] == "extra_forbidden":
            near = meant(str(loc[-1]), self._keys(loc))
            yield from (
                (*loc[:-1], key) for key in self._keys(loc) if f"`{key}`" in near or self._is_colon(loc)
            )

    def _one(self, kind: str, loc: Loc, error: Any) -> Problem:
        match kind:
            case "extra_forbidden" if self._is_colon(loc):
                return self.page.problem(loc[:-1], words.misplaced(self._node(loc[:-1]), ""))
            case "extra_forbidden":
                return self._at_key(loc, self._unknown(loc))
            case "missing":
                return self.page.problem(loc[:-1], self._missing(loc))
            case "list_type":
                return self.page.problem(loc, self._no_list(loc))
            case "model_type" | "model_attributes_type" | "dict_type":
                return self.page.problem(loc, self._no_mapping(loc))
            case "value_error":
                return self.page.problem(loc, str(error["ctx"]["error"]))
            case _:
                return self.page.problem(loc, str(error["msg"]))

    def _node(self, loc: Loc) -> Node | None:
        node: Node | None = self.page.root
        for step in loc:
            if isinstance(node, Entries):
                node = node.get(str(step))
            elif isinstance(node, Items) and isinstance(step, int) and step < len(node):
                node = node[step]
        return node

    def _at_key(self, loc: Loc, text: str) -> Problem:
        problem, parent = self.page.problem(loc, text), self._node(loc[:-1])
        if isinstance(parent, Entries) and loc[-1] in parent.keys_at:
            line, column = parent.keys_at[str(loc[-1])]
            return Problem(problem.file, line, column, problem.path, text)
        return problem

    def _is_colon(self, loc: Loc) -> bool:
        """Whether an entry of a list of names is itself text with a colon in it."""
        parent = self._node(loc[:-1])
        one = len(loc) == 3 and loc[0] == "actors" and isinstance(parent, Entries) and len(parent) == 1
        return one and not meant(str(loc[-1]), self._keys(loc))

    def _keys(self, loc: Loc) -> tuple[str, ...]:
        """Give the keys that are known where the last step of `loc` is a key."""
        return keys_of(self.model if len(loc) == 1 else INNER.get(str(loc[0]), self.model))

    def _unknown(self, loc: Loc) -> str:
        key, keys = str(loc[-1]), self._keys(loc)
        near = meant(key, keys)
        if not near and (home := _home_of(key, self.model, len(loc))):
            return f"`{quote(key)}` is not a key here: it belongs {home}"
        return f"`{quote(key)}` is not a key here{near or '; the keys here are ' + listed(keys)}"

    def _missing(self, loc: Loc) -> str:
        key = str(loc[-1])
        return f"`{key}:` is missing: " + _WANTED.get(key, "it must be given")

    def _no_list(self, loc: Loc) -> str:
        node, key = self._node(loc), next((s for s in reversed(loc) if isinstance(s, str)), "")
        if isinstance(node, Scalar) and not node.empty:
            return self._no_list_but_text(key, node)
        if isinstance(node, Scalar):
            return f"nothing is written after `{key}:`; write a list, or take the line out"
        return f"a list is wanted: type a dash and a space before each entry below `{key}:`"

    def _no_list_but_text(self, key: str, node: Scalar) -> str:
        first = node.lines[0] if node.lines else node.text
        if told := lookalikes.bullet(first):
            return told
        if found := lookalikes.odd_space(first, known_keys()):
            return found[1]
        if node.plain and first.startswith("-"):
            return f"a space is missing after the dash, type `- {quote(first[1:].split(' -')[0], most=40)}`"
        if node.lines:
            told = f"type `- {quote(first, most=40)}`, and the lines below it the same way"
            return f"each entry of a list needs a dash and a space before it: {told}"
        return f"a list is wanted: type `{key}: [{quote(node.text, most=40)}]`"

    def _no_mapping(self, loc: Loc) -> str:
        node, key = self._node(loc), str(loc[0])
        inner = keys_of(INNER[key]) if key in INNER else ()
        if isinstance(node, Scalar) and node.empty:
            return f"nothing is written here; write {listed(k + ':' for k in inner)} below it, or take it out"
        if isinstance(node, Scalar) and key == "topics":
            return (
                f"`{quote(node.text)}` alone is no topic: write it below `actors:`, or type "
                f"`- {{name: {quote(node.text, most=30)}, any: [{quote(node.text, most=30)}]}}`"
            )
        if isinstance(node, Scalar) and key == "channels" and "@" in node.text and "://" not in node.text:
            return f"a channel needs a key: type `{quote(str(loc[-1]))}: {{email: [{quote(node.text, most=40)}]}}`"
        if isinstance(node, Scalar) and key == "folders":
            return f"a folder needs a key: type `- path: {quote(node.text)}`"
        return f"keys with values are wanted here: {listed(k + ':' for k in inner)}"


_WANTED = {
    "name": "say what it is called, `name: …`",
    "url": "say where the feed is, `url: https://…`",
    "path": "say where the folder is, `path: …`",
    "from": "say whom mail is from, `from: Wire watch <wire@paper.example>`",
    "server": "say which server mail goes through, `server: smtp.paper.example:587`",
}


def _home_of(key: str, model: type[BaseModel], depth: int) -> str | None:
    """Say where a key belongs that is known, but not here."""
    below = next((p for p, inner in INNER.items() if key in keys_of(inner) and p in keys_of(model)), None)
    if below is not None:
        return f"to an entry below `{below}:`"
    if depth > 1 and key in keys_of(model):
        return "at the top of the file, with no spaces before it"
    files = {
        "monitor": "in monitor.yaml",
        "sources": "in sources.yaml",
        "watchlist": "in a file in watchlists/",
    }
    return next(
        (files[part] for part, other in PARTS.items() if other is not model and key in keys_of(other)), None
    )
