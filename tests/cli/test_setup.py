"""init, check, schema, send-test, install and completion, as they are typed."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import click
import pytest

from monitor.cli import place
from monitor.cli.root import root
from monitor.config import places
from tests.cli.conftest import Run

pytestmark = pytest.mark.filterwarnings(
    "ignore:'imghdr' is deprecated:DeprecationWarning"
)  # what Apprise loads
SECRET = "s3cr3t-t0k3n"


@pytest.fixture
def config(tmp_path: Path, run: Run) -> Path:
    """A configuration of one's own, just made."""
    directory = tmp_path / "mine"
    assert run("init", str(directory)).exit_code == 0
    return directory


# -- init ------------------------------------------------------------------------------------


def test_init_names_what_it_wrote_and_the_next_step(run: Run, tmp_path: Path) -> None:
    result = run("init", str(tmp_path / "mine"))
    assert result.exit_code == 0
    written = [Path(line) for line in result.stdout.splitlines()]
    assert tmp_path / "mine" / "monitor.yaml" in written
    assert all(path.is_file() for path in written)
    assert result.stderr.endswith(f"run check --config {tmp_path / 'mine'}\n")


@pytest.mark.parametrize(
    ("checkout", "within", "typed"),
    [
        ("wire", "wire", "./run check"),
        ("wire", ".", "{}/run check"),
        ("opt/monitor/releases/0.1.0", "opt/monitor/releases/0.1.0", "monitor check"),
    ],
)
def test_the_next_step_is_what_can_be_typed_there(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, checkout: str, within: str, typed: str
) -> None:
    here = tmp_path / checkout
    here.mkdir(parents=True)
    for name in ("config", "seeds"):
        (here / name).symlink_to(place.CHECKOUT / name)
    monkeypatch.setattr("monitor.cli.setup.CHECKOUT", here)
    monkeypatch.chdir(tmp_path / within)
    assert run("init").stderr.endswith(f", then: {typed.format(here)}\n")


def test_init_goes_to_local_in_the_checkout(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("config", "seeds"):
        (tmp_path / name).symlink_to(place.CHECKOUT / name)
    monkeypatch.setattr("monitor.cli.setup.CHECKOUT", tmp_path)
    result = run("init")
    assert result.exit_code == 0
    assert (tmp_path / "local" / "monitor.yaml").is_file()


def test_init_overwrites_nothing(run: Run, config: Path) -> None:
    (config / "monitor.yaml").write_text("# mine\n", encoding="utf-8")
    result = run("init", str(config))
    assert (result.exit_code, result.stdout) == (2, "")
    assert str(config / "monitor.yaml") in result.stderr
    assert (config / "monitor.yaml").read_text(encoding="utf-8") == "# mine\n"


# -- check -----------------------------------------------------------------------------------


def test_a_new_configuration_holds(run: Run, config: Path) -> None:
    result = run("check", "--config", str(config))
    assert result.exit_code == 0
    assert result.stdout.startswith(f"{config}: ")
    assert "1 folder, " in result.stdout
    assert result.stdout.endswith(" 1 channel\n")


def test_the_shipped_configuration_holds(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONITOR_CONFIG", str(place.CHECKOUT / "config"))
    assert run("check").exit_code == 0


def test_every_mistake_is_a_line_with_its_place_and_the_exit_code_is_1(run: Run, config: Path) -> None:
    (config / "watchlists" / "people.yaml").write_text(
        "actors:\n  - name: A\n    alos: [B]\n  - nmae: C\n", "utf-8"
    )
    result = run("check", "--config", str(config))
    assert (result.exit_code, result.stdout) == (1, "")
    lines = result.stderr.splitlines()
    assert any("people.yaml:3:5: " in line and "`also`" in line for line in lines)
    assert any("people.yaml:4:5: " in line and "`name`" in line for line in lines)


def test_a_channel_that_cannot_be_built_fails_without_its_secret(run: Run, config: Path) -> None:
    monitor = config / "monitor.yaml"
    monitor.write_text(f'channels: {{phone: {{url: "nosuch://{SECRET}@host"}}}}\ntell: [phone]\n', "utf-8")
    result = run("check", "--config", str(config))
    assert result.exit_code == 1
    assert "phone" in result.stderr
    assert SECRET not in result.stderr + result.stdout


def test_what_is_worth_a_second_look_is_a_warning_only(run: Run, config: Path) -> None:
    (config / "sources.yaml").write_text("folders: [{path: /nowhere/at/all}]\n", encoding="utf-8")
    result = run("check", "--config", str(config))
    assert result.exit_code == 0
    assert any(
        line.startswith("warning: ") and "/nowhere/at/all" in line for line in result.stderr.splitlines()
    )


def test_a_configuration_that_is_not_there_is_told(run: Run, tmp_path: Path) -> None:
    result = run("check", "--config", str(tmp_path / "absent"))
    assert result.exit_code == 1
    assert "absent" in result.stderr
    assert "monitor init" in result.stderr


PHONE = 'channels: {{phone: {{url: "{}"}}, desk: {{url: "json://127.66.0.9:9/"}}}}\ntell: [phone, desk]\n'


def test_a_credential_that_only_the_service_has_is_a_warning_to_whoever_checks(
    run: Run, config: Path
) -> None:
    (config / "monitor.yaml").write_text(PHONE.format("${credential:phone}"), encoding="utf-8")
    result = run("check", "--config", str(config))
    assert result.exit_code == 0
    assert "warning: the secret in the url of the channel `phone` is not to be had here" in result.stderr
    assert result.stdout.endswith(" 3 channels\n")


def test_credentials_are_read_where_systemd_reads_them_by_who_may(
    run: Run, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "SYSTEM", config)
    (config / "monitor.yaml").write_text(PHONE.format("${credential:phone}"), encoding="utf-8")
    (config / "credentials").mkdir()
    (config / "credentials" / "phone").write_text(f"nosuch://{SECRET}", encoding="utf-8")
    result = run("check", "--config", str(config))
    assert result.exit_code == 1
    assert "channel phone: nosuch:// is not the start of a URL" in result.stderr
    assert SECRET not in result.stderr + result.stdout
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(config))
    assert run("check", "--config", str(config)).exit_code == 0


def test_the_service_s_own_environment_is_not_asked_of_whoever_checks_its_configuration(
    run: Run, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (config / "monitor.yaml").write_text(PHONE.format("${env:PHONE_URL}"), encoding="utf-8")
    result = run("check", "--config", str(config))
    assert (result.exit_code, "`PHONE_URL` is not set" in result.stderr) == (1, True)
    monkeypatch.setattr("monitor.cli.setup.SYSTEM", config)
    result = run("check", "--config", str(config))
    assert (result.exit_code, "channel `phone` is not to be had here" in result.stderr) == (0, True)


# -- schema ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "key"), [("monitor", "channels"), ("sources", "feeds"), ("watchlist", "actors")]
)
def test_a_schema_is_json_for_editors(run: Run, part: str, key: str) -> None:
    schema = json.loads(run("schema", part).stdout)
    assert key in schema["properties"]


def test_the_shipped_schemas_are_those_that_are_printed(run: Run) -> None:
    for part in ("monitor", "sources", "watchlist"):
        shipped = place.CHECKOUT / "config" / "schema" / f"{part}.schema.json"
        assert json.loads(shipped.read_text(encoding="utf-8")) == json.loads(run("schema", part).stdout)


# -- send-test -------------------------------------------------------------------------------


def test_a_test_message_goes_through_the_channel(run: Run, config: Path) -> None:
    result = run("send-test", "terminal", "--config", str(config))
    assert result.exit_code == 0
    assert result.stdout.startswith("TEST: ")
    assert result.stderr == "terminal: accepted\n"


def test_a_test_message_that_is_not_accepted_fails(run: Run, config: Path) -> None:
    # Nothing listens on port 9 of a loopback address of our own.
    (config / "monitor.yaml").write_text(
        'channels: {hook: {url: "json://127.66.0.9:9/"}}\n', encoding="utf-8"
    )
    result = run("send-test", "hook", "--config", str(config))
    assert result.exit_code == 1
    assert result.stderr.startswith("hook: temporary: ")


def test_a_secret_that_is_not_to_be_had_stops_only_the_channel_it_is_for(run: Run, config: Path) -> None:
    (config / "monitor.yaml").write_text(PHONE.format("${credential:phone}"), encoding="utf-8")
    result = run("send-test", "phone", "--config", str(config))
    assert result.exit_code == 2
    assert "the secret of the channel phone is for the service, and for root: try sudo" in result.stderr
    assert run("send-test", "desk", "--config", str(config)).stderr.startswith("desk: temporary: ")
    mail = 'mail: {from: a@b.example, server: "127.66.0.9:9", user: u, password: "${credential:smtp}"}\n'
    channels = "channels: {post: {email: [a@b.example]}}\ntell: [post]\n"
    (config / "monitor.yaml").write_text(mail + channels, encoding="utf-8")
    assert "try sudo" in run("send-test", "post", "--config", str(config)).stderr
    assert "warning: the mail password is not to be had" in run("check", "--config", str(config)).stderr


def test_an_unknown_channel_is_an_error_that_names_those_there_are(run: Run, config: Path) -> None:
    result = run("send-test", "dsek", "--config", str(config))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "monitor: there is no channel dsek; there are: terminal\n"


def test_channels_are_completed_from_the_configuration(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONITOR_CONFIG", str(config))
    command = root.get_command(click.Context(root), "send-test")
    assert command is not None
    argument = next(p for p in command.params if p.name == "channel")
    assert [c.value for c in argument.shell_complete(click.Context(command), "t")] == ["terminal"]
    monkeypatch.setenv("MONITOR_CONFIG", str(config / "absent"))
    assert argument.shell_complete(click.Context(command), "t") == []


# -- install and completion ------------------------------------------------------------------


def test_install_can_be_looked_at_first(run: Run) -> None:
    result = run("install", "--dry-run")
    assert result.exit_code == 0
    for part in (
        "groupadd --system monitor",
        "/etc/monitor/monitor.yaml",
        "systemctl enable --now monitor.service",
    ):
        assert part in result.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_a_script_of_the_shell(run: Run, shell: str) -> None:
    result = run("completion", shell)
    assert result.exit_code == 0
    assert "_MONITOR_COMPLETE" in result.stdout


def test_the_bash_script_is_one_that_bash_takes(run: Run) -> None:
    script = run("completion", "bash").stdout
    done = subprocess.run(
        ["bash", "-n"], input=script, text=True, capture_output=True, timeout=10, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
