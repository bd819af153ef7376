"""Files that are opened with nothing put in their way."""

import errno
import os
from pathlib import Path

import pytest

from monitor.sources.opened import being_written, open_folder, open_regular, read_all


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A file that nobody may be led to."""
    path = tmp_path / "outside" / "a.txt"
    path.parent.mkdir()
    path.write_text("secret")
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    path = tmp_path / "wire"
    path.mkdir()
    return path


def read(root: Path, *names: str) -> bytes:
    with open_folder(root) as opened, open_regular(opened, names) as descriptor:
        return read_all(descriptor, 100)


def test_a_file_is_read_by_its_way_down(root: Path) -> None:
    (root / "sub").mkdir()
    (root / "sub" / "a.txt").write_text("news")
    assert read(root, "sub", "a.txt") == b"news"


def test_a_link_is_not_followed(root: Path, outside: Path) -> None:
    (root / "a.txt").symlink_to(outside)
    with pytest.raises(OSError) as refused:
        read(root, "a.txt")
    assert refused.value.errno == errno.ELOOP


def test_a_link_on_the_way_is_not_followed(root: Path, outside: Path) -> None:
    (root / "sub").symlink_to(outside.parent)
    with pytest.raises(OSError) as refused:
        read(root, "sub", "a.txt")
    assert refused.value.errno in (errno.ELOOP, errno.ENOTDIR)


def test_a_pipe_is_neither_waited_for_nor_read(root: Path) -> None:
    os.mkfifo(root / "a.txt")
    with pytest.raises(FileNotFoundError):
        read(root, "a.txt")


def test_no_more_is_read_than_tells_that_a_file_has_grown(root: Path) -> None:
    (root / "a.txt").write_text("news and more")
    with open_folder(root) as opened, open_regular(opened, ["a.txt"]) as descriptor:
        assert read_all(descriptor, 4) == b"news "


def test_a_writer_is_noticed_until_he_closes(root: Path) -> None:
    path = root / "a.txt"
    with path.open("w"), path.open("rb") as reader:
        assert being_written(reader.fileno())
    with path.open("rb") as reader:
        assert not being_written(reader.fileno())


def test_no_descriptor_stays_open(root: Path) -> None:
    (root / "a.txt").write_text("news")
    before = os.listdir("/proc/self/fd")
    for name in ("a.txt", "nothing"):
        for _ in range(5):
            try:
                read(root, name)
            except OSError:
                continue
    assert os.listdir("/proc/self/fd") == before
