"""parse and match: files in, one line an article or match out, whatever the files are."""

from __future__ import annotations

import hashlib
import io
import json
import os
import sys
from pathlib import Path

import pytest

from monitor.cli import documents, files
from monitor.model import Document, Hints, Refused
from tests.cli.conftest import Run, objects
from tests.store.making import NOON

COPY = """CHINA-RUSSIA
By A Reporter

Beijing, Jan 27 (PTI) Defence ministers Dong Jun and Andrey Belousov spoke by video on Tuesday.

They agreed to go on, a ministry said. PTI AB CD
"""
FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>N</title>
<item><guid>urn:1</guid><title>First talks</title><description>Belousov spoke.</description></item>
<item><guid>urn:2</guid><title>Second talks</title><description>Nobody spoke.</description></item>
</channel></rss>"""
WATCHLIST = """actors:
  - name: Andrey Belousov
    id: belousov
    kind: person
    also: [BELOUSOV]
  - Dong Jun
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with wire copy, a feed and a watchlist."""
    (tmp_path / "a.txt").write_text(COPY, encoding="utf-8")
    (tmp_path / "feed.xml").write_text(FEED, encoding="utf-8")
    (tmp_path / "mine.yaml").write_text(WATCHLIST, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


# -- parse -----------------------------------------------------------------------------------


def test_parse_prints_a_line_for_each_article_in_the_order_of_arguments_and_document(
    run: Run, here: Path
) -> None:
    result = run("parse", "--json", "feed.xml", "./a.txt", "feed.xml")
    assert (result.exit_code, result.stderr) == (0, "")
    found = [(o["file"], o["format"], o["id"]) for o in objects(result)]
    feed = [("feed.xml", "rss", "urn:1"), ("feed.xml", "rss", "urn:2")]
    assert found == [*feed, ("./a.txt", "plain", None), *feed]


def test_zones_are_slices_of_the_text(run: Run, here: Path) -> None:
    (piece,) = objects(run("parse", "--json", "a.txt"))
    text, spans = str(piece["text"]), piece["zones"]
    assert isinstance(spans, list)
    zones = {s["zone"]: text[s["start"] : s["end"]] for s in spans}
    assert zones["slug"] == "CHINA-RUSSIA"
    assert zones["lead"].startswith("Defence ministers")
    assert (piece["place"], piece["agency"]) == ("Beijing", "PTI")
    assert str(piece["body"]).startswith(zones["lead"])


def test_what_is_known_of_the_files_is_handed_on(run: Run, here: Path) -> None:
    (here / "old.txt").write_bytes(
        "Talks\n\nMoscow – “more” to come, said a spokesman today.".encode("windows-1252")
    )
    (piece,) = objects(run("parse", "--json", "--encoding", "windows-1252", "--agency", "TASS", "old.txt"))
    assert "– “more”" in str(piece["text"])
    assert piece["agency"] == "TASS"


def test_standard_input_is_named_by_a_hyphen(run: Run, here: Path) -> None:
    (piece,) = objects(run("parse", "--json", "-", stdin=COPY.encode()))
    assert (piece["file"], piece["agency"]) == ("-", "PTI")


def test_a_refused_file_is_named_with_its_reason_and_the_rest_go_on(run: Run, here: Path) -> None:
    os.mkfifo(here / "pipe")
    (here / "folder").mkdir()
    result = run("parse", "--json", "absent", "pipe", "folder", "a.txt")
    assert result.exit_code == 1
    assert [o["file"] for o in objects(result)] == ["a.txt"]
    assert result.stderr.splitlines() == [
        "absent: No such file or directory",
        "pipe: is no regular file: to read a pipe, send it to standard input and name it -",
        "folder: is a folder: name the files in it, such as folder/*",
    ]


def test_a_file_that_cannot_be_read_as_text_is_refused(run: Run, here: Path) -> None:
    (here / "image.jpg").write_bytes(bytes(range(256)) * 40)
    result = run("parse", "--json", "image.jpg", "a.txt")
    assert result.exit_code == 1
    assert result.stderr.startswith("image.jpg: ")
    assert len(objects(result)) == 1


def test_a_document_without_news_text_prints_nothing_and_is_no_error(run: Run, here: Path) -> None:
    (here / "none.xml").write_text('<rss version="2.0"><channel><title>N</title></channel></rss>', "utf-8")
    result = run("parse", "--json", "none.xml")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")


def test_a_name_that_is_hostile_is_shown_safely_and_printed_as_given(run: Run, here: Path) -> None:
    name = os.fsdecode(b"evil\x1b[2J\n\xff.txt")
    result = run("parse", "--json", name)
    assert result.stderr == "evil␛[2J �.txt: No such file or directory\n"
    (here / name).write_text(COPY, encoding="utf-8")
    (piece,) = objects(run("parse", "--json", name))
    assert piece["file"] == name


def test_parse_needs_no_configuration_and_no_state(
    run: Run, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MONITOR_CONFIG", "/nowhere")
    monkeypatch.setenv("STATE_DIRECTORY", "/nowhere")
    assert run("parse", "--json", "a.txt").exit_code == 0


@pytest.mark.parametrize(
    "arguments",
    [["parse"], ["parse", "--encoding", "hex", "a.txt"], ["parse", "--encoding", "utf8x", "a.txt"],
     ["parse", "--timezone", "Mars/Base", "a.txt"], ["match", "a.txt"], ["match", "--watchlist", "mine.yaml"]],
)  # fmt: skip
def test_usage_ends_with_2_and_nothing_is_read(run: Run, here: Path, arguments: list[str]) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")


def test_people_see_zones_by_name_within_80_columns(run: Run, here: Path) -> None:
    result = run("parse", "a.txt")
    assert result.exit_code == 0
    lines = [line.rstrip() for line in result.stdout.splitlines()]
    assert lines[0] == "a.txt  plain"
    assert "byline         By A Reporter" in lines
    assert "dateline       Beijing, Jan 27 (PTI)" in lines
    assert any(line.startswith("lead           Defence ministers Dong Jun") for line in lines)
    assert max(map(len, lines)) <= 80


def test_hostile_copy_reaches_no_terminal_raw(run: Run, here: Path) -> None:
    bad = COPY.replace("They agreed", "[red]They[/red] \x1b]8;;http://evil.example\x07agreed \u202e\x9b2J")
    (here / "bad.txt").write_text(bad, encoding="utf-8")
    result = run("parse", "bad.txt")
    assert "[red]They[/red]" in result.stdout
    for raw in "\x1b\x07\x9b\u202e":
        assert raw not in result.stdout


# -- match -----------------------------------------------------------------------------------


def test_match_prints_a_line_for_each_article_and_watch(run: Run, here: Path) -> None:
    result = run("match", "--watchlist", "mine.yaml", "--json", "a.txt", "feed.xml")
    assert (result.exit_code, result.stderr) == (0, "")
    found = objects(result)
    assert [(o["file"], o["watch"], o["kind"]) for o in found] == [
        ("a.txt", "belousov", "person"),
        ("a.txt", "dong-jun", "other"),
        ("feed.xml", "belousov", "person"),
    ]
    assert [o["article"] for o in found][2] == "urn:1"
    (piece, *_) = objects(run("parse", "--json", "a.txt"))
    text = str(piece["text"])
    assert found[0]["article"] == "sha256:" + hashlib.sha256(text.encode()).hexdigest()
    (mention,) = found[0]["mentions"]  # type: ignore[misc]
    assert text[mention["start"] : mention["end"]] == mention["text"] == "Andrey Belousov"


def test_a_term_is_in_the_users_own_spelling(run: Run, here: Path) -> None:
    found = objects(run("match", "--watchlist", "mine.yaml", "--json", "feed.xml"))
    (mention,) = found[0]["mentions"]  # type: ignore[misc]
    assert (mention["text"], mention["term"]) == ("Belousov", "BELOUSOV")


def test_files_that_nothing_matches_in_are_no_error(run: Run, here: Path) -> None:
    (here / "none.txt").write_text(
        "Harvest begins\n\nDelhi, Jan 27 (PTI) Farmers began the harvest.", "utf-8"
    )
    result = run("match", "--watchlist", "mine.yaml", "--json", "none.txt")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")


def test_a_bad_watchlist_is_told_by_line_before_any_file_is_read(run: Run, here: Path) -> None:
    (here / "bad.yaml").write_text("actors:\n  - name: Dong Jun\n    alos: [Dong]\n", encoding="utf-8")
    result = run("match", "--watchlist", "bad.yaml", "--json", "absent.txt")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "bad.yaml:3:5: " in result.stderr
    assert "`also`" in result.stderr
    assert "absent.txt" not in result.stderr


def test_a_watchlist_that_is_not_there_ends_with_2(run: Run, here: Path) -> None:
    result = run("match", "--watchlist", "absent.yaml", "a.txt")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "absent.yaml" in result.stderr


def test_match_warns_of_terms_that_were_likely_meant_otherwise(run: Run, here: Path) -> None:
    (here / "odd.yaml").write_text("actors:\n  - Andrey Belousov\n  - Belo*\n", encoding="utf-8")
    result = run("match", "--watchlist", "odd.yaml", "--json", "a.txt")
    assert (result.exit_code, len(objects(result))) == (0, 1)
    assert result.stderr.startswith("warning: odd.yaml:3: `Belo*` is looked for with its *")


def test_match_goes_on_after_a_refused_file(run: Run, here: Path) -> None:
    result = run("match", "--watchlist", "mine.yaml", "--json", "absent.txt", "a.txt")
    assert result.exit_code == 1
    assert len(objects(result)) == 2
    assert result.stderr == "absent.txt: No such file or directory\n"


def test_people_see_the_words_that_prove_a_match(run: Run, here: Path) -> None:
    result = run("match", "--watchlist", "mine.yaml", "a.txt")
    assert "Andrey Belousov person · mine.yaml:2" in result.stdout
    assert "ministers Dong Jun and Andrey Belousov spoke" in " ".join(result.stdout.split())
    assert max(map(len, result.stdout.splitlines())) <= 80


# -- while one waits -------------------------------------------------------------------------


class Stream(io.StringIO):
    """A stream that is a terminal, or is not."""

    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


@pytest.mark.parametrize(
    ("err", "out", "count", "shown"),
    [(True, False, 2, True), (True, True, 2, False), (False, False, 2, False), (True, False, 1, False)],
)
def test_a_bar_is_shown_only_to_a_person_whose_output_goes_elsewhere(
    monkeypatch: pytest.MonkeyPatch, err: bool, out: bool, count: int, shown: bool
) -> None:
    stream = Stream(err)
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(sys, "stdout", Stream(out))
    with documents._progress(["a"] * count) as done:
        for _ in range(count):
            done()
    assert ("2/2" in stream.getvalue()) == shown


# -- reading a file --------------------------------------------------------------------------


def test_a_file_becomes_a_document_dated_by_its_change(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"news")
    os.utime(path, (0, 1_000_000_000))
    found = files.read_document(str(path), Hints(agency="PTI"), NOON)
    assert isinstance(found, Document)
    assert (found.location, found.received_at, found.content) == (str(path), NOON, b"news")
    assert found.arrived_at.isoformat() == "2001-09-09T01:46:40+00:00"
    assert found.content_hash == hashlib.sha256(b"news").hexdigest()
    assert found.hints.agency == "PTI"


def test_a_file_that_is_too_large_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(files.MOST + 1)
    found = files.read_document(str(path), Hints(), NOON)
    assert isinstance(found, Refused)
    assert "50,000,000 bytes" in found.reason
    with path.open("wb") as file:
        file.truncate(files.MOST)
    assert isinstance(files.read_document(str(path), Hints(), NOON), Document)


@pytest.mark.parametrize("seconds", [2**62, -(2**40)])
def test_a_change_time_that_is_no_time_harms_nothing(seconds: int) -> None:
    assert files._changed(seconds).year == 1970 or seconds < 0


def test_a_file_behind_a_link_is_read_since_its_user_named_it(run: Run, here: Path) -> None:
    (here / "link.txt").symlink_to("a.txt")
    (piece,) = objects(run("parse", "--json", "link.txt"))
    assert piece["file"] == "link.txt"


def test_json_lines_are_utf_8_and_unescaped(run: Run, here: Path) -> None:
    (here / "ru.txt").write_text(
        "Белоусов\n\nМосква, 27 янв (ТАСС). Андрей Белоусов выступил.", encoding="utf-8"
    )
    line = run("parse", "--json", "ru.txt").stdout_bytes
    assert "Андрей Белоусов".encode() in line
    assert json.loads(line)["file"] == "ru.txt"
