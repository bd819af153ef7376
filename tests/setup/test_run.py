"""./run: sets up once and speaks of it, then is nothing but the program, wherever it is called from."""

import os
import shutil
from pathlib import Path

import pytest

from tests.setup.conftest import Checkout


def test_the_first_call_sets_up_and_says_so_on_stderr_only(checkout: Checkout) -> None:
    done = checkout.run("check")
    assert "setting up with Python 3.12.1" in done.stderr
    assert done.stdout.startswith("in ")
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


def test_another_path_to_the_same_choice_installs_nothing(checkout: Checkout) -> None:
    checkout.run()
    before = len(checkout.calls("-m "))
    checkout.interpreter("python3.13", "3.13.5")
    done = checkout.run()
    assert (done.returncode, done.stderr) == (0, "")
    assert len(checkout.calls("-m ")) == before
    asked = len(checkout.calls("-I -c"))
    checkout.run()
    assert len(checkout.calls("-I -c")) == asked


def test_an_environment_that_lost_its_interpreter_is_rebuilt(checkout: Checkout) -> None:
    checkout.run()
    (checkout.path / ".venv" / "bin" / "python").unlink()
    done = checkout.run()
    assert done.returncode == 0
    assert "setting up" in done.stderr


def test_what_would_send_packages_elsewhere_is_not_heard(checkout: Checkout, tmp_path: Path) -> None:
    assert checkout.run(PYTHONPATH=tmp_path, PIP_TARGET=tmp_path).returncode == 0


def test_pyenvs_choice_is_followed(checkout: Checkout, tmp_path: Path) -> None:
    root = tmp_path / "pyenv"
    root.mkdir()
    (root / "version").write_text("3.12.1\n")
    checkout.run(PYENV_ROOT=root)
    before = len(checkout.calls())
    checkout.run(PYENV_ROOT=root, PYENV_VERSION="3.13.0")
    (root / "version").write_text("3.13.0 3.12.1\n")
    checkout.run(PYENV_ROOT=root, PYENV_VERSION="3.13.0")
    # The pretended interpreter stays what it is: that it was asked shows that the choice was looked at.
    assert sum("-I -c" in call for call in checkout.calls()[before:]) == 2


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
    assert sum("requirements.txt" in call for call in checkout.calls("-m pip")) == 2


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
    with checkout.start("run", "alerts", WAIT=gate) as first:
        while not Path(f"{gate}.reached").exists() and first.poll() is None:
            pass
        with checkout.start("run", "alerts", WAIT=gate) as second:
            assert second.stderr is not None
            told = second.stderr.readline()
            gate.touch()
            outputs = [first.communicate(timeout=20)[0], second.communicate(timeout=20)[0]]
    assert "waiting for another set-up" in told
    assert [first.returncode, second.returncode] == [0, 0]
    assert all("<alerts>" in output for output in outputs)
    assert len(checkout.calls("-m venv")) == 1
    assert sum("-e " in call for call in checkout.calls("-m pip")) == 1


@pytest.mark.parametrize("script", ["run", "test"])
def test_signals_reach_the_program_since_it_takes_the_scripts_place(checkout: Checkout, script: str) -> None:
    with checkout.start(script) as started:
        output, _ = started.communicate(timeout=20)
    assert f"pid {started.pid}\n" in output


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can leave files that their owner cannot replace")
def test_root_leaves_the_environment_to_the_owner_of_the_checkout(checkout: Checkout) -> None:
    os.chown(checkout.path, 65534, 65534)
    checkout.run()
    environment = (checkout.path / ".venv").resolve()
    for path in (
        checkout.path / ".venv",
        environment,
        environment / "ready-run",
        environment.parent / "lock",
    ):
        assert path.lstat().st_uid == 65534


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
