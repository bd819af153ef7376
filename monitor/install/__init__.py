"""Installs the checkout as a systemd service, or upgrades one. It must not know configuration or store.

What is installed is a copy, `/opt/monitor/releases/RELEASE`, with an environment of its own from the same
lock: the service may not look into /home or /root, and an edit in a checkout must not reach a service that
runs. `current` points to one release; the one before stays, so going back is a link and a copy of the
database.

`look` reads what is there, `plan` decides, `carry_out` does it, `install` is all three.
"""

import os
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from monitor.errors import UsageError
from monitor.install.machine import ACCOUNT, UNIT, Layout, interpreter, look, obstacle
from monitor.install.plan import Order, plan
from monitor.install.steps import Run, carry_out, describe, run_command

__all__ = ["Layout", "install"]


def install(
    *,
    checkout: Path,
    version: str,
    now: datetime,
    config_files: Mapping[str, bytes],
    database: str,
    dry_run: bool,
    tell: Callable[[str], None],
    layout: Layout | None = None,
    run: Run = run_command,
) -> None:
    """Install the checkout as a service, or upgrade the one that is there; in a dry run only tell each step.

    `config_files` is the first configuration, by path relative to its folder; `database` the name of the
    database in the state directory.
    Raises UsageError where it cannot begin, InstallError where a step failed.
    """
    layout = layout or Layout()
    if not dry_run and (hindrance := obstacle(layout=layout, uid=os.geteuid(), platform=sys.platform)):
        raise UsageError(hindrance)
    order = Order(
        layout=layout,
        checkout=checkout,
        version=version,
        now=now,
        python=interpreter(_base_interpreter()),
        config_files=config_files,
        documents=tuple(sorted(path.name for path in checkout.glob("*.md"))),
        unit=(checkout / "systemd" / UNIT).read_bytes(),
    )
    the_plan = plan(order, look(layout, database))
    if dry_run:
        tell(describe(the_plan.steps))
        return
    carry_out(the_plan, run=run, tell=tell)
    tell(_after(layout))


def _base_interpreter() -> Path:
    """Give the interpreter that this environment was made from."""
    return Path(getattr(sys, "_base_executable", "") or sys.executable).resolve()


def _after(layout: Layout) -> str:
    return (
        f"It runs. Its configuration: {layout.config} (a saved change takes effect by itself). "
        "Its log: journalctl -u monitor. "
        f'To read alerts without root, join its group and log in again: sudo usermod -aG {ACCOUNT} "$USER"'
    )
