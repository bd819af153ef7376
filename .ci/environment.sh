# Makes the Python environment that ./run and ./test share, and says whether it is still the right one.
# It is sourced, in POSIX sh, with $root set to the checkout; it must not change directory, print on stdout, or
# touch the network once all is set up.
#
#   .venv -> .venvs/ID   ID stands for the runtime lock, the interpreter and the checkout's own path. A new one is
#                        built beside the old one and only then takes its place, so an interrupted set-up leaves
#                        the old one in use, or none.
#   .venv/ready-run      what the environment was made from; equal to what is there now means nothing to do
#   .venv/ready-test     the same with the tools of ./test added
#   .venv/found          the interpreters that were there to choose from
#   .venvs/lock          two set-ups at once wait for each other

# shellcheck shell=sh
# shellcheck disable=SC2154  # $root is the caller's

say() { printf 'monitor: %s\n' "$*" >&2; }

fail() { say "$*"; exit 1; }

# The locks of "run" or of "test". Their names are absolute, so that a moved checkout is noticed too.
made_from() {
  if [ "$1" = test ]; then
    sha256sum "$root/pyproject.toml" "$root/requirements.txt" "$root/requirements-dev.txt"
  else
    sha256sum "$root/pyproject.toml" "$root/requirements.txt"
  fi
  stat -L -c '%n %s %.9Y' "$root/.venv/bin/python"
}

# Every interpreter that may be chosen, best first: $PYTHON alone where it is set.
candidates() {
  # shellcheck disable=SC2086  # a list
  for name in "${PYTHON:-}" ${PYTHON:+-} python3 python3.14 python3.13 python3.12 python3.11; do
    case $name in
      '') continue ;;
      -) break ;;
    esac
    command -v "$name" || :
  done
}

# Pyenv's names never change, what they stand for does.
found() (
  IFS='
'
  set -f
  echo "${PYENV_VERSION:-}"
  # shellcheck disable=SC2046  # one a line
  stat -L -c '%n %s %.9Y' $(candidates) "${PYENV_ROOT:-${HOME:-}/.pyenv}/version" 2>/dev/null || :
)

# Another login, or a tree that cannot be written, takes the environment as it is, unless $PYTHON says otherwise: only
# its maker has it follow the interpreter that the PATH now names.
ours() { [ -O "$root" ] && [ -w "$root" ]; }

# Nothing that the environment was made from has changed.
whole() { [ -f "$root/.venv/ready-$1" ] && made_from "$1" 2>/dev/null | cmp -s - "$root/.venv/ready-$1"; }

# No Python is started here: this is all that a warm start pays.
ready() {
  whole "$1" || return 1
  { ! ours && [ -z "${PYTHON:-}" ]; } || found | cmp -s - "$root/.venv/found"
}

# Prints "VERSION PATH" of an interpreter that fits; fails with 2 where it is too old or new, 3 where it has no venv.
describe() {
  "$1" -I -c '
import sys
if sys.implementation.name != "cpython" or not (3, 11) <= sys.version_info[:2] <= (3, 14):
    sys.exit(2)
try:
    import ensurepip, venv
except ImportError:
    sys.exit(3)
import os
print("%d.%d.%d" % sys.version_info[:3], os.path.realpath(getattr(sys, "_base_executable", "") or sys.executable))
' 2>/dev/null
}

# Sets $version and $python, or ends with a hint.
choose() {
  no_venv=''
  list=$(candidates)
  while IFS= read -r path; do
    [ -n "$path" ] || continue
    status=0
    description=$(describe "$path") || status=$?
    if [ "$status" = 0 ]; then
      version=${description%% *}
      python=${description#* }
      return 0
    fi
    [ "$status" != 3 ] || [ -n "$no_venv" ] || no_venv=$path
  done <<END
$list
END
  if [ -n "$no_venv" ]; then
    fail "$no_venv cannot make a virtual environment (no venv or no ensurepip)." \
      "On Debian and Ubuntu: sudo apt install python3-venv"
  elif [ -n "${PYTHON:-}" ]; then
    fail "PYTHON=$PYTHON is not a Python 3.11, 3.12, 3.13 or 3.14. Name one that is, or unset PYTHON."
  fi
  fail "Python 3.11, 3.12, 3.13 or 3.14 is needed, and none is on the PATH." \
    "On Debian 12 or later: sudo apt install python3 python3-venv. Or name one: PYTHON=/path/to/python3.12 $0"
}

# The user's own index, proxy and certificates stay in force; what would send packages elsewhere does not.
install() {
  env -u PIP_TARGET -u PIP_PREFIX -u PIP_ROOT -u PYTHONPATH -u PYTHONHOME PIP_USER=0 PIP_REQUIRE_VIRTUALENV=0 \
    PIP_NO_INPUT=1 PIP_DISABLE_PIP_VERSION_CHECK=1 \
    "$place/bin/python" -m pip install -qq --no-deps --no-compile "$@" >&2
}

install_locked() {
  install --require-hashes --only-binary=:all: -r "$root/$1" || fail "the packages of $1 could not be installed;" \
    "the reason is above. Set-up needs the network this once: ./run or ./test again goes on from here."
}

# Writes a stamp in one step, after all that it vouches for.
stamp() { cat >"$place/$1.new" && mv -f "$place/$1.new" "$place/$1"; }

make_environment() {
  say "setting up with Python $version in .venv (once; needs the network, takes up to a minute)"
  rm -rf "$place"
  env -u PYTHONPATH -u PYTHONHOME "$python" -m venv "$place" >&2 ||
    fail "$python could not make a virtual environment. On Debian and Ubuntu: sudo apt install python3-venv"
  install_locked requirements.txt
  : | stamp complete
}

# Puts the checkout itself in, and byte code for all, so that the first start is as quick as the next.
install_checkout() {
  install --no-build-isolation -e "$root" || fail "the checkout could not be installed; the reason is above."
  "$place/bin/python" -m compileall -q -j 0 "$place/lib" "$root/monitor" >/dev/null 2>&1 || :
}

# Makes .venv point to $place, in one step, and takes away all but it and the one it replaces, which may still run.
put_in_place() {
  before=$(readlink "$root/.venv" || :)
  if [ "$before" != ".venvs/$id" ]; then
    ln -sfn ".venvs/$id" "$root/.venvs/new"
    mv -T "$root/.venvs/new" "$root/.venv" || fail "$root/.venv is in the way: move it away, and try again."
    for old in "$root"/.venvs/*/; do
      old=${old%/}
      [ "$old" = "$place" ] || [ "$old" = "$root/$before" ] || rm -rf "$old"
    done
  fi
}

set_up() {
  choose
  id=$({ sha256sum "$root/requirements.txt" && printf '%s\n' "$version" "$python"; } | sha256sum | cut -c1-12)
  place=$root/.venvs/$id
  # Another PATH leads to the same choice: that is all there is to note.
  if whole "$1" && [ "$(readlink "$root/.venv")" = ".venvs/$id" ]; then
    found | stamp found
    return 0
  fi
  if ! [ -f "$place/complete" ] || ! [ -x "$place/bin/python" ]; then make_environment; fi
  if [ "$1" = test ]; then
    [ -f "$place/ready-test" ] || say "adding what ./test needs (once)"
    install_locked requirements-dev.txt
  fi
  install_checkout
  put_in_place
  if [ "$1" = test ]; then made_from test | stamp ready-test; fi
  made_from run | stamp ready-run
  found | stamp found
  # Root in someone's checkout leaves nothing there that its owner could not replace.
  [ -O "$root" ] || chown -Rh --reference="$root" "$root/.venvs" "$root/.venv"
}

# Leaves with .venv ready for "run" or for "test", or ends with exit code 1 and the reason.
ensure() {
  if ready "$1"; then return 0; fi
  command -v flock >/dev/null || fail "flock is needed. On Debian and Ubuntu: sudo apt install util-linux"
  [ -w "$root" ] || fail "$root is not set up for this, and cannot be written: run $0 once as its owner."
  (
    umask 022
    mkdir -p "$root/.venvs"
    exec 9>"$root/.venvs/lock"
    flock -n 9 || { say "waiting for another set-up to end"; flock 9; }
    ready "$1" || set_up "$1"
  )
}
