"""A folder of YAML becomes frozen Settings, or an error that tells everything that is wrong in it."""

from __future__ import annotations

import gc
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from monitor.config import addresses, places, schema, words
from monitor.config.problems import Files, Mistakes, Problem, Unfit, quote
from monitor.config.reading import Reading, read_part
from monitor.config.secret import Secrets, is_literal
from monitor.config.settings import (
    ChannelSettings,
    FeedSettings,
    FolderSettings,
    Keep,
    MailSettings,
    Network,
    Secret,
    Settings,
)
from monitor.config.text import stamp_of
from monitor.config.tree import Entries
from monitor.config.watches import Watches, check_tell
from monitor.model import (
    Backlog,
    ChannelName,
    FileStamp,
    Hints,
    Priority,
    Recipient,
    SourceId,
    Watchlist,
    WatchlistVersion,
)

M = TypeVar("M", bound=BaseModel)
TERMINAL = ChannelName("terminal")
_DEFAULT_TELL = (TERMINAL,)


def load(
    directory: Path,
    *,
    environ: Mapping[str, str],
    credentials: Path | None = None,
    read_secrets: bool = True,
    may_lack: Collection[str] = (),
) -> Settings:
    """Read the configuration in a folder.

    `credentials` is the folder of systemd's credentials. With `read_secrets` False references to secrets stay
    as they are written, for a command that sends nothing and may not read them; so do references of the kinds in
    `may_lack`, `env` and `credential`, to what is not here. Raises ConfigError with all problems.
    """
    with _collector_at_rest():
        return _Load(directory, Secrets(environ, credentials, read_secrets, may_lack)).settings()


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """Read without collecting garbage: a third of the time for a long list, whose objects all stay."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def load_watchlist(path: Path) -> Watchlist:
    """Read one watchlist file that stands alone; channels it names are not checked. Raises ConfigError."""
    watches = Watches()
    watches.read(path)
    return watches.watchlist()


@dataclass(slots=True)
class _Load:
    """One reading of a configuration: gathers problems until everything was looked at."""

    directory: Path
    secrets: Secrets
    problems: list[Problem] = field(default_factory=list)
    files: dict[Path, FileStamp | None] = field(default_factory=dict)

    def settings(self) -> Settings:
        self.files |= {path: stamp_of(path) for path in places.files(self.directory)}
        self.problems.extend(places.missing(self.directory))
        self.problems.extend(places.strays(self.directory))
        monitor = self._read(places.MONITOR, schema.Monitor)
        channels = self._channels(monitor)
        mail = self._mail(monitor)
        names = self._check_names(monitor)
        sources = self._sources(self._read(places.SOURCES, schema.Sources))
        model = monitor.model if monitor and monitor.model else schema.Monitor()
        fallback = _names(model.tell)
        watchlist = self._watchlist(fallback, names)
        if monitor is not None:
            self.problems[:0] = monitor.problems
        if self.problems:
            raise Mistakes(self.problems, self._known())
        return Settings(
            directory=self.directory,
            contact=model.contact,
            timezone=ZoneInfo(model.timezone or "UTC"),
            sources=sources,
            watchlist=watchlist,
            channels=channels,
            mail=mail,
            troubles=_names(model.troubles),
            fallback=fallback,
            keep=_keep(model.keep),
            network=Network(allow=tuple(model.network.allow) if model.network else ()),
            files=self._known(),
        )

    def _known(self) -> Files:
        return tuple({**self.files, **self.secrets.files}.items())

    def _read(self, name: str, model: type[M]) -> Reading[M] | None:
        path = self.directory / name
        if not os.path.exists(path):
            return None  # told of already
        try:
            reading = read_part(path, model)
        except Mistakes as error:
            self.problems.extend(error.found)
            return None
        return reading

    # -- monitor.yaml

    def _check_names(self, monitor: Reading[schema.Monitor] | None) -> set[str] | None:
        """Check the channels that monitor.yaml itself names; give all there are, None where not known."""
        if monitor is None or monitor.model is None:
            return None
        root = monitor.page.root
        written = root.get("channels") if isinstance(root, Entries) else None
        names: set[str] = {TERMINAL, *(written if isinstance(written, Entries) else ())}
        check_tell(monitor, monitor.model.tell, names, "tell")
        check_tell(monitor, monitor.model.troubles, names, "troubles")
        if monitor.model.tell == []:
            monitor.blame("names no channel: type `tell: [terminal]`, or the names of channels", "tell")
        return names

    def _mail(self, monitor: Reading[schema.Monitor] | None) -> MailSettings | None:
        if monitor is None or monitor.model is None or monitor.model.mail is None:
            return None
        mail = monitor.model.mail
        if (mail.user is None) != (mail.password is None):
            have, lack = ("password", "user") if mail.user is None else ("user", "password")
            monitor.blame(f"has `{have}:` without `{lack}:`; give both, or neither", "mail")
        host, port = mail.server
        user = self._secret(monitor, mail.user, "mail", "user")
        return MailSettings(
            sender_name=mail.sender[0],
            sender_address=mail.sender[1],
            host=host,
            port=port,
            user=user.reveal() if user else None,
            password=self._secret(monitor, mail.password, "mail", "password"),
            security=mail.security or _security(host, port),
        )

    def _secret(self, monitor: Reading[schema.Monitor], text: str | None, *loc: str) -> Secret | None:
        if text is None:
            return None
        try:
            return Secret(self.secrets.fill(text.strip(), monitor.page.file.path.parent))
        except Unfit as error:
            monitor.blame(str(error), *loc)
            return None

    def _channels(self, monitor: Reading[schema.Monitor] | None) -> tuple[ChannelSettings, ...]:
        terminal = ChannelSettings(name=TERMINAL, recipients=(Recipient(TERMINAL),), at_most=None)
        if monitor is None or monitor.model is None:
            return (terminal,)
        channels = {TERMINAL: terminal}
        for name, channel in monitor.model.channels.items():
            try:
                words.channel(name)
                _refuse_mixture(name, channel, monitor.model.mail is not None or _at_fault(monitor, "mail"))
            except Unfit as error:
                monitor.blame(str(error), "channels", name)
                continue
            channels[ChannelName(name)] = self._channel(monitor, ChannelName(name), channel)
        return tuple(channels.values())

    def _channel(
        self, monitor: Reading[schema.Monitor], name: ChannelName, channel: schema.Channel
    ) -> ChannelSettings:
        url = self._secret(monitor, channel.url, "channels", name, "url")
        if url is not None and is_literal(url.reveal()):
            try:
                addresses.channel_url(url.reveal())
            except Unfit as error:
                monitor.blame(str(error), "channels", name, "url")
        recipients = [Recipient(a) for a in dict.fromkeys(channel.email or (name,))]
        limited = "at_most" in channel.model_fields_set
        default = None if name == TERMINAL else 30
        return ChannelSettings(
            name=name,
            recipients=tuple(recipients),
            url=url,
            mail=channel.email is not None,
            priority=channel.priority or Priority.LOW,
            at_most=channel.at_most if limited else default,
            parallel=channel.parallel or 1,
        )

    # -- sources.yaml

    def _sources(self, reading: Reading[schema.Sources] | None) -> tuple[FeedSettings | FolderSettings, ...]:
        if reading is None:
            return ()
        found: dict[SourceId, FeedSettings | FolderSettings] = {}
        lines: dict[SourceId, int] = {}
        for key, i, source in _listed(reading):
            if source.id in found:
                text = (
                    f"`{quote(source.id)}` stands twice, here and in line {lines[source.id]}: keep "
                    f"one of them"
                )
                reading.blame(text, key, i)
            elif source.id == "/":
                reading.blame("is the whole disk: name the folder that wire copy is dropped into", key, i)
            found.setdefault(source.id, source)
            lines.setdefault(source.id, reading.line(key, i))
        self.problems.extend(reading.problems)
        return tuple(found.values())

    # -- watchlists

    def _watchlist(self, fallback: tuple[ChannelName, ...], channels: set[str] | None) -> Watchlist:
        watches = Watches(fallback)
        for path in places.watchlist_files(self.directory):
            watches.read(path)
        self.files |= watches.files
        try:
            return watches.watchlist(channels)
        except Mistakes as error:
            self.problems.extend(error.found)
            return Watchlist(version=WatchlistVersion(""), watches=())


def _listed(reading: Reading[schema.Sources]) -> Iterator[tuple[str, int, FeedSettings | FolderSettings]]:
    """Give every source with the place it is written at."""
    base = Path(os.path.abspath(reading.page.file.path)).parent
    if reading.model is not None:
        yield from (("feeds", i, _feed(f)) for i, f in enumerate(reading.model.feeds))
        yield from (("folders", i, _folder(f, base)) for i, f in enumerate(reading.model.folders))


def _names(names: Sequence[str] | None) -> tuple[ChannelName, ...]:
    return _DEFAULT_TELL if names is None else tuple(ChannelName(n) for n in names)


def _at_fault(monitor: Reading[schema.Monitor], key: str) -> bool:
    """Whether a key was written, though nothing came of it."""
    root = monitor.page.root
    return isinstance(root, Entries) and key in root


def _refuse_mixture(name: str, channel: schema.Channel, mail: bool) -> None:
    """Refuse a channel that is not exactly one of mail, URL and the terminal."""
    if name == TERMINAL:
        if channel.email is not None or channel.url is not None:
            raise Unfit("is the terminal itself: give a channel with `email:` or `url:` another name")
    elif channel.email is not None and channel.url is not None:
        raise Unfit("has both `email:` and `url:`: make two channels of it")
    elif channel.email is None and channel.url is None:
        raise Unfit("leads nowhere: give it `email:` with addresses, or `url:` with an Apprise URL")
    elif channel.email == []:
        raise Unfit("has no address in `email:`: type `email: [night@paper.example]`")
    elif channel.email is not None and not mail:
        raise Unfit(
            "sends mail, and there is no `mail:` that says from whom and through which server: add it at the "
            'top of monitor.yaml, `mail: {from: wire@paper.example, server: "smtp.paper.example:587"}`'
        )


def _security(host: str, port: int) -> str:
    if port == 465:
        return "tls"
    return "none" if addresses.on_this_machine(host) else "starttls"


def _keep(keep: schema.Keep | None) -> Keep:
    if keep is None:
        return Keep()
    default = Keep()
    return Keep(
        articles=keep.articles or default.articles,
        polls=keep.polls or default.polls,
        disk_free=default.disk_free if keep.disk_free is None else keep.disk_free,
    )


def _hints(source: schema.Feed | schema.Folder) -> Hints:
    return Hints(agency=source.agency, encoding=source.encoding, timezone=source.timezone)


def _feed(feed: schema.Feed) -> FeedSettings:
    least, most = feed.every or (timedelta(minutes=5), timedelta(minutes=60))
    parts = urlsplit(feed.url)
    return FeedSettings(
        id=SourceId(feed.url),
        name=feed.name or f"{parts.netloc}{parts.path}".rstrip("/"),
        url=feed.url,
        every_least=least,
        every_most=most,
        hints=_hints(feed),
        alert_backlog=feed.alert_backlog or Backlog(),
    )


def _folder(folder: schema.Folder, base: Path) -> FolderSettings:
    path = Path(os.path.abspath(base / folder.path))
    return FolderSettings(
        id=SourceId(str(path)),
        name=folder.name or path.name,
        path=path,
        hints=_hints(folder),
        alert_backlog=folder.alert_backlog or Backlog(),
    )
