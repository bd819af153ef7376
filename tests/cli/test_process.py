"""The program as it is started: what it loads, how it ends, whatever the login's settings are."""

from __future__ import annotations

import array
import fcntl
import json
import os
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import IO

import pytest

ROOT = Path(__file__).parents[2]
# As ./run starts it, but for the path: these tests need no installation.
START = f"import sys; sys.path.insert(0, {str(ROOT)!r}); sys.argv[0] = 'monitor'; from monitor.cli import main; main()"
HEED_CTRL_C = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
"""A shell has what it runs in the background ignore Ctrl-C, these tests too."""
SHOW = START.replace(
    "; main()", "; import atexit; atexit.register(lambda: print(*sys.modules, file=sys.stderr)); main()"
)
COPY = "Talks\n\nMoscow, Jan 27 (PTI) Andrey Belousov spoke – by video.\n"


def start(*arguments: str, code: str = START, **environment: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-I", "-c", code, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PATH": os.environ["PATH"], **environment},
    )


def loaded(*arguments: str) -> set[str]:
    """Give the modules that a command loads."""
    process = start(*arguments, code=SHOW)
    _, err = process.communicate(timeout=30)
    return set(err.decode().splitlines()[-1].split())


def test_help_loads_no_room() -> None:
    modules = loaded("--help")
    rooms = {m for m in modules if m.startswith("monitor.")}
    assert rooms <= {"monitor.cli", "monitor.cli.root", "monitor.cli.place", "monitor.errors"}
    assert not {"rich", "pydantic", "aiohttp", "apprise", "sqlite3", "asyncio"} & modules


def test_help_of_run_loads_no_room() -> None:
    assert "monitor.daemon" not in loaded("run", "--help")


def test_json_is_printed_without_what_only_people_need(filled: Path) -> None:
    modules = loaded("alerts", "--json", "--state", str(filled))
    assert "monitor.store" in modules
    assert not {"rich", "aiohttp", "apprise", "feedparser", "monitor.app"} & modules


def test_parse_loads_neither_store_nor_network(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(COPY, encoding="utf-8")
    modules = loaded("parse", "--json", str(tmp_path / "a.txt"))
    assert "monitor.sandbox.pool" in modules
    assert not {"rich", "aiohttp", "apprise", "monitor.store", "monitor.app"} & modules


def test_json_is_utf_8_in_a_login_without_a_locale(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(COPY, encoding="utf-8")
    process = start("parse", "--json", str(path), LC_ALL="C", PYTHONCOERCECLOCALE="0")
    out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, b"")
    assert "spoke – by video".encode() in out
    assert json.loads(out)["agency"] == "PTI"


def test_people_are_shown_utf_8_in_a_login_without_a_locale(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(COPY, encoding="utf-8")
    out, _ = start("parse", str(tmp_path / "a.txt"), LC_ALL="C", PYTHONCOERCECLOCALE="0").communicate(
        timeout=30
    )
    assert "– by".encode() in out


def test_a_reader_that_goes_away_is_no_error_worth_words(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(COPY + "\n\nMore of it.\n" * 20_000, encoding="utf-8")
    with start("parse", "--json", *[str(path)] * 8) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        err = process.stderr.read()
        assert (process.wait(timeout=30), err) == (141, b"")


@pytest.mark.parametrize("command", [("--help",), ("alerts",), ("alerts", "--json")])
def test_output_that_finds_no_room_ends_with_1_and_says_why(filled: Path, command: tuple[str, ...]) -> None:
    call = [sys.executable, "-I", "-c", START, *command, "--state", str(filled)]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(call, stdout=full, stderr=subprocess.PIPE, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (1, b"monitor: No space left on device\n")


def test_closed_streams_are_no_trouble_and_no_file_takes_their_place(place: tuple[str, ...]) -> None:
    call = [sys.executable, "-I", "-c", START, "run", "--once", *place]
    shell = ["sh", "-c", '"$@" <&- >&- 2>&-', "sh", *call]
    assert subprocess.run(shell, timeout=50, check=False).returncode == 0
    (alert,) = map(json.loads, end(start("alerts", "--json", *place))[1].splitlines())
    assert [d["state"] for d in alert["deliveries"]] == ["sent"]


def test_ctrl_c_ends_quietly_with_130(tmp_path: Path) -> None:
    # Standard input that never ends keeps it reading.
    process = subprocess.Popen(
        [sys.executable, "-I", "-c", HEED_CTRL_C + START, "parse", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert process.stdin is not None
        process.stdin.write(b"T")
        process.stdin.flush()
        deadline = time.monotonic() + 20
        while _unread(process.stdin):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
        assert (process.returncode, err) == (130, b"")
    finally:
        process.kill()


def _unread(pipe: IO[bytes]) -> bool:
    """Whether what was written to a pipe is still in it."""
    waiting = array.array("i", [0])
    fcntl.ioctl(pipe, termios.FIONREAD, waiting)
    return waiting[0] > 0


# -- completion ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("monitor al", ["plain,alerts"]),
        ("monitor alerts --su", ["plain,--suppressed"]),
        ("monitor completion z", ["plain,zsh"]),
    ],
)
def test_a_shell_is_told_how_a_word_may_end(words: str, wanted: list[str]) -> None:
    count = str(len(words.split()) - 1)
    process = start(_MONITOR_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=count)
    out, err = process.communicate(timeout=30)
    assert (out.decode().splitlines(), err) == (wanted, b"")


# -- run -------------------------------------------------------------------------------------


@pytest.fixture
def place(tmp_path: Path) -> tuple[str, ...]:
    """A configuration that watches one folder with one piece in it, and an empty state directory."""
    config, wire = tmp_path / "config", tmp_path / "wire"
    (config / "watchlists").mkdir(parents=True)
    wire.mkdir()
    (wire / "a.txt").write_text(COPY, encoding="utf-8")
    (config / "monitor.yaml").write_text("tell: [terminal]\n", encoding="utf-8")
    (config / "sources.yaml").write_text("folders: [{path: ../wire, alert_backlog: all}]\n", encoding="utf-8")
    (config / "watchlists" / "mine.yaml").write_text("actors: [Andrey Belousov]\n", encoding="utf-8")
    return ("--config", str(config), "--state", str(tmp_path / "state"))


def end(process: subprocess.Popen[bytes]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=50)
    return process.returncode, out.decode(), err.decode()


def test_one_round_prints_alerts_on_stdout_and_none_the_second_time(place: tuple[str, ...]) -> None:
    code, out, err = end(start("run", "--once", *place))
    assert code == 0, err
    (alert,) = map(json.loads, end(start("alerts", "--json", *place))[1].splitlines())
    assert [d["state"] for d in alert["deliveries"]] == ["sent"]
    assert f"monitor why {alert['id']}" in out
    assert end(start("run", "--once", *place))[:2] == (0, "")


def test_a_round_says_what_is_worth_a_second_look_but_not_to_those_who_want_quiet(
    place: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "config" / "watchlists" / "mine.yaml").write_text("actors: [Belo*]\n", encoding="utf-8")
    assert "mine.yaml:1: `Belo*` is looked for" in end(start("run", "--once", *place))[2]
    assert end(start("run", "--once", "--quiet", *place)) == (0, "", "")


def test_a_round_with_a_source_that_fails_ends_with_1(place: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "wire" / "a.txt").unlink()
    (tmp_path / "wire").rmdir()
    code, out, err = end(start("run", "--once", "--quiet", *place))
    assert (code, out) == (1, "")
    assert err


@pytest.mark.parametrize("once", [["--once"], []])
def test_mistakes_in_the_configuration_end_with_2(
    place: tuple[str, ...], tmp_path: Path, once: list[str]
) -> None:
    (tmp_path / "config" / "watchlists" / "mine.yaml").write_text("actors:\n  - nmae: A\n", encoding="utf-8")
    code, out, err = end(start("run", *once, *place))
    assert (code, out) == (2, "")
    assert "mine.yaml:2:5: " in err


@pytest.mark.parametrize("once", [["--once"], []])
def test_a_second_instance_ends_with_3(place: tuple[str, ...], once: list[str]) -> None:
    from monitor.store import InstanceLock

    with InstanceLock(Path(place[3]) / "monitor.db"):
        code, out, err = end(start("run", *once, *place))
    assert (code, out) == (3, "")
    assert "another instance" in err


def test_retry_takes_the_store_itself_where_no_daemon_runs(place: tuple[str, ...]) -> None:
    assert end(start("run", "--once", *place))[0] == 0
    code, out, err = end(start("deliveries", "--retry", *place))
    assert (code, out, err) == (0, "", "0 deliveries are due now.\n")
