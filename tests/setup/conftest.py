"""A small checkout with the real scripts and a pretended Python, so that set-up takes milliseconds."""

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Stands for an interpreter, and by a link for a virtual environment's: writes down each call in $LOG and does
# the least that the scripts rely on. The file VERSION beside it is its version.
PYTHON = r"""#!/bin/sh
real=$(readlink -f "$0")
here=${real%/*}
bin=${0%/*}
printf '%s\n' "$*" | head -1 >>"$LOG"
tool() {
  {
    echo '#!/bin/sh'
    echo "echo \"$1 \$*\" >>\"\$LOG\""
    echo "[ \"\${FAILS:-}\" != $1 ] || { echo '$1 is not content'; exit 1; }"
  } >"$bin/$1"
  chmod +x "$bin/$1"
}
case "$1 $2 $3" in
  "-I -c "*)
    [ -z "${STATUS:-}" ] || exit "$STATUS"
    echo "$(cat "$here/VERSION") $real" ;;
  "-m venv "*)
    [ -z "${PYTHONPATH:-}" ] || exit 1
    echo talk
    mkdir -p "$3/bin" "$3/lib" && ln -s "$real" "$3/bin/python" ;;
  "-m pip install")
    [ -z "${PYTHONPATH:-}${PIP_TARGET:-}" ] || exit 1
    case "$*" in
      *requirements*)
        echo talk
        if [ -n "${WAIT:-}" ]; then echo >"$WAIT.reached"; until [ -e "$WAIT" ]; do sleep 0.01; done; fi
        [ -z "${NO_NETWORK:-}" ] || { echo "no network" >&2; exit 1; } ;;
    esac
    case "$*" in *requirements-dev*) tool ruff; tool mypy; tool lint-imports ;; esac ;;
  "-m pytest "*) echo "pid $$"; echo "== pretended summary =="; exit "${EXIT:-0}" ;;
  "-I -m monitor")
    shift 3
    printf 'in %s\n' "$PWD"
    printf 'pid %s\n' $$
    printf 'umask %s\n' "$(umask)"
    printf 'bytecode %s\n' "${PYTHONDONTWRITEBYTECODE-kept}"
    for argument in "$@"; do printf '<%s>\n' "$argument"; done
    exit "${EXIT:-0}" ;;
esac
"""


@dataclass
class Checkout:
    """A checkout whose scripts can be called, and what they called."""

    path: Path
    interpreters: Path
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, *arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
        """Call ./run."""
        return self.call(self.path / "run", *arguments, **options)

    def call(
        self,
        script: Path,
        *arguments: str,
        cwd: Path | None = None,
        umask: int = -1,
        **variables: object,
    ) -> subprocess.CompletedProcess[str]:
        """Call a script, with more environment variables, from a directory."""
        return subprocess.run(
            [str(script), *arguments],
            cwd=cwd or self.path,
            env=self.environment | {key: str(value) for key, value in variables.items()},
            umask=umask,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )

    def start(self, script: str, *arguments: str, **variables: object) -> subprocess.Popen[str]:
        """Start a script without waiting for it."""
        return subprocess.Popen(
            [str(self.path / script), *arguments],
            env=self.environment | {key: str(value) for key, value in variables.items()},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def interpreter(self, name: str, version: str) -> Path:
        """Put a pretended interpreter where $PYTHON, or the PATH, can name it."""
        home = self.interpreters.parent / f"python-{version}-{name}"
        home.mkdir()
        (home / "VERSION").write_text(version)
        path = home / name
        path.write_text(PYTHON)
        path.chmod(0o755)
        link = self.interpreters / name
        link.unlink(missing_ok=True)
        link.symlink_to(path)
        return path

    def calls(self, beginning: str = "") -> list[str]:
        """Give what was called, from the first."""
        log = Path(self.environment["LOG"])
        return [line for line in log.read_text().splitlines() if line.startswith(beginning)]

    def environments(self) -> set[str]:
        """Give the names of the environments on disk."""
        return {path.name for path in (self.path / ".venvs").iterdir() if path.is_dir()}

    def in_use(self) -> str:
        """Give the name of the environment that is in use."""
        return Path(os.readlink(self.path / ".venv")).name


def copy_scripts(target: Path) -> None:
    """Copy what set-up consists of, with locks that name nothing."""
    (target / ".ci").mkdir(parents=True)
    (target / "monitor").mkdir()
    for name in ("run", "test", ".ci/environment.sh"):
        shutil.copy(ROOT / name, target / name)
    for name in ("pyproject.toml", "requirements.txt", "requirements-dev.txt"):
        (target / name).write_text("# first\n")


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A checkout that was never set up, and a Python 3.12.1 first on the PATH."""
    path = tmp_path / "a checkout"
    copy_scripts(path)
    interpreters = tmp_path / "bin"
    interpreters.mkdir()
    log = tmp_path / "log"
    log.touch()
    # Only the tools that the scripts need, and no Python of this machine.
    tools = tmp_path / "tools"
    tools.mkdir()
    needed = (
        "cat chmod chown cmp cut dirname env flock head "
        "ln mkdir mktemp mv readlink rm sh sha256sum sleep stat"
    )
    for name in needed.split():
        (tools / name).symlink_to(str(shutil.which(name)))
    environment = {
        "PATH": f"{interpreters}:{tools}",
        "LOG": str(log),
        "HOME": str(tmp_path),
        "TMPDIR": str(tmp_path),
    }
    made = Checkout(path, interpreters, environment)
    made.interpreter("python3", "3.12.1")
    return made
