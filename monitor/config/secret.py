"""Puts secrets in the place of their references. Reads environment, files and credentials; shows none."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from monitor.config.access import closed
from monitor.config.problems import Flaw, Unfit, quote
from monitor.config.text import read_bytes, shown, stamp_of
from monitor.model import FileStamp

MOST_BYTES = 64_000
_REFERENCE = re.compile(r"\$\{([^}]*)\}")
_FORMS = "`${env:NAME}`, `${file:PATH}` or `${credential:NAME}`"
_NAME = re.compile(r"[A-Za-z0-9_.@-]{1,200}\Z")


class _Absent(Unfit):
    """A secret that is not here, and may be where the service runs."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """Where secrets come from."""

    environ: Mapping[str, str]
    credentials: Path | None
    """The folder that systemd puts a service's credentials in."""
    wanted: bool = True
    """False: leave references as they stand, for a command that sends nothing."""
    may_lack: Collection[str] = ()
    """Kinds of reference that stay as they stand where only the service has what they name."""
    files: dict[Path, FileStamp | None] = field(default_factory=dict)
    """What was read or sought for it, as it looked before."""

    def fill(self, text: str, base: Path) -> str:
        """Put secrets in place of the references in a text; paths are seen from `base`. Raises Unfit."""
        if "${" in text.replace("}", "", 1) and not _REFERENCE.search(text):
            raise Unfit(f"a `${{` has no `}}` behind it: a reference is {_FORMS}")
        return _REFERENCE.sub(lambda m: self._one(m.group(1), base), text) if self.wanted else text

    def _one(self, reference: str, base: Path) -> str:
        kind, _, name = reference.partition(":")
        try:
            return self._read(kind, name, reference, base)
        except _Absent:
            if kind in self.may_lack:
                return f"${{{reference}}}"
            raise

    def _read(self, kind: str, name: str, reference: str, base: Path) -> str:
        match kind, name:
            case "env", str() if name:
                return self._environment(name)
            case "file", str() if name:
                return self._file(base / name)
            case "credential", str() if name:
                return self._credential(name)
        raise Unfit(f"`${{{quote(reference)}}}` is no reference to a secret: type {_FORMS}")

    def _environment(self, name: str) -> str:
        value = self.environ.get(name)
        if not value:
            raise _Absent(
                f"the environment variable `{quote(name)}` is not set, or empty: set it before the monitor "
                "starts"
            )
        return value

    def _credential(self, name: str) -> str:
        if not _NAME.match(name) or name.startswith("."):
            raise Unfit(f"`{quote(name)}` is no name of a credential: use letters, digits, - _ and .")
        if self.credentials is None:
            raise _Absent(
                f"the credential `{name}` is there only for the service that systemd starts, and for root where it is "
                "in /etc/monitor/credentials: try sudo, or use `${env:NAME}` or `${file:PATH}`"
            )
        if not os.path.exists(self.credentials / name):
            raise _Absent(f"there is no credential `{name}`: name it in the unit, `LoadCredential={name}:…`")
        return self._file(self.credentials / name)

    def _file(self, path: Path) -> str:
        self.files[path] = stamp_of(path)
        if "\0" not in str(path) and not os.path.lexists(path) and not closed(path.parent):
            raise Unfit(
                f"there is no file `{quote(shown(path))}` for the secret: make it, with the secret as its only line, "
                "or put the path right"
            )
        try:
            content = read_bytes(path, MOST_BYTES)
            text = content.decode("utf-8-sig").rstrip("\r\n")
        except Flaw as flaw:
            raise Unfit(f"the secret's file `{quote(shown(path))}` {flaw.text}") from None
        except UnicodeDecodeError:
            raise Unfit(f"the secret's file `{quote(shown(path))}` is no text in UTF-8") from None
        if not text or "\0" in text:
            raise Unfit(f"the secret's file `{quote(shown(path))}` is empty, or no text")
        return text


def is_literal(text: str) -> bool:
    """Whether a text refers to no secret: it is one itself, or has been read."""
    return not _REFERENCE.search(text)
