"""When a saved configuration counts as saved."""

import os
from pathlib import Path

import pytest

from monitor.daemon.reload import ConfigWatch


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "watchlists").mkdir()
    (tmp_path / "monitor.yaml").write_text("timezone: UTC\n")
    (tmp_path / "watchlists" / "people.yaml").write_text("actors: [Dong Jun]\n")
    return tmp_path


def watch(folder: Path, *more: Path) -> ConfigWatch:
    return ConfigWatch(folder, [folder / "monitor.yaml", *more])


def looks(watching: ConfigWatch, times: int = 3) -> list[bool]:
    return [watching.changed() for _ in range(times)]


def test_files_at_rest_are_no_change(folder: Path) -> None:
    assert looks(watch(folder)) == [False, False, False]


def test_a_saved_file_counts_at_the_second_look(folder: Path) -> None:
    watching = watch(folder)
    (folder / "monitor.yaml").write_text("timezone: Asia/Kolkata\n")
    assert looks(watching, 2) == [False, True]
    watching.take()
    assert looks(watching) == [False, False, False]


def test_a_file_being_written_counts_when_it_has_come_to_rest(folder: Path) -> None:
    watching = watch(folder)
    for length in range(3):
        (folder / "monitor.yaml").write_text("timezone: UTC\n" + "#" * (length + 1))
        assert not watching.changed()
    assert watching.changed()


@pytest.mark.parametrize(
    "change",
    [
        lambda f: (f / "watchlists" / "more.yaml").write_text("actors: [NATO]\n"),
        lambda f: (f / "watchlists" / "people.yaml").unlink(),
        lambda f: (f / "watchlists" / "people.yaml").rename(f / "watchlists" / "persons.yaml"),
        lambda f: os.replace(f / "monitor.yaml", f / "watchlists" / "people.yaml"),
    ],
    ids=["a new watchlist", "a watchlist gone", "a watchlist renamed", "a file replaced"],
)
def test_files_that_come_and_go_count(folder: Path, change) -> None:  # type: ignore[no-untyped-def]
    watching = watch(folder)
    change(folder)
    assert looks(watching, 2) == [False, True]


def test_an_editors_own_files_do_not_count(folder: Path) -> None:
    watching = watch(folder)
    for name in (".people.yaml.swp", "people.yaml~", "4913", ".#people.yaml"):
        (folder / "watchlists" / name).write_text("x")
    assert looks(watching) == [False, False, False]


def test_what_is_saved_while_it_is_being_read_is_a_change_again(folder: Path) -> None:
    watching = watch(folder)
    (folder / "monitor.yaml").write_text("timezone: Asia/Kolkata\n")
    assert looks(watching, 2) == [False, True]
    (folder / "monitor.yaml").write_text("timezone: Europe/Berlin\n")
    watching.take([folder / "monitor.yaml"])
    assert looks(watching, 2)[-1]


def test_a_list_elsewhere_is_watched_once_the_configuration_names_it(folder: Path, tmp_path: Path) -> None:
    long_list = tmp_path / "elsewhere.tsv"
    long_list.write_text("name\nA\n")
    watching = watch(folder)
    watching.take([folder / "monitor.yaml", long_list])
    assert looks(watching, 2) == [False, False]
    long_list.write_text("name\nA\nB\n")
    assert looks(watching, 2) == [False, True]
