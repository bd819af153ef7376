"""Installing as a service: every step told before it is done, an upgrade that can be taken back."""

import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.errors import InstallError, UsageError
from monitor.install import Layout, install
from monitor.install.machine import Found, interpreter, look, obstacle
from monitor.install.plan import Order, plan
from monitor.install.steps import Command, CopyDatabase, describe, run_command

ROOT = Path(__file__).parents[2]
FIRST = datetime(2026, 1, 27, 12, 0, 0, tzinfo=UTC)
LATER = datetime(2026, 2, 3, 12, 0, 0, tzinfo=UTC)
CONFIG = {"monitor.yaml": b"contact: wire@paper.example\n", "watchlists/mine.yaml": b"actors: [Jane Doe]\n"}
NOTHING = Found(group=False, user=False, configured=False, unit=False, current=None, database=None)


@dataclass
class Recorder:
    """Stands for the programs that an installation calls: writes them down, and fails where told."""

    fails: str = "no such command"
    code: int = 1
    calls: list[str] = field(default_factory=list)

    def __call__(self, argv: Sequence[str]) -> int:
        self.calls.append(" ".join(argv))
        return self.code if self.fails in self.calls[-1] else 0

    def told(self, *beginnings: str) -> list[str]:
        return [call for call in self.calls if call.startswith(beginnings)]


@dataclass
class Machine:
    """A machine's files in a folder, and a checkout to install there."""

    layout: Layout
    checkout: Path
    told: list[str] = field(default_factory=list)

    def install(self, run: Recorder, now: datetime = FIRST, *, dry_run: bool = False) -> None:
        install(
            checkout=self.checkout,
            version="0.1.0",
            now=now,
            config_files=CONFIG,
            database="monitor.db",
            dry_run=dry_run,
            tell=self.told.append,
            layout=self.layout,
            run=run,
        )

    def files(self) -> set[str]:
        return {str(path.relative_to(self.layout.root)) for path in self.layout.root.rglob("*")}

    def database(self) -> Path:
        return self.layout.state / "monitor.db"


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine that runs systemd, on which we are root."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    checkout = tmp_path / "checkout"
    for folder in ("monitor/core/__pycache__", "config", "seeds", "systemd", ".ci", ".git"):
        (checkout / folder).mkdir(parents=True)
    for name in (
        "monitor/core/a.py",
        "config/monitor.yaml",
        "seeds/one.txt",
        "README.md",
        "requirements.txt",
    ):
        (checkout / name).write_text(name)
    for name in (
        "LICENSE",
        "pyproject.toml",
        ".ci/environment.sh",
        "monitor/core/__pycache__/a.pyc",
        ".git/x",
    ):
        (checkout / name).write_text(name)
    (checkout / "run").write_text("#!/bin/sh\n")
    (checkout / "run").chmod(0o700)
    shutil.copy(ROOT / "systemd" / "monitor.service", checkout / "systemd")
    root = tmp_path / "machine"
    (root / "run/systemd/system").mkdir(parents=True)
    return Machine(Layout(root=root), checkout)


@pytest.fixture
def installed(machine: Machine) -> Iterator[Machine]:
    """The same, with a release installed and a database that it wrote, its log not yet folded in."""
    machine.install(Recorder())
    with closing(sqlite3.connect(machine.database(), isolation_level=None)) as connection:
        connection.execute("pragma journal_mode = wal").fetchone()
        connection.execute("create table articles (headline text)")
        connection.execute("insert into articles values ('a headline')")
        machine.told.clear()
        yield machine


def order(layout: Layout, checkout: Path = ROOT) -> Order:
    return Order(
        layout=layout,
        checkout=checkout,
        version="0.1.0",
        now=FIRST,
        python=Path("/usr/bin/python3"),
        config_files=CONFIG,
        unit=b"[Unit]\n",
    )


class TestFirstInstallation:
    def test_makes_account_folders_program_unit_and_starts_it(self, machine: Machine) -> None:
        run = Recorder()
        machine.install(run)
        assert run.told("groupadd", "useradd", "env", "systemctl") == [
            "groupadd --system monitor",
            "useradd --system --gid monitor --home-dir /var/lib/monitor --no-create-home "
            "--shell /usr/sbin/nologin monitor",
            run.told("env")[0],
            "systemctl daemon-reload",
            "systemctl enable --now monitor.service",
        ]
        assert machine.layout.unit.read_bytes() == (ROOT / "systemd/monitor.service").read_bytes()

    def test_copies_the_program_without_byte_code_and_history(self, machine: Machine) -> None:
        machine.install(Recorder())
        release = machine.layout.current.resolve()
        copied = {str(path.relative_to(release)) for path in release.rglob("*") if path.is_file()}
        assert copied == {
            "monitor/core/a.py",
            "config/monitor.yaml",
            "seeds/one.txt",
            "systemd/monitor.service",
            ".ci/environment.sh",
            "README.md",
            "LICENSE",
            "pyproject.toml",
            "requirements.txt",
            "run",
        }

    def test_the_copy_is_readable_by_the_service_whatever_the_umask(self, machine: Machine) -> None:
        before = os.umask(0o077)
        try:
            machine.install(Recorder())
        finally:
            os.umask(before)
        release = machine.layout.current.resolve()
        assert (release / "run").stat().st_mode & 0o777 == 0o755
        assert (release / "monitor/core").stat().st_mode & 0o777 == 0o755
        assert (release / "monitor/core/a.py").stat().st_mode & 0o777 == 0o644
        assert machine.layout.unit.stat().st_mode & 0o777 == 0o644
        assert machine.layout.command.stat().st_mode & 0o777 == 0o755

    def test_leaves_links_in_the_checkout_out(self, machine: Machine, tmp_path: Path) -> None:
        secret = tmp_path / "secret"
        secret.write_text("root's own")
        (machine.checkout / "monitor/leak.py").symlink_to(secret)
        (machine.checkout / "seeds/more").symlink_to(tmp_path)
        machine.install(Recorder())
        assert not (machine.layout.current / "monitor/leak.py").exists()
        assert not (machine.layout.current / "seeds/more").exists()

    def test_makes_the_environment_in_the_copy_before_it_is_put_in_use(self, machine: Machine) -> None:
        run = Recorder(fails="env PYTHON=")
        with pytest.raises(InstallError, match="Nothing that runs was changed"):
            machine.install(run)
        release = machine.layout.code / "releases/0.1.0-20260127T120000Z"
        assert run.calls[-1].endswith(f"{release}/run --version")
        assert not machine.layout.current.exists()
        assert not machine.layout.unit.exists()

    def test_writes_a_configuration_that_the_group_may_read_and_not_write(self, machine: Machine) -> None:
        run = Recorder()
        machine.install(run)
        path = machine.layout.config / "watchlists/mine.yaml"
        assert path.read_bytes() == CONFIG["watchlists/mine.yaml"]
        assert path.stat().st_mode & 0o777 == 0o640
        assert any(call.startswith("chown") and "root:monitor" in call for call in run.calls)

    def test_secrets_have_a_folder_that_only_root_may_read(self, machine: Machine) -> None:
        run = Recorder()
        machine.install(run)
        secrets = machine.layout.config / "credentials"
        assert secrets.stat().st_mode & 0o777 == 0o700
        assert f"chown --no-dereference root:root {secrets}" in run.calls

    def test_the_database_is_found_by_commands_without_the_service(self, machine: Machine) -> None:
        machine.install(Recorder())
        assert (machine.layout.current / "var").resolve() == machine.layout.state
        command = machine.layout.command.read_text()
        assert f'exec {machine.layout.current}/.venv/bin/python -I -m monitor "$@"' in command

    def test_only_the_state_directory_is_the_accounts_own(self, machine: Machine) -> None:
        run = Recorder()
        machine.install(run)
        own = [call for call in run.told("chown") if "monitor:monitor" in call]
        assert own == [f"chown --no-dereference monitor:monitor {machine.layout.state}"]

    def test_a_failed_start_says_where_to_look(self, machine: Machine) -> None:
        with pytest.raises(InstallError) as raised:
            machine.install(Recorder(fails="enable --now"))
        assert "systemctl enable --now monitor.service" in str(raised.value)
        assert "journalctl -u monitor.service" in str(raised.value)
        assert "go back" not in str(raised.value)

    def test_a_program_that_is_missing_is_named(self, machine: Machine) -> None:
        with pytest.raises(InstallError, match="there is no program 'groupadd'"):
            machine.install(Recorder(fails="groupadd", code=127))


class TestUpgrade:
    def test_stops_copies_the_database_switches_and_starts(self, installed: Machine) -> None:
        run = Recorder()
        installed.install(run, LATER)
        assert run.told("systemctl") == [
            "systemctl stop monitor.service",
            "systemctl daemon-reload",
            "systemctl reset-failed monitor.service",
            "systemctl enable --now monitor.service",
        ]
        assert os.readlink(installed.layout.current) == "releases/0.1.0-20260203T120000Z"

    def test_the_copy_of_the_database_is_whole_and_stands_alone(self, installed: Machine) -> None:
        installed.install(Recorder(), LATER)
        (copy,) = installed.layout.backups.iterdir()
        assert copy.name == "monitor-before-0.1.0-20260203T120000Z.db"
        assert copy.stat().st_mode & 0o777 == 0o600
        with closing(sqlite3.connect(f"file:{copy}?mode=ro&immutable=1", uri=True)) as connection:
            assert connection.execute("select headline from articles").fetchall() == [("a headline",)]

    def test_leaves_no_file_beside_the_database_that_the_service_could_not_write(
        self, installed: Machine
    ) -> None:
        before = set(installed.layout.state.iterdir())
        installed.install(Recorder(), LATER)
        assert set(installed.layout.state.iterdir()) == before

    def test_leaves_a_configuration_as_it_is(self, installed: Machine) -> None:
        mine = installed.layout.config / "monitor.yaml"
        mine.write_text("timezone: Asia/Kolkata\n")
        (installed.layout.config / "watchlists/mine.yaml").unlink()
        installed.install(Recorder(), LATER)
        assert mine.read_text() == "timezone: Asia/Kolkata\n"
        assert not (installed.layout.config / "watchlists/mine.yaml").exists()

    def test_keeps_the_release_before_and_no_older(self, installed: Machine) -> None:
        installed.install(Recorder(), LATER)
        installed.install(Recorder(), datetime(2026, 3, 1, tzinfo=UTC))
        releases = {path.name for path in (installed.layout.code / "releases").iterdir()}
        assert releases == {"0.1.0-20260203T120000Z", "0.1.0-20260301T000000Z"}

    def test_keeps_the_last_three_copies_of_the_database_and_all_else_beside_them(
        self, installed: Machine
    ) -> None:
        for month in range(2, 7):
            installed.install(Recorder(), datetime(2026, month, 3, tzinfo=UTC))
            (installed.layout.backups / "by hand.db").touch()
        assert {path.name for path in installed.layout.backups.iterdir()} == {
            "by hand.db",
            *(f"monitor-before-0.1.0-2026{month:02}03T000000Z.db" for month in (4, 5, 6)),
        }

    def test_a_configuration_that_the_new_release_does_not_take_leaves_the_service_running(
        self, installed: Machine
    ) -> None:
        run = Recorder(fails=" monitor check")
        with pytest.raises(InstallError, match="Nothing that runs was changed") as raised:
            installed.install(run, LATER)
        release = installed.layout.code / "releases/0.1.0-20260203T120000Z"
        check = f"{release}/.venv/bin/python -I -m monitor check --config {installed.layout.config}"
        assert (run.calls[-1], check in str(raised.value)) == (check, True)
        assert run.told("systemctl") == []
        assert os.readlink(installed.layout.current) == "releases/0.1.0-20260127T120000Z"

    def test_a_failed_start_says_how_to_go_back_and_the_commands_do_it(self, installed: Machine) -> None:
        database = installed.database()
        with pytest.raises(InstallError) as raised:
            installed.install(Recorder(fails="enable --now"), LATER)
        commands = [line.strip() for line in str(raised.value).splitlines() if line.startswith("    sudo ")]
        assert commands[0] == "sudo systemctl stop monitor.service"
        assert commands[-1] == "sudo systemctl start monitor.service"
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("drop table articles")
        for command in commands:
            if "systemctl" not in command:
                words = command.removeprefix("sudo ").replace("-o monitor -g monitor ", "")
                assert run_command(words.split()) == 0
        assert os.readlink(installed.layout.current) == "releases/0.1.0-20260127T120000Z"
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            assert connection.execute("select headline from articles").fetchall() == [("a headline",)]

    def test_a_failure_before_the_switch_never_tells_to_replace_the_database(
        self, installed: Machine
    ) -> None:
        installed.layout.backups.parent.mkdir(parents=True, exist_ok=True)
        installed.layout.backups.write_text("a file where the folder should be")
        with pytest.raises(InstallError) as raised:
            installed.install(Recorder(), LATER)
        assert "Program and database are as before" in str(raised.value)
        assert "sudo systemctl start monitor.service" in str(raised.value)
        assert "rm -f" not in str(raised.value)
        assert os.readlink(installed.layout.current) == "releases/0.1.0-20260127T120000Z"

    def test_a_service_that_will_not_stop_is_not_upgraded(self, installed: Machine) -> None:
        with pytest.raises(InstallError, match="systemctl stop"):
            installed.install(Recorder(fails="systemctl stop"), LATER)
        assert not installed.layout.backups.exists()

    def test_forgetting_former_failures_may_fail(self, installed: Machine) -> None:
        installed.install(Recorder(fails="reset-failed"), LATER)
        assert os.readlink(installed.layout.current) == "releases/0.1.0-20260203T120000Z"

    def test_a_damaged_database_stops_it_before_the_new_release_sees_it(self, machine: Machine) -> None:
        machine.install(Recorder())
        machine.database().write_bytes(b"not a database, but long enough to be looked at" * 100)
        with pytest.raises(InstallError, match="Copy the database"):
            machine.install(Recorder(), LATER)
        assert os.readlink(machine.layout.current) == "releases/0.1.0-20260127T120000Z"


class TestPlan:
    def test_an_account_that_exists_is_not_made_again(self, tmp_path: Path) -> None:
        found = replace(NOTHING, user=True, group=True)
        steps = plan(order(Layout(root=tmp_path)), found).steps
        assert not any("add" in step.argv[0] for step in steps if isinstance(step, Command))

    def test_the_service_stops_before_its_database_is_copied(self, tmp_path: Path) -> None:
        database = tmp_path / "monitor.db"
        found = replace(NOTHING, unit=True, current="0.0.9-x", database=database, database_size=10, free=100)
        steps = plan(order(Layout(root=tmp_path)), found).steps
        stop = next(n for n, step in enumerate(steps) if "systemctl stop monitor.service" in step.lines())
        copy = next(n for n, step in enumerate(steps) if isinstance(step, CopyDatabase))
        switch = next(
            n for n, step in enumerate(steps) if f"{tmp_path}/opt/monitor/current" in step.lines()[0]
        )
        assert stop < copy < switch

    def test_a_disk_without_room_for_the_copy_is_told_before_anything_is_done(self, tmp_path: Path) -> None:
        found = replace(NOTHING, database=tmp_path / "monitor.db", database_size=5_000, free=9_999)
        with pytest.raises(UsageError, match=r"twice 5,000 bytes are wanted, 9,999 are free\. Make room"):
            plan(order(Layout(root=tmp_path)), found)

    def test_reads_no_clock_and_names_the_release_by_the_time_it_is_given(self, tmp_path: Path) -> None:
        assert order(Layout(root=tmp_path)).release == "0.1.0-20260127T120000Z"


class TestDryRun:
    def test_tells_every_step_and_changes_nothing(self, machine: Machine) -> None:
        before = machine.files()
        run = Recorder()
        machine.install(run, dry_run=True)
        assert machine.files() == before
        assert run.calls == []
        (told,) = machine.told
        for words in (
            "groupadd --system monitor",
            f"install -d -m 0750 -o monitor -g monitor {machine.layout.state}",
            f"write {machine.layout.unit}",
            "systemctl enable --now monitor.service",
        ):
            assert words in told

    def test_needs_neither_root_nor_systemd(self, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "geteuid", lambda: 1000)
        shutil.rmtree(machine.layout.root / "run")
        machine.install(Recorder(), dry_run=True)
        assert "systemctl daemon-reload" in machine.told[0]

    def test_what_is_told_is_what_is_done(self, machine: Machine) -> None:
        machine.install(Recorder(), dry_run=True)
        (told,) = machine.told
        run = Recorder()
        machine.install(run)
        done = [call for call in run.calls if not call.startswith("chown")]
        assert [call for call in done if f"      {call}" not in told] == []

    def test_numbers_the_steps(self) -> None:
        text = describe(
            [Command(words="Say it", argv=("echo", "it")), Command(words="Again", argv=("echo",))]
        )
        assert text == " 1. Say it\n      echo it\n 2. Again\n      echo"


class TestWhereItCannotBegin:
    def test_without_root_says_sudo(self, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "geteuid", lambda: 1000)
        before = machine.files()
        with pytest.raises(UsageError, match=r"takes root: sudo \./run install\. .* --dry-run"):
            machine.install(Recorder())
        assert machine.files() == before

    def test_without_systemd_says_what_works_instead(self, tmp_path: Path) -> None:
        text = obstacle(layout=Layout(root=tmp_path), uid=0, platform="linux")
        assert text is not None
        assert "does not run systemd" in text
        assert "`./run` works without" in text

    def test_elsewhere_than_on_linux_says_the_same(self, machine: Machine) -> None:
        text = obstacle(layout=machine.layout, uid=0, platform="darwin")
        assert text is not None
        assert "does not run systemd" in text

    def test_nothing_is_in_the_way_of_root_on_a_machine_with_systemd(self, machine: Machine) -> None:
        assert obstacle(layout=machine.layout, uid=0, platform="linux") is None

    def test_an_interpreter_in_a_home_gives_way_to_the_systems(self, tmp_path: Path) -> None:
        assert interpreter(Path("/usr/local/bin/python3.12")) == Path("/usr/local/bin/python3.12")
        system = Path(os.path.realpath(shutil.which("sh") or "/bin/sh"))
        assert interpreter(Path("/home/ann/.pyenv/bin/python3.12"), system=system) == system

    def test_no_interpreter_that_the_service_can_reach_says_what_to_install(self) -> None:
        with pytest.raises(UsageError, match="sudo apt install python3 python3-venv"):
            interpreter(Path("/root/python3.12"), system=Path("/nowhere/python3"))


class TestLook:
    def test_sees_an_empty_machine(self, tmp_path: Path) -> None:
        found = look(Layout(root=tmp_path), "monitor.db")
        assert (found.configured, found.unit, found.current, found.database) == (False, False, None, None)
        assert found.free > 0

    def test_sees_what_is_installed(self, installed: Machine) -> None:
        found = look(installed.layout, "monitor.db")
        assert (found.configured, found.unit) == (True, True)
        assert found.current == "0.1.0-20260127T120000Z"
        assert found.database == installed.database()
        assert found.database_size > 0
