"""When a saved configuration counts as saved."""

import os
from pathlib import Path

import pytest

from monitor.config.places import files as files_of
from monitor.config.problems import Files
from monitor.config.text import stamp_of
from monitor.daemon.reload import ConfigWatch


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "watchlists").mkdir()
    (tmp_path / "monitor.yaml").write_text("timezone: UTC\n")
    (tmp_path / "watchlists" / "people.yaml").write_text("actors: [Dong Jun]\n")
    return tmp_path


def as_read(folder: Path, *more: Path) -> Files:
    """The files as a reading of them finds them now."""
    return tuple((path, stamp_of(path)) for path in (*files_of(folder), *more))


def watch(folder: Path, *more: Path) -> ConfigWatch:
    return ConfigWatch(folder, as_read(folder, *more))


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
    files = as_read(folder)
    (folder / "monitor.yaml").write_text("timezone: Europe/Berlin\n")
    watching.take(files)
    assert looks(watching, 2)[-1]


@pytest.mark.parametrize(
    "save",
    [
        lambda f: (f / "watchlists" / "people.yaml").write_text("actors: [NATO]\n"),
        lambda f: (f / "watchlists" / "more.yaml").write_text("actors: [NATO]\n"),
        lambda f: (f / "names.csv").write_text("name\nNATO\n"),
    ],
    ids=["a file", "a new file", "a list elsewhere"],
)
def test_what_is_saved_between_reading_and_the_first_look_is_a_change(folder: Path, save) -> None:  # type: ignore[no-untyped-def]
    (folder / "names.csv").write_text("name\nA\n")
    files = as_read(folder, folder / "names.csv")
    save(folder)
    assert looks(ConfigWatch(folder, files), 1) == [True]


def test_a_list_elsewhere_is_watched_once_the_configuration_names_it(folder: Path, tmp_path: Path) -> None:
    long_list = tmp_path / "elsewhere.tsv"
    long_list.write_text("name\nA\n")
    watching = watch(folder)
    watching.take(as_read(folder, long_list))
    assert looks(watching, 2) == [False, False]
    long_list.write_text("name\nA\nB\n")
    assert looks(watching, 2) == [False, True]


def test_a_file_that_was_missed_is_a_change_once_it_is_made(folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "token.txt"
    watching = watch(folder, secret)
    assert looks(watching, 2) == [False, False]
    secret.write_text("x")
    assert looks(watching, 2) == [False, True]


def test_a_file_that_may_be_read_now_is_a_change(folder: Path) -> None:
    watching = watch(folder)
    (folder / "monitor.yaml").chmod(0o600)
    assert looks(watching, 2) == [False, True]


def test_what_could_not_be_taken_up_is_not_tried_again_until_it_is_saved_again(folder: Path) -> None:
    watching = watch(folder)
    (folder / "monitor.yaml").write_text("timezone: Asia/Kolkata\n")
    assert looks(watching, 2) == [False, True]
    watching.take()
    assert looks(watching) == [False, False, False]
    (folder / "monitor.yaml").write_text("timezone: UTC\n")
    assert looks(watching, 2) == [False, True]
