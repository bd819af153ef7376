"""One warmed template for all tests of one run, and a scene for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.forked import Template
from tests.faults.scene import Scene


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Template]:
    with Template(tmp_path_factory.mktemp("template")) as template:
        yield template


@pytest.fixture
def scene(tmp_path: Path, template: Template) -> Iterator[Scene]:
    with Scene(tmp_path, template) as scene:
        yield scene
