"""The layers of pyproject.toml on a small package of the same rooms: each breaks when it should."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = (
    "__init__",
    "config/__init__",
    "core/__init__",
    "core/decide",
    "core/formats/__init__",
    "core/formats/feed",
    "errors",
    "model",
    "ports",
    "sources/__init__",
    "store/__init__",
)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package of that name under the project's own contracts."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for name in MODULES:
        path = tmp_path / "monitor" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "monitor/core/formats/feed.py").write_text("import feedparser\n")
    return tmp_path / "monitor"


def lint(package: Path) -> tuple[int, str]:
    # The tool looks for the package in the directory that it is started in.
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=package.parent,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return done.returncode, done.stdout


def test_the_rooms_as_they_are_meant_to_be_keep_every_contract(package: Path) -> None:
    code, report = lint(package)
    assert (code, report.count(" KEPT")) == (0, 3)


@pytest.mark.parametrize(
    ("module", "imported", "broken"),
    [
        ("sources/__init__", "monitor.store", "monitor.sources is not allowed to import monitor.store"),
        ("config/__init__", "monitor.ports", "monitor.config is not allowed to import monitor.ports"),
        ("core/decide", "monitor.store", "monitor.core is not allowed to import monitor.store"),
        ("model", "monitor.core", "monitor.model is not allowed to import monitor.core"),
        ("core/decide", "time", "monitor.core is not allowed to import time"),
        ("core/decide", "sqlite3", "monitor.core is not allowed to import sqlite3"),
        ("core/decide", "feedparser", "monitor is not allowed to import feedparser"),
        ("stray", "monitor.model", "monitor.stray"),
    ],
)
def test_a_forbidden_import_breaks_a_contract(package: Path, module: str, imported: str, broken: str) -> None:
    (package / f"{module}.py").write_text(f"import {imported}\n")
    code, report = lint(package)
    assert code == 1
    assert broken in report


def test_what_the_core_imports_may_not_log_for_it_either(package: Path) -> None:
    (package / "core/decide.py").write_text("import monitor.model\n")
    (package / "model.py").write_text("import logging\n")
    code, report = lint(package)
    assert code == 1
    assert "monitor.core is not allowed to import logging" in report


@pytest.mark.parametrize(
    "call", ["datetime.datetime.now()", "time.time()", "time.monotonic()", "datetime.date.today()"]
)
def test_reading_a_clock_is_an_error_except_where_the_clock_enters(package: Path, call: str) -> None:
    code = f"import datetime\nimport time\n\nprint(datetime, time, {call})\n"
    for name in ("core/decide", "app", "daemon", "cli"):
        (package / f"{name}.py").write_text(code)
    done = subprocess.run(
        [
            Path(sys.executable).with_name("ruff"),
            "check",
            "--no-cache",
            "--select",
            "TID251",
            "--output-format",
            "concise",
            ".",
        ],
        cwd=package.parent,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert [line.split(":")[0] for line in done.stdout.splitlines() if "TID251" in line] == [
        "monitor/core/decide.py"
    ]
