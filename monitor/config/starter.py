"""Writes a configuration of the user's own: a copy of the shipped one, with paths right for its place."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from monitor.config.places import MONITOR, SOURCES, WATCHLISTS
from monitor.errors import UsageError

_SCHEMA = re.compile(r"(\$schema=)(?:\.\./)?schema/")
_SEEDS = re.compile(r"(path: )\.\./seeds\b")


def init_files(target: Path, checkout: Path, home: Path | None = None) -> Mapping[str, str]:
    """Give the files that a configuration in `target` begins with: path seen from there, and text.

    `checkout` holds the shipped `config/` and `seeds/`, and is where the program runs unless `home` is.
    Raises UsageError where they are not there.
    """
    shipped = checkout / "config"
    lists = sorted((shipped / WATCHLISTS).glob("*.yaml"))
    names = [MONITOR, SOURCES, *(f"{WATCHLISTS}/{p.name}" for p in lists)]
    try:
        texts = {name: (shipped / name).read_text("utf-8") for name in names}
    except OSError as error:
        raise UsageError(f"the shipped configuration cannot be read: {error}") from None
    return {name: _moved(text, target / name, home or checkout) for name, text in texts.items()}


def write_init(target: Path, checkout: Path) -> tuple[Path, ...]:
    """Write a configuration into a folder, which is made where it is not there; give the files written.

    Raises UsageError, with nothing written, where any of the files is there already.
    """
    files = {target / name: text for name, text in init_files(target, checkout).items()}
    if there := [str(path) for path in files if os.path.lexists(path)]:
        raise UsageError(f"nothing was written, because there is already {', '.join(there)}")
    try:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
    except OSError as error:
        raise UsageError(f"cannot write the configuration: {error}") from None
    return tuple(files)


def _moved(text: str, file: Path, home: Path) -> str:
    seeds, schema = (_seen(home / place, file, home) for place in ("seeds", "config/schema"))
    return _SCHEMA.sub(lambda m: f"{m[1]}{schema}/", _SEEDS.sub(lambda m: f"{m[1]}{_quoted(seeds)}", text))


def _seen(path: Path, file: Path, home: Path) -> str:
    """Give a path below `home` as seen from a file in it; from anywhere else, whole."""
    whole, folder = Path(os.path.abspath(path)), Path(os.path.abspath(file)).parent
    inside = folder.is_relative_to(os.path.abspath(home))
    return os.path.relpath(whole, folder) if inside else str(whole)


def _quoted(path: str) -> str:
    return (
        path
        if re.fullmatch(r"[\w./-]+", path)
        else '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'
    )
