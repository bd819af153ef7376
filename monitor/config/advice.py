"""What is worth a second look in a configuration that loads. Looks at folders; decides nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from monitor.config.access import closed
from monitor.config.addresses import on_this_machine
from monitor.config.doubts import doubts
from monitor.config.places import WATCHLISTS
from monitor.config.problems import quote
from monitor.config.reading import read_part
from monitor.config.schema import Monitor
from monitor.config.secret import is_literal
from monitor.config.settings import FeedSettings, FolderSettings, Settings
from monitor.errors import ConfigError


def warnings(settings: Settings) -> tuple[str, ...]:
    """Give what `monitor check` warns of, a sentence each."""
    return (
        *_folders(settings),
        *_feeds(settings),
        *_channels(settings),
        *_secrets(settings),
        *_absent(settings),
        *_unread(settings),
        *doubts(settings.watchlist.watches),
    )


def _folders(settings: Settings) -> Iterator[str]:
    folders = [s for s in settings.sources if isinstance(s, FolderSettings)]
    for folder in folders:
        shown = _shown(folder.path)
        if told := closed(folder.path):
            yield f"the folder {shown} {told}"
        elif not os.path.exists(folder.path):
            yield f"the folder {shown} is not there; it is read as soon as it is"
        elif not os.path.isdir(folder.path):
            yield f"{shown} is no folder"
        for other in folders:
            if other.path in folder.path.parents:
                yield f"the folder {shown} lies in {_shown(other.path)}: its files are read twice"


def _feeds(settings: Settings) -> Iterator[str]:
    for source in settings.sources:
        if isinstance(source, FeedSettings) and source.every_least < timedelta(minutes=1):
            yield f"{_shown(source.url)} may be polled more than once a minute: many publishers block that"
    if settings.contact is None and any(isinstance(s, FeedSettings) for s in settings.sources):
        yield "monitor.yaml has no `contact:`; with one, publishers can reach you before they block you"


def _channels(settings: Settings) -> Iterator[str]:
    named = {*settings.fallback, *settings.troubles, *(c for w in settings.watchlist.watches for c in w.tell)}
    for channel in settings.channels:
        if channel.name not in named and channel.name != "terminal":
            yield f"nothing is ever told to the channel `{channel.name}`"
    if not settings.troubles:
        yield "`troubles:` names no channel, so nobody hears when a source or a channel fails"


def _secrets(settings: Settings) -> Iterator[str]:
    try:
        model = read_part(settings.directory / "monitor.yaml", Monitor).model
    except ConfigError:
        return
    if model is None:
        return
    if model.mail and model.mail.password and is_literal(model.mail.password):
        yield "the mail password stands in monitor.yaml itself: better `${credential:NAME}` or `${file:PATH}`"
    mail = settings.mail
    if mail and mail.password and mail.security == "none" and not on_this_machine(mail.host):
        yield "the mail password goes over the network for all to read: take `security: none` out"
    for name, channel in model.channels.items():
        if channel.url and is_literal(channel.url):
            yield f"the url of the channel `{quote(name)}` stands in monitor.yaml itself, and may be a secret"


def _absent(settings: Settings) -> Iterator[str]:
    """Tell of secrets that only the service has; see `load`."""
    told = "is not to be had here, only where the service runs, or in /etc/monitor/credentials by root"
    for channel in settings.channels:
        if channel.url and not is_literal(channel.url.reveal()):
            yield f"the secret in the url of the channel `{quote(channel.name)}` {told}: it is not checked"
    if settings.mail and settings.mail.password and not is_literal(settings.mail.password.reveal()):
        yield f"the mail password {told}"


def _unread(settings: Settings) -> Iterator[str]:
    for path in sorted((settings.directory / WATCHLISTS).glob("*/*.yaml")):
        yield f"{_shown(path)} is not read: only files in {WATCHLISTS}/ itself are"


def _shown(text: str | Path) -> str:
    return quote(str(text), most=200)
