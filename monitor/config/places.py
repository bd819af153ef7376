"""Finds the folders of configuration and state, and the files of a configuration. Reads none of them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from monitor.config.access import closed
from monitor.config.problems import Problem
from monitor.config.text import shown
from monitor.errors import UsageError

SYSTEM = Path("/etc/monitor")
DATABASE = "monitor.db"
"""The store's file, in the folder of state."""
WATCHLISTS = "watchlists"
MONITOR, SOURCES = "monitor.yaml", "sources.yaml"
_LIKE_YAML = re.compile(r"\.(yaml|yml|yam|yanl|ymal)(\.txt|\.yaml|\.yml)?\Z", re.IGNORECASE)


def find_directory(
    flag: Path | None, environ: Mapping[str, str], checkout: Path | None, *, system: Path = SYSTEM
) -> Path:
    """Give the folder of the configuration.

    That is `flag`, else $MONITOR_CONFIG, else `local/` in the checkout, else `system`, else the shipped
    `config/`. Raises UsageError where there is none of them.
    """
    if flag is not None:
        return flag
    if named := environ.get("MONITOR_CONFIG"):
        return Path(named)
    places = [system] if checkout is None else [checkout / "local", system, checkout / "config"]
    for place in places:
        if place.is_dir():
            return place
    raise UsageError(
        "there is no configuration: make one with `monitor init DIR`, and name it with `--config DIR` or "
        "$MONITOR_CONFIG"
    )


def state_directory(environ: Mapping[str, str], checkout: Path | None) -> Path:
    """Give the database's folder: the first of $STATE_DIRECTORY, else the checkout's `var/`.

    Raises UsageError where neither is known.
    """
    first = environ.get("STATE_DIRECTORY", "").split(":")[0]
    if first:
        return Path(first)
    if checkout is None:
        raise UsageError("there is no place for the database: name one with $STATE_DIRECTORY")
    return checkout / "var"


def watchlist_files(directory: Path) -> tuple[Path, ...]:
    """Give the watchlist files of a configuration, in the order of their names."""
    lists = _entries(directory / WATCHLISTS)
    return tuple(p for p in lists if p.suffix == ".yaml" and not p.name.startswith("."))


def files(directory: Path) -> tuple[Path, ...]:
    """Give every file in a configuration's folder that counts: what is read, and what is told of for its name."""
    named = [p for folder in (directory, directory / WATCHLISTS) for p in _entries(folder) if _like_yaml(p)]
    return tuple(dict.fromkeys([directory / MONITOR, directory / SOURCES, *named]))


def missing(directory: Path) -> Iterator[Problem]:
    """Give what a configuration lacks as a whole: its folder, one of its files, or leave to read them."""
    known = shown(directory)
    for folder in (directory, directory / WATCHLISTS):
        if told := closed(folder):
            yield Problem(shown(folder), 1, 1, "file", told)
            return
    if not directory.is_dir():
        told = "there is no such folder; check the spelling, or make it with `monitor init`"
        yield Problem(known, 1, 1, "file", told)
        return
    wanted = {MONITOR: "which may be short: `tell: [terminal]`", SOURCES: "which names what is read"}
    for name, what in wanted.items():
        if not os.path.exists(directory / name):
            yield Problem(
                shown(directory / name), 1, 1, "file", f"is missing, {what}: `monitor init` writes one"
            )
    if not watchlist_files(directory):
        told = "holds no watchlist: put a file that ends in .yaml here, such as watchlists/mine.yaml"
        yield Problem(shown(directory / WATCHLISTS), 1, 1, "file", told)


def strays(directory: Path) -> Iterator[Problem]:
    """Give the files that look like configuration, but are not read because of their names."""
    lists = directory / WATCHLISTS
    for path in _entries(directory):
        if path.name not in (MONITOR, SOURCES) and _like_yaml(path):
            yield _stray(path, _meant(path.name))
    for path in _entries(lists):
        if path.suffix != ".yaml" and _like_yaml(path):
            yield _stray(path, _LIKE_YAML.sub("", path.name) + ".yaml")


def _entries(folder: Path) -> list[Path]:
    """Give what lies in a folder; nothing where it may not be listed, which is told of by itself."""
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _like_yaml(path: Path) -> bool:
    return (
        not path.name.startswith(".") and _LIKE_YAML.search(path.name) is not None and not os.path.isdir(path)
    )


def _meant(name: str) -> str:
    stem = _LIKE_YAML.sub("", name).casefold()
    for known in (MONITOR, SOURCES):
        if stem.rstrip("s") == known.removesuffix(".yaml").rstrip("s"):
            return known
    return f"{WATCHLISTS}/{_LIKE_YAML.sub('', name)}.yaml"


def _stray(path: Path, right: str) -> Problem:
    return Problem(shown(path), 1, 1, "file", f"is not read under this name, did you mean `{right}`?")
