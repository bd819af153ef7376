"""A start on a disk that is full: the space put aside is for that, too."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.errors import DiskFull
from monitor.store import open_store, sqlite
from tests.store.making import StillClock


async def test_a_start_on_a_full_disk_takes_the_space_put_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, opened = tmp_path / "monitor.db", sqlite.open_for_writing
    await open_store(path, StillClock()).close()
    reserve = path.with_name("monitor.db.reserve")
    reserve.touch()

    def full_with_it(*arguments: object) -> object:
        if reserve.exists():
            raise DiskFull("no room")
        return opened(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(sqlite, "open_for_writing", full_with_it)
    await open_store(path, StillClock()).close()


async def test_without_space_put_aside_it_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object) -> object:
        raise DiskFull("no room")

    monkeypatch.setattr(sqlite, "open_for_writing", full)
    with pytest.raises(DiskFull):
        open_store(tmp_path / "monitor.db", StillClock())
