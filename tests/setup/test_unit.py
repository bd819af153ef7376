"""The systemd unit: explained line by line, accepted by systemd, and hardened."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

UNIT = Path(__file__).parents[2] / "systemd" / "monitor.service"
SYSTEMD_ANALYZE = shutil.which("systemd-analyze")

MUST_STAND = {
    "Type": "notify",
    "NotifyAccess": "main",
    "Restart": "on-failure",
    "KillMode": "mixed",
    "User": "monitor",
    "Group": "monitor",
    "UMask": "0027",
    "StateDirectory": "monitor",
    "StateDirectoryMode": "0750",
    "ConfigurationDirectory": "monitor",
    "ExecReload": "/bin/kill -HUP $MAINPID",
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "AmbientCapabilities": "",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "PrivateUsers": "yes",
    "PrivateMounts": "yes",
    "ProtectClock": "yes",
    "ProtectHostname": "yes",
    "ProtectKernelLogs": "yes",
    "ProtectKernelModules": "yes",
    "ProtectKernelTunables": "yes",
    "ProtectControlGroups": "yes",
    "ProtectProc": "invisible",
    "ProcSubset": "pid",
    "LockPersonality": "yes",
    "MemoryDenyWriteExecute": "yes",
    "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
    "RestrictNamespaces": "yes",
    "RestrictRealtime": "yes",
    "RestrictSUIDSGID": "yes",
    "SystemCallArchitectures": "native",
}


def lines() -> list[str]:
    return UNIT.read_text(encoding="utf-8").splitlines()


def settings() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in lines():
        if line and not line.startswith(("#", "[")):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


def is_setting(line: str) -> bool:
    """A line that systemd obeys, or would if its # were taken away."""
    return re.match(r"#?[A-Z][A-Za-z]+=", line) is not None


def test_every_line_of_the_unit_is_explained_by_the_line_above_it() -> None:
    unexplained = [
        line
        for above, line in zip(["", *lines()], lines(), strict=False)
        if is_setting(line)
        and not above.startswith("# ")
        and not (line.startswith("#") and is_setting(above))
    ]
    assert unexplained == []


@pytest.mark.parametrize(("key", "value"), MUST_STAND.items())
def test_the_unit_says(key: str, value: str) -> None:
    assert settings()[key] == [value]


def test_a_stop_has_more_time_than_the_daemon_takes_to_finish() -> None:
    assert int(settings()["TimeoutStopSec"][0].removesuffix("s")) >= 25


def test_the_watchdog_is_on() -> None:
    assert int(settings()["WatchdogSec"][0].removesuffix("s")) > 0


def test_a_bad_configuration_and_a_second_instance_are_not_started_again() -> None:
    assert settings()["RestartPreventExitStatus"] == ["2 3"]


def test_failing_again_and_again_ends_in_a_failed_service() -> None:
    assert int(settings()["StartLimitBurst"][0]) > 1
    assert settings()["StartLimitIntervalSec"] == ["10min"]


def test_only_calls_that_a_service_needs_pass_the_filter() -> None:
    assert settings()["SystemCallFilter"] == ["@system-service", "~@privileged @resources"]


def test_it_runs_the_installed_copy_and_imports_nothing_from_its_surroundings() -> None:
    assert settings()["ExecStart"] == ["/opt/monitor/current/.venv/bin/python -I -m monitor run"]


def test_shows_how_secrets_are_handed_over() -> None:
    assert any(line.startswith("#LoadCredential=") for line in lines())


@pytest.mark.skipif(SYSTEMD_ANALYZE is None, reason="systemd-analyze is not here")
def test_systemd_accepts_the_unit_without_a_warning(tmp_path: Path) -> None:
    # The program is not where the unit says before it is installed, so another stands for it.
    text = UNIT.read_text(encoding="utf-8")
    copy = tmp_path / UNIT.name
    copy.write_text(re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", text), encoding="utf-8")
    done = subprocess.run(
        [str(SYSTEMD_ANALYZE), "verify", "--man=no", str(copy)],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.skipif(SYSTEMD_ANALYZE is None, reason="systemd-analyze is not here")
def test_systemd_finds_its_exposure_to_be_at_most_1_5() -> None:
    done = subprocess.run(
        [str(SYSTEMD_ANALYZE), "security", "--offline=true", "--no-pager", str(UNIT)],
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    found = re.search(r"Overall exposure level for monitor\.service: ([0-9.]+)", done.stdout)
    assert found is not None
    assert float(found[1]) <= 1.5
