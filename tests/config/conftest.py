"""A configuration that loads, in a folder of its own, whose files a test replaces one by one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from monitor.config import load
from monitor.config.settings import Settings
from monitor.errors import ConfigError

SOUND = {
    "monitor.yaml": "tell: [terminal]\n",
    "sources.yaml": "folders:\n  - path: wire\n",
    "watchlists/mine.yaml": "actors:\n  - Dong Jun\n",
}


class Configuration:
    """The folder, and what loading it gives."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environ: Mapping[str, str] = {}
        self.credentials: Path | None = None
        for name, text in SOUND.items():
            self.write(name, text)

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def load(self, **files: Any) -> Settings:
        """Load; `monitor=`, `sources=` and `watchlist=` replace a file first."""
        names = {"monitor": "monitor.yaml", "sources": "sources.yaml", "watchlist": "watchlists/mine.yaml"}
        for part, content in files.items():
            self.write(names[part], content)
        return load(Path("."), environ=self.environ, credentials=self.credentials)

    def problems(self, **files: Any) -> tuple[str, ...]:
        with pytest.raises(ConfigError) as caught:
            self.load(**files)
        return caught.value.problems


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Configuration:
    monkeypatch.chdir(tmp_path)
    return Configuration(tmp_path)
