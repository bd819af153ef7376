"""The `monitor` command: its table of commands, and what an error becomes. It loads a command only when it is called.

Exit codes of every command: 0 well; 1 something failed, or a surprise; 2 configuration or usage; 3 another instance
runs; 130 Ctrl-C; 141 whoever read the output went away.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from io import TextIOWrapper
from typing import NoReturn

import click
from click.shell_completion import CompletionItem

from monitor import __version__
from monitor.cli.place import Options, located
from monitor.errors import AlreadyRunning, ConfigError, MonitorError, UsageError

FAILED, MISTAKEN, BUSY, INTERRUPTED, UNHEARD = 1, 2, 3, 130, 141


@dataclass(frozen=True, slots=True)
class Entry:
    """A command: the module that holds a function of its name, and what `--help` says of it."""

    module: str
    help: str


SECTIONS: dict[str, dict[str, Entry]] = {
    "Run": {
        "run": Entry("running", "Watch the sources and send alerts, until stopped."),
        "install": Entry("setup", "Install as a systemd service, or upgrade it."),
    },
    "Set up": {
        "init": Entry("setup", "Write a commented configuration of your own."),
        "check": Entry("setup", "Check the configuration and every channel."),
        "send-test": Entry("setup", "Send a test message through a channel."),
        "schema": Entry("setup", "Print the JSON Schema of a configuration file."),
        "completion": Entry("setup", "Print the script that completes commands in a shell."),
    },
    "Look at what is stored": {
        "alerts": Entry("stored", "List alerts, newest first."),
        "why": Entry("stored", "Tell how one alert came about, and what became of it."),
        "articles": Entry("stored", "List articles, newest first."),
        "search": Entry("stored", "Find articles by the words in them."),
        "sources": Entry("stored", "Show how each source is doing."),
        "deliveries": Entry("stored", "Show what is owed, sent or dead; try again."),
    },
    "Try on files": {
        "parse": Entry("documents", "Show what is read out of files."),
        "match": Entry("documents", "Show which watches match in files."),
    },
}
COMMANDS = {name: entry for section in SECTIONS.values() for name, entry in section.items()}


class Commands(click.Group):
    """Loads a command when it is called, and lists all of them from the table alone."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Give the names of all commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"monitor.cli.{COMMANDS[cmd_name].module}")
        command = getattr(module, cmd_name.replace("-", "_"))
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Load the command that is called, or say which one was meant."""
        if args[0] not in COMMANDS:
            near = get_close_matches(args[0], COMMANDS, n=2)
            hint = f"did you mean {' or '.join(near)}?" if near else "monitor --help lists them."
            ctx.fail(f"there is no command {args[0]!r}; {hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table by section."""
        for title, section in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name, entry.help) for name, entry in section.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        """Complete a command's name, without loading any."""
        names = [
            CompletionItem(name, help=entry.help)
            for name, entry in COMMANDS.items()
            if name.startswith(incomplete)
        ]
        return names + click.Command.shell_complete(self, ctx, incomplete)

    def invoke(self, ctx: click.Context) -> NoReturn:
        """Run a command, and make an exit code of what it gives or raises."""
        try:
            code = super().invoke(ctx)
            sys.stdout.flush()
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except KeyboardInterrupt:
            code = INTERRUPTED
        except BrokenPipeError:
            _leave_quietly()
            code = UNHEARD
        except Exception as error:
            code = _explain(error, ctx.find_object(Options) or Options())
            try:
                sys.stdout.flush()
            except OSError:
                _leave_quietly()
        ctx.exit(code or 0)


def _explain(error: Exception, options: Options) -> int:
    """Say on stderr what went wrong, and give the exit code."""
    from monitor.cli.safe import one_line, safe  # noqa: PLC0415 -- only where something went wrong

    if options.verbose:
        import traceback  # noqa: PLC0415 -- only where something went wrong

        click.echo("".join(safe(line) for line in traceback.format_exception(error)), err=True, nl=False)
    if isinstance(error, ConfigError):
        click.echo("\n".join(map(one_line, error.problems)), err=True)
        return MISTAKEN
    if isinstance(error, MonitorError):
        click.echo(f"monitor: {safe(str(error))}", err=True)
        return {AlreadyRunning: BUSY, UsageError: MISTAKEN}.get(type(error), FAILED)
    if isinstance(error, OSError) and error.strerror:
        about = f"{error.filename}: " if error.filename else ""
        click.echo(one_line(f"monitor: {about}{error.strerror}"), err=True)
        return FAILED
    hint = "" if options.verbose else " (monitor --verbose shows where; please report it)"
    click.echo(f"monitor: {type(error).__name__}: {one_line(str(error))}{hint}", err=True)
    return FAILED


def _leave_quietly() -> None:
    """Let what is still in stdout's buffer go nowhere, so that the interpreter does not complain of it at its end."""
    with suppress(OSError, ValueError):  # a test's stdout is no file
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _fill_gaps() -> None:
    """Open what a caller closed of stdin, stdout and stderr, to nowhere: the next file would be taken for it."""
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115 -- for good


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="monitor", message="%(prog)s %(version)s")
@located
def root() -> None:
    """Watch news feeds and dropped wire copy, and alert to the people and topics you follow.

    \b
    First steps:
      monitor init            write a configuration of your own
      monitor check           see whether it holds
      monitor run             watch, until Ctrl-C
      monitor alerts          what was found
      monitor why k7f3        how that came about

    In a checkout, type ./run for monitor.

    The configuration is in --config DIR, else $MONITOR_CONFIG, else local/ in the checkout, else /etc/monitor, else
    the shipped config/; the database in --state DIR, else $STATE_DIRECTORY, else var/.

    Options may stand before or after the command. Every command has its own --help.
    """


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line, and leave the process with its exit code."""
    _fill_gaps()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # News is in every script, whatever the login's locale; a lone surrogate is shown as an escape.
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        root.main(arguments, prog_name="monitor")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except OSError as error:  # of --help, which is written before any command runs
        code = _explain(error, Options())
        _leave_quietly()
        sys.exit(code)
