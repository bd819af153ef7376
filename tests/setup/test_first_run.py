"""The check of .ci/run: it passes what two good runs leave, and names each thing that is wrong."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TOOL = Path(__file__).parents[2] / ".ci" / "check_first_run.py"


def alert(name: str = "k7f3", *names: str, state: str = "sent", suppressed: bool = False) -> dict[str, Any]:
    return {
        "id": name,
        "suppressed": suppressed,
        "watches": [{"watch": name.casefold(), "name": name, "priority": "normal"} for name in names],
        "deliveries": [] if suppressed else [{"channel": "terminal", "state": state}],
    }


TALKS = alert("k7f3", "Dong Jun", "Andrey Belousov")
OTHER = alert("m2p9", "Greenland")
OLD = alert("zz11", suppressed=True)


def check(
    folder: Path,
    alerts: list[dict[str, Any]],
    *,
    first: str = "k7f3 m2p9",
    second: str = "",
    again: list[dict[str, Any]] | None = None,
) -> tuple[int, str, str]:
    def write(name: str, lines: list[dict[str, Any]]) -> None:
        (folder / name).write_text("".join(json.dumps(line) + "\n" for line in lines))

    write("alerts", alerts)
    write("alerts-again", alerts if again is None else again)
    (folder / "first").write_text(first)
    (folder / "second").write_text(second)
    seeds = folder / "seeds"
    seeds.mkdir()
    for name in ("talks", "greenland", "cheese"):
        (seeds / f"{name}.txt").touch()
    done = subprocess.run(
        [sys.executable, TOOL, seeds, folder], capture_output=True, text=True, timeout=20, check=False
    )
    return done.returncode, done.stdout, done.stderr


def test_a_good_first_and_second_run_pass(tmp_path: Path) -> None:
    assert check(tmp_path, [TALKS, OTHER, OLD]) == (0, "6 passed, 0 failed\n", "")


@pytest.mark.parametrize(
    ("alerts", "changes", "words"),
    [
        ([TALKS], {}, "each of 3 samples but the one on cheese gives an alert"),
        ([TALKS, OLD], {}, "each of 3 samples but the one on cheese gives an alert"),
        ([OTHER], {}, "the talks of Dong Jun and Andrey Belousov"),
        (
            [TALKS, alert("m2p9", "Greenland", state="owed")],
            {},
            "every delivery is sent (states: ['owed', 'sent'])",
        ),
        ([TALKS, {**OTHER, "deliveries": []}], {}, "states: ['no delivery', 'sent']"),
        ([TALKS, OTHER], {"first": "k7f3"}, "every alert was printed"),
        ([TALKS, OTHER], {"second": "k7f3"}, "the second run printed no alert"),
        ([TALKS], {"again": [TALKS, OTHER]}, "the second run made no alert"),
    ],
)
def test_what_is_wrong_is_named(
    tmp_path: Path, alerts: list[dict[str, Any]], changes: dict[str, Any], words: str
) -> None:
    code, output, errors = check(tmp_path, alerts, **changes)
    assert code == 1
    assert words in errors
    assert not output.endswith(" 0 failed\n")
