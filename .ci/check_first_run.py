"""Checks what two runs of the main job on the shipped configuration left: for .ci/run.

Takes the folder of sample copy, and one with `first` and `second` (what the runs printed), `alerts` and
`alerts-again` (`alerts --json` after each). Prints each check that failed on stderr, and last how many passed
and failed; exits 1 where one failed.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

Alert = dict[str, object]


def read(path: Path) -> list[Alert]:
    """Read JSON lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def names(alert: Alert) -> set[str]:
    """Give the names of the watches that an alert is for."""
    watches = alert["watches"]
    assert isinstance(watches, list)
    return {watch["name"] for watch in watches}


def states(alerts: list[Alert]) -> set[str]:
    """Give every state that a delivery of these is in."""
    found: set[str] = set()
    for alert in alerts:
        deliveries = alert["deliveries"]
        assert isinstance(deliveries, list)
        found |= {delivery["state"] for delivery in deliveries} or {"no delivery"}
    return found


def checks(seeds: Path, work: Path) -> Iterator[tuple[str, bool]]:
    """Give what must hold, in words, and whether it does."""
    alerts, again = read(work / "alerts"), read(work / "alerts-again")
    told = [alert for alert in alerts if not alert["suppressed"]]
    first = (work / "first").read_text(encoding="utf-8")
    talks = [alert for alert in told if {"Dong Jun", "Andrey Belousov"} <= names(alert)]
    samples = len(list(seeds.glob("*.txt")))
    yield f"each of {samples} samples but the one on cheese gives an alert", len(told) == samples - 1
    yield f"every delivery is sent (states: {sorted(states(told))})", states(told) == {"sent"}
    yield "the talks of Dong Jun and Andrey Belousov are among them", len(talks) > 0
    yield "every alert was printed, with its id", all(str(alert["id"]) in first for alert in told)
    yield "the second run printed no alert", not (work / "second").read_text(encoding="utf-8").strip()
    yield (
        "the second run made no alert",
        {alert["id"] for alert in again} == {alert["id"] for alert in alerts},
    )


def main() -> int:
    """Check the folders that the command line names."""
    results = list(checks(Path(sys.argv[1]), Path(sys.argv[2])))
    failed = [words for words, holds in results if not holds]
    for words in failed:
        print(f"failed: {words}", file=sys.stderr)
    print(f"{len(results) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
