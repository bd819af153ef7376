"""The locks: every package pinned by hashes, whole, and free of any address."""

import re
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import monitor

ROOT = Path(__file__).parents[2]
RUNTIME = ROOT / "requirements.txt"
DEVELOPMENT = ROOT / "requirements-dev.txt"


def entries(lock: Path) -> dict[str, str]:
    """Give each package's entry, its hashes included, by the package's name."""
    whole = lock.read_text(encoding="utf-8").replace("\\\n", " ")
    return {line.split("==")[0].strip(): line for line in whole.splitlines()}


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def wanted(lock: Path) -> list[str]:
    """Give the requirements that pyproject.toml names for a lock."""
    content = project()
    found = [*content["project"]["dependencies"], *content["dependency-groups"]["build"]]
    return found + content["dependency-groups"]["test"] if lock == DEVELOPMENT else found


@pytest.mark.parametrize("lock", [RUNTIME, DEVELOPMENT], ids=lambda path: path.name)
def test_every_package_is_pinned_to_one_version_with_hashes(lock: Path) -> None:
    pin = re.compile(r"[a-z0-9.-]+==[0-9][0-9a-z.]*( ; [^#]+?)?(\s+--hash=sha256:[0-9a-f]{64})+\s*")
    assert [name for name, entry in entries(lock).items() if not pin.fullmatch(entry)] == []


@pytest.mark.parametrize("lock", [RUNTIME, DEVELOPMENT], ids=lambda path: path.name)
def test_no_lock_names_where_its_packages_come_from(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    assert "//" not in text
    assert re.findall(r"--(?!hash=)\S+", text) == []


@pytest.mark.parametrize("lock", [RUNTIME, DEVELOPMENT], ids=lambda path: path.name)
def test_the_lock_meets_what_pyproject_asks_for(lock: Path) -> None:
    locked = entries(lock)
    for requirement in map(Requirement, wanted(lock)):
        entry = locked[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(entry.split("==")[1].split()[0]), requirement


def test_run_and_test_use_the_same_versions() -> None:
    development = entries(DEVELOPMENT)
    assert {name: development.get(name) for name in entries(RUNTIME)} == entries(RUNTIME)


def test_the_version_is_the_same_wherever_it_is_written() -> None:
    assert monitor.__version__ == project()["project"]["version"] == version("newsmonitor")
