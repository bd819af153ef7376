"""A configuration, read, checked and frozen. This module only holds it; reading it is its siblings' work."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from monitor.core.text.urls import host_key
from monitor.model import (
    Backlog,
    ChannelName,
    FileStamp,
    Hints,
    Priority,
    Recipient,
    SourceId,
    SourceKind,
    Watchlist,
)


@dataclass(frozen=True, slots=True)
class Secret:
    """Text that must not be shown: its repr and str hide it."""

    _text: str = field(repr=False)

    def reveal(self) -> str:
        """Give the text itself, for the one place that needs it."""
        return self._text

    def __str__(self) -> str:
        return "•••"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSettings:
    """A feed."""

    id: SourceId
    name: str
    url: str
    every_least: timedelta = timedelta(minutes=5)
    every_most: timedelta = timedelta(minutes=60)
    hints: Hints = Hints()
    alert_backlog: Backlog = Backlog()

    @property
    def kind(self) -> SourceKind:
        """How it is polled."""
        return SourceKind.FEED

    @property
    def host(self) -> str:
        """Who is asked."""
        return host_key(self.url)


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderSettings:
    """A folder that agencies drop wire copy into."""

    id: SourceId
    name: str
    path: Path
    hints: Hints = Hints()
    alert_backlog: Backlog = Backlog()

    @property
    def kind(self) -> SourceKind:
        """How it is polled."""
        return SourceKind.FOLDER


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """The server that mail goes through."""

    sender_name: str
    sender_address: str
    host: str
    port: int
    user: str | None = None
    password: Secret | None = None
    security: str = "starttls"
    """starttls, tls or none; none only for a server on this machine unless the user says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSettings:
    """A named way out: mail addresses, or an Apprise URL, or the terminal (neither)."""

    name: ChannelName
    recipients: tuple[Recipient, ...]
    """Mail addresses; for a URL or the terminal, one: the channel's name."""
    url: Secret | None = None
    mail: bool = False
    priority: Priority = Priority.LOW
    """This and above."""
    at_most: int | None = 30
    """Messages an hour to each recipient; None: no limit (the terminal)."""
    parallel: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """How long what is kept, and how much room of the disk stays free."""

    articles: timedelta = timedelta(days=180)
    polls: timedelta = timedelta(days=30)
    disk_free: int = 1_000_000_000
    """Bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Networks that feeds may be on besides the public internet, as CIDR texts."""

    allow: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything the user configured."""

    directory: Path
    contact: str | None
    timezone: ZoneInfo
    sources: tuple[FeedSettings | FolderSettings, ...]
    watchlist: Watchlist
    channels: tuple[ChannelSettings, ...]
    """`terminal` included."""
    mail: MailSettings | None
    troubles: tuple[ChannelName, ...]
    fallback: tuple[ChannelName, ...]
    """The top `tell:`; hears of troubles too where the channels of `troubles` fail."""
    keep: Keep = Keep()
    network: Network = Network()
    files: tuple[tuple[Path, FileStamp | None], ...] = ()
    """Every file that was read, as it looked before that: a change of any asks for a reload."""
