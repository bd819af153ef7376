"""What is due is done when it is due, and not at some later tick."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from monitor.engine import embedded
from tests.flow.world import Daemon, copy_about, until, write_config


async def test_a_file_is_read_when_it_is_whole_however_far_the_next_tick_is(
    tmp_path: Path, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "TICK", timedelta(minutes=5))
    drop = tmp_path / "drop"
    drop.mkdir()
    config = write_config(
        tmp_path / "config",
        sources=f"folders: [{{path: {drop}, name: Drop}}]\n",
        watchlist="actors: [Ada Quillfeather]\n",
    )
    daemon = Daemon(config, tmp_path / "state")
    async with daemon.start():
        (drop / "a.txt").write_text(copy_about("Ada Quillfeather", "Report to the council"))
        await until(lambda: "Report to the council" in daemon.terminal.getvalue())
