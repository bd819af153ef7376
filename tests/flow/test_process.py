"""The program as people start it, each time in a process of its own, at its own pace."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from click.testing import Result

from tests.channels.receivers import Receiver
from tests.flow.world import Desk, Item, copy_about, rss, write_config

ROOT = Path(__file__).parents[2]
SEEDS = ROOT / "seeds"
QUIET = {"pti-0128-cheese.txt"}
"""Seeds that nothing in the shipped watchlists is in."""
CONTRACT = ["id", "at", "kind", "headline", "article", "url", "watches", "reason", "suppressed", "deliveries"]
LOG = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (debug|info|warning|error) [ -~]*\Z")

Rounds = tuple[Path, subprocess.CompletedProcess[str], Result]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "monitor", *arguments]


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    inherited = {k: v for k, v in os.environ.items() if k not in ("MONITOR_CONFIG", "STATE_DIRECTORY")}
    return subprocess.run(
        command(*arguments),
        cwd=ROOT,
        env={**inherited, **environ},
        capture_output=True,
        text=True,
        timeout=60,
    )


def wait(condition: Callable[[], object], seconds: float = 20) -> None:
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "it did not come about"
        time.sleep(0.01)


# -- the shipped configuration ---------------------------------------------------------------


@pytest.fixture(scope="module")
def rounds(tmp_path_factory: pytest.TempPathFactory) -> Rounds:
    """Two rounds of the shipped configuration, on a state directory that was not there before."""
    state = tmp_path_factory.mktemp("shipped") / "var"
    first = run("run", "--once", "--config", str(ROOT / "config"), STATE_DIRECTORY=str(state))
    return state, first, Desk(ROOT / "config", state).run("run", "--once")


@pytest.fixture
def desk(rounds: Rounds) -> Desk:
    return Desk(ROOT / "config", rounds[0])


def test_the_first_round_prints_one_alert_for_each_seed_that_is_watched_and_the_second_none(
    rounds: Rounds,
) -> None:
    _, first, second = rounds
    assert (first.returncode, second.exit_code, second.stdout) == (0, 0, "")
    printed = first.stdout.strip().split("\n\n")
    paths = [Path(alert.split("\n")[-1].split(" · ")[0]) for alert in printed]
    assert all(path.parent == SEEDS for path in paths)
    assert sorted(path.name for path in paths) == sorted({p.name for p in SEEDS.glob("*.txt")} - QUIET)
    assert len(paths) >= 11
    for stderr in (first.stderr, second.stderr):
        assert [line for line in stderr.splitlines() if not LOG.match(line)] == []
    assert " sent " not in first.stderr  # the alerts themselves say so, on the same terminal


def test_the_defence_ministers_are_told_of_with_the_words_that_prove_it(desk: Desk) -> None:
    (alert,) = [
        a for a in desk.alerts() if a["headline"] == "China, Russia agree to deepen defence cooperation"
    ]
    names = {w["name"]: w["priority"] for w in alert["watches"]}
    people = {
        "Andrey Belousov": "high",
        "Dong Jun": "normal",
        "Zhang Youxia": "high",
        "Donald Trump": "normal",
    }
    topics = {
        "China-Russia military talks",
        "US National Security Strategy",
        "Greenland",
        "US action in Venezuela",
    }
    assert people.items() <= names.items()
    assert topics | {"Defence cooperation", "Asia-Pacific security", "NATO", "TASS"} <= set(names)
    (story,) = desk.lines("why", alert["id"])
    text = (SEEDS / "pti-0127-defence.txt").read_text(encoding="utf-8")
    for match in story["matches"]:
        assert match["mentions"], match["name"]
        assert all(mention["text"] in text for mention in match["mentions"])


def test_alerts_as_json_keep_the_contract(desk: Desk) -> None:
    alerts = desk.alerts()
    assert {tuple(alert) for alert in alerts} == {tuple(CONTRACT)}
    assert {tuple(w) for a in alerts for w in a["watches"]} == {("watch", "name", "priority")}
    assert {tuple(d) for a in alerts for d in a["deliveries"]} == {("channel", "recipient", "state", "at")}
    assert {d["state"] for a in alerts for d in a["deliveries"]} == {"sent"}
    assert len({alert["id"] for alert in alerts}) == len(alerts)


def test_a_round_without_room_on_the_disk_polls_nothing_and_ends_with_1(tmp_path: Path, quick: None) -> None:
    (tmp_path / "drop").mkdir()
    (tmp_path / "drop" / "a.txt").write_text(copy_about("Ada Quillfeather"))
    config = write_config(
        tmp_path / "config",
        sources=f"folders: [{{path: {tmp_path / 'drop'}, alert_backlog: all}}]\n",
        watchlist="actors: [Ada Quillfeather]\n",
    )
    settings = (config / "monitor.yaml").read_text()
    (config / "monitor.yaml").write_text(settings.replace("disk_free: 1 MB", "disk_free: 900000 GB"))
    desk = Desk(config, tmp_path / "state")
    result = desk.run("run", "--once")
    assert result.exit_code == 1
    assert "polls wait" in result.stdout
    assert desk.alerts() == []
    (config / "monitor.yaml").write_text(settings)
    assert desk.run("run", "--once").exit_code == 0
    assert len(desk.told()) == 1


# -- a daemon --------------------------------------------------------------------------------


class Running:
    """`monitor run` at the head of a process group of its own, as a shell starts it."""

    def __init__(self, config: Path, state: Path, place: Path) -> None:
        self.out, self.err = place / "stdout", place / "stderr"
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self.process = subprocess.Popen(
                command("run", "--config", str(config), "--state", str(state)),
                cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True,
            )  # fmt: skip

    def said(self, word: str) -> bool:
        assert self.process.poll() is None, self.err.read_text()
        return word in self.err.read_text()

    def children(self) -> list[int]:
        """Give all processes below it."""
        path = Path(f"/proc/{self.process.pid}/task")
        found: list[int] = []
        for task in path.iterdir():
            with suppress(FileNotFoundError):  # a thread may end meanwhile
                found += map(int, (task / "children").read_text().split())
        return found

    def at_work(self) -> float:
        """Give the seconds that its children worked."""
        stats = [
            Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split() for child in self.children()
        ]
        return sum(int(stat[11]) + int(stat[12]) for stat in stats) / os.sysconf("SC_CLK_TCK")


@contextmanager
def running(config: Path, state: Path, place: Path) -> Iterator[Running]:
    daemon = Running(config, state, place)
    try:
        yield daemon
    finally:
        daemon.process.kill()
        daemon.process.wait()


def test_ctrl_c_reaches_the_whole_group_and_costs_no_file_that_is_being_read(
    tmp_path: Path, receiver: Receiver
) -> None:
    drop, state = tmp_path / "drop", tmp_path / "state"
    drop.mkdir()
    config = write_config(
        tmp_path / "config",
        monitor=f'channels: {{desk: {{url: "json://127.0.0.1:{receiver.port}/"}}}}\ntell: [desk, terminal]\n',
        sources=f"folders: [{{path: {drop}, alert_backlog: all}}]\n",
        watchlist="actors: [Ada Quillfeather]\n",
    )
    (drop / "first.txt.part").write_text(copy_about("Ada Quillfeather", "The first report"))
    large = rss(
        *(Item(f"Report {n}", "No <b>more</b> is known.<p>" * 400, guid=str(n)) for n in range(600)),
        Item("Ada Quillfeather at last", guid="last"),
    )
    (drop / "large.xml.part").write_bytes(large)
    desk = Desk(config, state)
    with running(config, state, tmp_path) as daemon:
        wait(lambda: daemon.said(" info running "))
        (drop / "first.txt.part").rename(drop / "first.txt")
        wait(lambda: receiver.got)
        other = desk.run("run", "--once")
        assert (other.exit_code, other.stdout) == (3, "")
        assert "another instance" in other.stderr
        before = daemon.at_work()
        (drop / "large.xml.part").rename(drop / "large.xml")
        wait(lambda: daemon.at_work() > before + 0.1)
        began = time.monotonic()
        os.killpg(daemon.process.pid, signal.SIGINT)
        assert daemon.process.wait(25) == 0, daemon.err.read_text()
        assert time.monotonic() - began < 20
    assert [s["health"] for s in desk.lines("sources")] == ["ok"]
    assert desk.run("run", "--once").exit_code == 0
    assert sorted(got.json()["title"] for got in receiver.got) == [
        "Ada Quillfeather at last",
        "The first report",
    ]
    assert [line for line in daemon.err.read_text().splitlines() if not LOG.match(line)] == []
    printed = daemon.out.read_text()
    assert "The first report\n" in printed
    assert not re.search(r"^\d{4}-\d\d-\d\dT", printed, re.MULTILINE)
