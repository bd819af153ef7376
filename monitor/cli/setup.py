"""init, check, schema, send-test, install, completion: everything around a configuration but running it."""

from __future__ import annotations

import asyncio
import json
import os
from datetime import UTC, datetime
from pathlib import Path

import click
from click.shell_completion import CompletionItem, get_completion_class

from monitor import __version__
from monitor.cli.place import CHECKOUT, Options, credentials, located, loud
from monitor.cli.safe import one_line, safe
from monitor.config import Settings, init_files, json_schema, load, warnings, write_init
from monitor.config.places import DATABASE, SYSTEM
from monitor.config.schema import PARTS
from monitor.config.secret import is_literal
from monitor.config.settings import ChannelSettings, MailSettings
from monitor.errors import ConfigError, UsageError
from monitor.model import ChannelName, SendResult, SourceKind


@click.command(
    epilog="\b\nExamples:\n  monitor init            in local/ of this checkout, which git leaves alone\n"
    "  monitor init ~/wire     in a folder of your choice"
)
@loud
@click.argument("directory", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
def init(directory: Path | None) -> None:
    """Write a commented configuration of your own.

    It goes to local/ in this checkout, or to DIR. Nothing that is there already is overwritten.
    """
    target = (CHECKOUT / "local") if directory is None else directory.absolute()
    for path in write_init(target, CHECKOUT):
        click.echo(safe(str(path)))
    flag = "" if directory is None else f" --config {directory}"
    hint = f"Now edit the files in {target / 'watchlists'}, then: {_program()} check{flag}"
    click.echo(safe(hint), err=True)


def _program() -> str:
    """Give what to type for this program, seen from the current directory: an installed one has a command."""
    if CHECKOUT.parent.name == "releases":  # where `install` puts its copies
        return "monitor"
    return "./run" if Path.cwd() == CHECKOUT else str(CHECKOUT / "run")


@click.command(
    epilog="\b\nExamples:\n  monitor check\n  monitor check --config ~/wire\n  monitor check && echo fine"
)
@located
@click.pass_obj
def check(options: Options) -> int:
    """Check the configuration and every channel.

    Each mistake is a line on stderr, with file, line and column. Nothing is sent, and no network is used. A secret
    that only the service has, which systemd starts, is no mistake: as root it is read where systemd reads it.
    Exits with 0 where all holds, 1 where anything does not.
    """
    try:
        settings = _load(options)
    except ConfigError as error:
        click.echo("\n".join(map(one_line, error.problems)), err=True)
        return 1
    for warning in warnings(settings):
        click.echo(one_line(f"warning: {warning}"), err=True)
    failed = _failing_channels(settings)
    for line in failed:
        click.echo(one_line(line), err=True)
    click.echo(_summary(settings))
    return 1 if failed else 0


def _failing_channels(settings: Settings) -> list[str]:
    """Give a line for each channel that cannot be built."""
    from monitor.channels import check_channel  # noqa: PLC0415 -- other commands need no channels

    found = (
        (channel.name, check_channel(channel, settings))
        for channel in settings.channels
        if channel.url is None or is_literal(channel.url.reveal())
    )
    return [f"channel {name}: {reason}" for name, reason in found if reason]


def _summary(settings: Settings) -> str:
    kinds = [source.kind for source in settings.sources]
    feeds, folders = kinds.count(SourceKind.FEED), kinds.count(SourceKind.FOLDER)
    parts = (
        _counted(feeds, "feed"),
        _counted(folders, "folder"),
        _counted(len(settings.watchlist.watches), "watch", "es"),
        _counted(len(settings.channels), "channel"),
    )
    return safe(f"{settings.directory}: {', '.join(parts)}")


def _counted(number: int, noun: str, plural: str = "s") -> str:
    return f"{number:,} {noun}{'' if number == 1 else plural}"


def _load(options: Options) -> Settings:
    """Read the configuration; what only the service has may be missing: its credentials, and its own environment."""
    directory = options.config_directory()
    own = ("credential", "env") if directory == SYSTEM else ("credential",)
    return load(directory, environ=os.environ, credentials=credentials(), may_lack=own)


@click.command(
    epilog="\b\nExamples:\n  monitor schema watchlist\n  monitor schema sources > sources.schema.json"
)
@loud
@click.argument("part", required=False, default="monitor", type=click.Choice(sorted(PARTS)))
def schema(part: str) -> None:
    """Print the JSON Schema of one kind of configuration file.

    Editors complete and check with it; the shipped files name it in their first line.
    PART is monitor (monitor.yaml, the default), sources (sources.yaml) or watchlist (watchlists/*.yaml).
    """
    click.echo(json.dumps(json_schema(part), ensure_ascii=False, indent=2))  # type: ignore[arg-type]  # a Choice of these


class _Channel(click.ParamType[str]):
    """A channel's name, completed from the configuration."""

    name = "channel"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem[str]]:
        """Give the channels that begin so; none where the configuration does not load."""
        try:
            directory = (ctx.find_object(Options) or Options()).config_directory()
            settings = load(directory, environ={}, read_secrets=False)
        except (ConfigError, UsageError):
            return []
        return [CompletionItem(c.name) for c in settings.channels if c.name.startswith(incomplete)]


@click.command("send-test", epilog="\b\nExample:\n  monitor send-test desk")
@click.argument("channel", type=_Channel())
@located
@click.pass_obj
def send_test(options: Options, channel: str) -> int:
    """Send a test message to every recipient of CHANNEL, as an alert would go.

    Nothing is stored, and the channel's limit does not count it. Exits with 1 where any was not accepted.
    """
    from monitor import channels  # noqa: PLC0415 -- other commands need no channels

    settings = _load(options)
    known = {c.name: c for c in settings.channels}
    if channel not in known:
        raise UsageError(f"there is no channel {channel}; there are: {', '.join(known)}")
    if _lacks_secret(known[ChannelName(channel)], settings.mail):
        raise UsageError(f"the secret of the channel {channel} is for the service, and for root: try sudo")
    outcomes = asyncio.run(channels.send_test(settings, ChannelName(channel), datetime.now(UTC)))
    for recipient, outcome in outcomes:
        detail = f": {outcome.detail}" if outcome.detail else ""
        click.echo(one_line(f"{recipient}: {outcome.result.value}{detail}"), err=True)
    return 0 if all(outcome.result is SendResult.ACCEPTED for _, outcome in outcomes) else 1


def _lacks_secret(channel: ChannelSettings, mail: MailSettings | None) -> bool:
    secret = mail.password if channel.mail and mail else channel.url
    return secret is not None and not is_literal(secret.reveal())


@click.command(epilog="\b\nExamples:\n  sudo ./run install --dry-run\n  sudo ./run install")
@click.option("--dry-run", is_flag=True, help="Only tell each step; needs no root.")
@loud
def install(dry_run: bool) -> None:
    """Install this checkout as a systemd service that starts with the machine, or upgrade the one that is there.

    Makes the user and group `monitor`, /etc/monitor, /var/lib/monitor, a copy of the program in /opt/monitor, and
    the unit. An upgrade copies the database first, and says how to go back.
    """
    from monitor import install as room  # noqa: PLC0415 -- only here is it needed

    layout = room.Layout()
    files = init_files(layout.config, CHECKOUT, layout.current)
    room.install(
        checkout=CHECKOUT,
        version=__version__,
        now=datetime.now(UTC),
        config_files={name: text.encode() for name, text in files.items()},
        database=DATABASE,
        dry_run=dry_run,
        tell=click.echo,
        layout=layout,
    )


@click.command(
    epilog='\b\nExamples:\n  eval "$(monitor completion bash)"   this shell; in ~/.bashrc for every one\n'
    '  eval "$(monitor completion zsh)"    the same in ~/.zshrc\n'
    "  monitor completion fish > ~/.config/fish/completions/monitor.fish"
)
@loud
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script that completes commands, options, alert ids and channels in SHELL."""
    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(ctx.find_root().command, {}, "monitor", "_MONITOR_COMPLETE").source())
