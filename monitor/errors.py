"""The whole exception tree. Expected failures of a poll or a send are values, not exceptions.

MonitorError
├── ConfigError          the user's YAML: all problems at once, each with file:line:column
├── UsageError           a command was called in a way that cannot work
├── AlreadyRunning       another instance holds the store
├── StoreError           the database
│   ├── Conflict         a key became known meanwhile: decide again
│   ├── DiskFull         no room to write; resumes by itself
│   ├── StoreCorrupt     the file is damaged; restore a backup
│   └── StoreTooNew      written by a newer release
├── SandboxError         parse children cannot be started at all
└── InstallError         a step of the installation failed; says how to go back
"""

from __future__ import annotations


class MonitorError(Exception):
    """Anything that the program raises on purpose; its text is fit for a user."""


class ConfigError(MonitorError):
    """A configuration that does not load: `problems` holds one line for each mistake."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class UsageError(MonitorError):
    """A command was called in a way that cannot work."""


class AlreadyRunning(MonitorError):
    """Another instance holds the store's lock."""


class StoreError(MonitorError):
    """The database would not do what was asked."""


class Conflict(StoreError):
    """An identity that was decided to be new became known meanwhile."""


class DiskFull(StoreError):
    """There is no room to write."""


class StoreCorrupt(StoreError):
    """The database file is damaged."""


class StoreTooNew(StoreError):
    """The database was written by a newer release."""


class SandboxError(MonitorError):
    """Parse children cannot be started."""


class InstallError(MonitorError):
    """A step of the installation failed; the text says which, and how to go back."""
