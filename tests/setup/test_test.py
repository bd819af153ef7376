"""./test: adds its tools to the environment of ./run, checks first, and ends as pytest ends."""

import subprocess

import pytest

from tests.setup.conftest import Checkout

SPREAD = "-n auto --maxprocesses 8 --dist loadfile --no-loadscope-reorder"


def run_tests(checkout: Checkout, *arguments: str, **variables: object) -> subprocess.CompletedProcess[str]:
    return checkout.call(checkout.path / "test", *arguments, **variables)


def test_run_takes_the_environment_that_test_made(checkout: Checkout) -> None:
    run_tests(checkout)
    before = len(checkout.calls())
    done = checkout.run("alerts")
    assert done.stderr == ""
    assert checkout.calls()[before:] == ["-I -m monitor alerts"]


def test_test_adds_to_the_environment_that_run_made(checkout: Checkout) -> None:
    checkout.run()
    done = run_tests(checkout)
    assert "adding what ./test needs" in done.stderr
    assert len(checkout.calls("-m venv")) == 1


def test_once_set_up_it_only_checks_and_tests(checkout: Checkout) -> None:
    run_tests(checkout)
    before = len(checkout.calls())
    assert run_tests(checkout).stderr == ""
    called = sorted(call.strip() for call in checkout.calls()[before:])
    assert called == [f"-m pytest {SPREAD}", "lint-imports", "mypy", "ruff check .", "ruff format --check ."]


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ([], SPREAD),
        (["--long"], f"{SPREAD} --long"),
        (["tests/core"], "tests/core"),
        (["--long", "-s"], "--long -s"),
    ],
)
def test_the_whole_suite_is_shared_out_over_the_cores_and_a_part_is_not(
    checkout: Checkout, given: list[str], taken: str
) -> None:
    run_tests(checkout, *given)
    assert checkout.calls("-m pytest") == [f"-m pytest {taken}"]


def test_the_tools_are_added_again_when_their_lock_changes(checkout: Checkout) -> None:
    run_tests(checkout)
    (checkout.path / "requirements-dev.txt").write_text("# second\n")
    before = len(checkout.calls())
    run_tests(checkout)
    assert any("requirements-dev.txt" in call for call in checkout.calls()[before:])


def test_arguments_are_pytests(checkout: Checkout) -> None:
    run_tests(checkout, "--long", "-k", "two words")
    assert checkout.calls("-m pytest") == ["-m pytest --long -k two words"]


@pytest.mark.parametrize("code", [0, 1, 2, 5])
def test_pytests_exit_code_is_its_own_and_its_summary_the_last_line(checkout: Checkout, code: int) -> None:
    done = run_tests(checkout, EXIT=code)
    assert done.returncode == code
    assert done.stdout.splitlines()[-1] == "== pretended summary =="


@pytest.mark.parametrize(("tool", "check"), [("ruff", "lint"), ("mypy", "types"), ("lint-imports", "layers")])
def test_a_failed_check_is_shown_and_no_test_runs(checkout: Checkout, tool: str, check: str) -> None:
    done = run_tests(checkout, FAILS=tool)
    assert done.returncode == 1
    assert f"{tool} is not content" in done.stderr
    assert f"failed before any test ran: {check}" in done.stderr
    assert checkout.calls("-m pytest") == []


def test_every_failed_check_is_shown_at_once(checkout: Checkout) -> None:
    run_tests(checkout)
    tools = (checkout.path / ".venv").resolve() / "bin"
    for tool in ("mypy", "lint-imports"):
        (tools / tool).write_text("#!/bin/sh\nexit 1\n")
    assert "failed before any test ran: types layers" in run_tests(checkout).stderr
