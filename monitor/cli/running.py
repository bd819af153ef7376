"""run: the daemon, or one round of polls and sends. What it does is daemon's and app's business."""

from __future__ import annotations

import os
import sys

import click

from monitor.cli.place import Options, credentials, located


@click.command(
    epilog="\b\nExamples:\n  monitor run                     until Ctrl-C, or for systemd\n"
    "  monitor run --once              for cron, or to see what it does\n"
    "  monitor run --once 2>/dev/null  only the alerts"
)
@click.option("--once", is_flag=True, help="Poll and send whatever is due, once, and end.")
@located
@click.pass_obj
def run(options: Options, once: bool) -> int:
    """Watch the sources and send alerts, until stopped.

    Alerts for the channel `terminal` go to stdout, logs to stderr. A saved configuration takes effect by itself;
    one with mistakes changes nothing and is told.

    \b
    --once exits with
      0  all is well
      1  a source or a delivery failed
      2  the configuration has mistakes
      3  another instance runs on this database
    """
    import structlog  # noqa: PLC0415 -- every room is behind these, and --help needs none

    from monitor import app, daemon  # noqa: PLC0415
    from monitor.config import warnings  # noqa: PLC0415
    from monitor.daemon import logs  # noqa: PLC0415

    logs.set_up(options.level)
    log = structlog.get_logger("monitor.cli")
    place = daemon.Place(directory=options.config_directory(), environ=os.environ, credentials=credentials())
    state = options.state_directory()
    if once:
        settings = place.load()
        for warning in warnings(settings):
            # Not at the level of warnings: a round by cron would say the same every minute.
            log.info("configuration", warning=warning)
        return app.run_once(settings, state=state, stream=sys.stdout)
    return daemon.run(place, state=state, stream=sys.stdout)
