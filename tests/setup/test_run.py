"""./run: sets up once and speaks of it, then is nothing but the program, wherever it is called from."""

import os
import shutil
import subprocess
from pathlib import Path

from tests.setup.conftest import Checkout


def test_the_first_call_sets_up_and_says_so_on_stderr_only(checkout: Checkout) -> None:
    done = checkout.run("check")
    assert "setting up with Python 3.12.1" in done.stderr
    assert "setting up" not in done.stdout
    assert "<check>" in done.stdout


def test_only_what_the_lock_names_is_installed_by_its_hashes_and_from_wheels(checkout: Checkout) -> None:
    checkout.run()
    (call,) = [call for call in checkout.calls("-m pip install") if "requirements" in call]
    assert "--require-hashes --only-binary=:all: -r" in call
    assert "--no-deps" in call
    assert call.endswith("/requirements.txt")


def test_once_set_up_it_is_silent_and_calls_nothing_but_the_program(checkout: Checkout) -> None:
    checkout.run()
    before = len(checkout.calls())
    done = checkout.run("alerts")
    assert done.stderr == ""
    assert checkout.calls()[before:] == ["-I -m monitor alerts"]


def test_once_set_up_it_writes_nothing(checkout: Checkout) -> None:
    checkout.run()

    def tree() -> dict[str, int]:
        return {str(path): path.lstat().st_mtime_ns for path in checkout.path.rglob("*")}

    before = tree()
    checkout.run()
    assert tree() == before


def test_without_arguments_the_program_is_told_to_run(checkout: Checkout) -> None:
    assert "<run>\n" in checkout.run().stdout


def test_arguments_arrive_as_they_were_given(checkout: Checkout) -> None:
    done = checkout.run("parse", "two words", "", "*", "$HOME", "--", "-x")
    assert done.stdout.endswith("<parse>\n<two words>\n<>\n<*>\n<$HOME>\n<-->\n<-x>\n")


def test_the_exit_code_is_the_programs(checkout: Checkout) -> None:
    assert checkout.run(EXIT=3).returncode == 3
    assert checkout.run(EXIT=0).returncode == 0


def test_the_directory_is_the_callers(checkout: Checkout, tmp_path: Path) -> None:
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    assert f"in {elsewhere}\n" in checkout.run("parse", "a.txt", cwd=elsewhere).stdout


def test_it_may_be_called_by_a_link(checkout: Checkout, tmp_path: Path) -> None:
    link = tmp_path / "bin" / "wire"
    link.symlink_to("../a checkout/run")
    done = checkout.call(link, "alerts", cwd=tmp_path)
    assert done.returncode == 0
    assert f"in {tmp_path}\n" in done.stdout
    assert checkout.in_use() in checkout.environments()


def test_it_may_be_called_by_a_relative_name(checkout: Checkout, tmp_path: Path) -> None:
    assert checkout.call(Path("a checkout/run"), cwd=tmp_path).returncode == 0


def test_the_environment_is_rebuilt_when_the_lock_changes(checkout: Checkout) -> None:
    checkout.run()
    before = checkout.in_use()
    (checkout.path / "requirements.txt").write_text("# second\n")
    done = checkout.run()
    assert "setting up" in done.stderr
    assert checkout.in_use() != before


def test_the_environment_before_is_kept_for_what_still_runs_in_it_and_older_ones_go(
    checkout: Checkout,
) -> None:
    used = []
    for number in range(3):
        (checkout.path / "requirements.txt").write_text(f"# {number}\n")
        checkout.run()
        used.append(checkout.in_use())
    assert checkout.environments() == set(used[1:])


def test_the_environment_is_rebuilt_when_the_interpreter_is_another_version(checkout: Checkout) -> None:
    checkout.run()
    checkout.interpreter("python3", "3.13.0")
    assert "setting up with Python 3.13.0" in checkout.run().stderr


def test_the_environment_is_rebuilt_for_the_interpreter_that_the_user_names(checkout: Checkout) -> None:
    checkout.run()
    other = checkout.interpreter("python3.14", "3.14.2")
    assert "setting up with Python 3.14.2" in checkout.run(PYTHON=other).stderr


def test_an_interpreter_that_was_only_mended_is_no_reason_to_rebuild(checkout: Checkout) -> None:
    checkout.run()
    python = (checkout.interpreters / "python3").resolve()
    os.utime(python, (0, 0))
    done = checkout.run(NO_NETWORK=1)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_environment_is_rebuilt_when_its_interpreter_is_gone(checkout: Checkout) -> None:
    checkout.run()
    old = (checkout.interpreters / "python3").resolve()
    checkout.interpreter("python3", "3.13.0")
    shutil.rmtree(old.parent)
    done = checkout.run()
    assert done.returncode == 0
    assert "setting up with Python 3.13.0" in done.stderr


def test_a_checkout_that_was_moved_sets_up_anew(checkout: Checkout, tmp_path: Path) -> None:
    checkout.run()
    moved = tmp_path / "moved"
    checkout.path.rename(moved)
    done = checkout.call(moved / "run", cwd=tmp_path)
    assert "setting up" in done.stderr
    assert f"--no-build-isolation -e {moved}" in checkout.calls("-m pip")[-1]


def test_a_changed_pyproject_installs_the_checkout_again_without_the_network(checkout: Checkout) -> None:
    checkout.run()
    before = checkout.in_use()
    (checkout.path / "pyproject.toml").write_text("# second\n")
    done = checkout.run(NO_NETWORK=1)
    assert done.returncode == 0
    assert checkout.in_use() == before
    assert "-e " in checkout.calls("-m pip")[-1]


def test_a_set_up_that_failed_says_so_and_is_not_taken_as_ready(checkout: Checkout) -> None:
    failed = checkout.run(NO_NETWORK=1)
    assert failed.returncode == 1
    assert failed.stdout == ""
    assert "requirements.txt could not be installed" in failed.stderr
    assert "needs the network" in failed.stderr
    assert not (checkout.path / ".venv").exists()
    assert checkout.run().returncode == 0


def test_a_set_up_that_failed_leaves_the_environment_before_it_in_place(checkout: Checkout) -> None:
    checkout.run()
    before = checkout.in_use()
    (checkout.path / "requirements.txt").write_text("# second\n")
    assert checkout.run(NO_NETWORK=1).returncode == 1
    assert checkout.in_use() == before
    (checkout.path / "requirements.txt").write_text("# first\n")
    assert checkout.run(NO_NETWORK=1).returncode == 0


def test_two_at_once_set_up_once(checkout: Checkout, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    environment = checkout.environment | {"WAIT": str(gate)}

    def start() -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(checkout.path / "run"), "alerts"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    with start() as first:
        while not Path(f"{gate}.reached").exists():
            assert first.poll() is None
        with start() as second:
            assert second.stderr is not None
            assert "waiting for another set-up" in second.stderr.readline()
            gate.touch()
            outputs = [first.communicate(timeout=20)[0], second.communicate(timeout=20)[0]]
    assert [first.returncode, second.returncode] == [0, 0]
    assert all("<alerts>" in output for output in outputs)
    assert len(checkout.calls("-m venv")) == 1


def test_no_python_at_all_says_what_to_install(checkout: Checkout) -> None:
    (checkout.interpreters / "python3").unlink()
    done = checkout.run()
    assert done.returncode == 1
    assert "Python 3.11, 3.12, 3.13 or 3.14 is needed" in done.stderr
    assert "sudo apt install python3 python3-venv" in done.stderr


def test_a_python_without_venv_says_what_to_install(checkout: Checkout) -> None:
    done = checkout.run(STATUS=3)
    assert done.returncode == 1
    assert "sudo apt install python3-venv" in done.stderr


def test_a_named_python_that_is_too_old_is_refused_by_name(checkout: Checkout) -> None:
    done = checkout.run(STATUS=2, PYTHON="python3")
    assert done.returncode == 1
    assert "PYTHON=python3 is not a Python 3.11, 3.12, 3.13 or 3.14" in done.stderr


def test_a_python_that_is_too_old_is_passed_over_for_one_that_fits(checkout: Checkout) -> None:
    old = (checkout.interpreters / "python3").resolve()
    old.write_text("#!/bin/sh\nexit 2\n")
    checkout.interpreter("python3.13", "3.13.5")
    assert "setting up with Python 3.13.5" in checkout.run().stderr


def test_an_odd_umask_closes_the_environment_to_nobody_and_stays_the_programs(checkout: Checkout) -> None:
    done = checkout.run(umask=0o777)
    assert done.returncode == 0
    assert "umask 0777" in done.stdout
    environment = (checkout.path / ".venv").resolve()
    assert environment.parent.stat().st_mode & 0o777 == 0o755
    assert environment.stat().st_mode & 0o777 == 0o755
    assert (environment / "ready-run").stat().st_mode & 0o777 == 0o644


def test_byte_code_is_written_for_a_quick_start_and_not_forbidden(checkout: Checkout) -> None:
    done = checkout.run()
    assert "bytecode kept" in done.stdout
    assert any("compileall" in call for call in checkout.calls())


def test_a_folder_of_the_users_own_named_venv_is_not_touched(checkout: Checkout) -> None:
    (checkout.path / ".venv").mkdir()
    (checkout.path / ".venv" / "mine").touch()
    done = checkout.run()
    assert done.returncode == 1
    assert ".venv is in the way: move it away" in done.stderr
    assert (checkout.path / ".venv" / "mine").exists()
