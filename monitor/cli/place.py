"""Where a command looks: configuration, state and database, from its options and the environment. It opens none."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import tzinfo
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import click

from monitor.errors import MonitorError

CHECKOUT = Path(__file__).resolve().parents[2]

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What stands before or after any command."""

    config: Path | None = None
    state: Path | None = None
    verbose: bool = False
    quiet: bool = False

    @property
    def level(self) -> str:
        """The least level that is logged."""
        return "debug" if self.verbose else "warning" if self.quiet else "info"

    def config_directory(self) -> Path:
        """Give the folder that the configuration is in. Raises ConfigError where the one asked for is not there."""
        from monitor.config import find_directory  # noqa: PLC0415 -- listing what is stored needs no configuration

        return find_directory(self.config, os.environ, CHECKOUT)

    def state_directory(self) -> Path:
        """Give the folder that the database is in."""
        if self.state is not None:
            return self.state.absolute()
        from monitor.config import state_directory  # noqa: PLC0415 -- the option makes it needless

        return state_directory(os.environ, CHECKOUT)

    def database(self) -> Path:
        """Give the database's path."""
        from monitor.config.places import DATABASE  # noqa: PLC0415

        return self.state_directory() / DATABASE

    def zone(self) -> tzinfo:
        """Give the zone that times are shown in; UTC where no configuration says, or none can be read."""
        from monitor.config.reading import read_part  # noqa: PLC0415 -- only people are shown local times
        from monitor.config.schema import Monitor  # noqa: PLC0415

        try:
            model = read_part(self.config_directory() / "monitor.yaml", Monitor).model
        except MonitorError:
            return ZoneInfo("UTC")
        return ZoneInfo(model.timezone) if model is not None and model.timezone else ZoneInfo("UTC")


def credentials() -> Path | None:
    """Give the folder of a service's credentials, which systemd made; else, for root, the one it copies them from."""
    if made := os.environ.get("CREDENTIALS_DIRECTORY"):
        return Path(made)
    from monitor.config.places import SYSTEM  # noqa: PLC0415 -- listing what is stored needs no configuration

    kept = SYSTEM / "credentials"
    return kept if os.access(kept, os.R_OK | os.X_OK) else None


def _note(ctx: click.Context, param: click.Parameter, value: object) -> None:
    """Keep an option for whichever command runs, wherever it stood."""
    top = ctx.find_root()
    top.obj = top.obj or Options()
    if value:
        top.obj = replace(top.obj, **{str(param.name): value})
    ctx.obj = top.obj


def _option(*names: str, **attributes: Any) -> Callable[[F], F]:
    return click.option(*names, expose_value=False, callback=_note, **attributes)


def loud(command: F) -> F:
    """Add how much is said."""
    command = _option("-q", "--quiet", is_flag=True, help="Log warnings and errors only.")(command)
    return _option("-v", "--verbose", is_flag=True, help="Log everything; show where an error arose.")(
        command
    )


def located(command: F) -> F:
    """Add where configuration and database are, and how much is said."""
    directory = click.Path(path_type=Path)
    command = _option("--state", metavar="DIR", type=directory, help="Folder of the database.")(loud(command))
    return _option("--config", metavar="DIR", type=directory, help="Folder of the configuration.")(command)
