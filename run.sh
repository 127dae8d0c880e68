#!/usr/bin/env bash
# bash run.sh [EPOCHS] [MODEL] [MODE] [DIR] [key=value ...]     bash run.sh --help
# bash run.sh setup | test [all] [pytest's arguments] | FILE.py [its arguments]
# Sets everything up on its first call, then hands over to Python. The environment lies in .venv, or where SIGHTLINE_VENV says;
# SIGHTLINE_DEV=0 leaves out what only the project's own tests and gates need.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv=${SIGHTLINE_VENV:-$here/.venv}
lock=$here/requirements.lock
stamp=$venv/.installed

say() { printf 'sightline: %s\n' "$*" >&2; }

find_python() {
  local name
  for name in python3.12 python3.13 python3.11 python3; do
    if "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
      command -v "$name"
      return
    fi
  done
  say "no Python 3.11, 3.12 or 3.13 found; install one and call again"
  exit 2
}

# Prints the path of uv: the one on the PATH, else the locked one in an environment of its own.
find_uv() {
  if command -v uv 2>/dev/null; then return; fi
  local pin
  pin=$(mktemp)
  awk '/^uv==/ {on = 1; print; next} on && /^ / {print; next} {on = 0}' "$lock" >"$pin"
  say "uv is not on the PATH: installing it beside the environment"
  if ! { "$1" -m venv "$venv-uv" && "$venv-uv/bin/pip" install --quiet --disable-pip-version-check --require-hashes --requirement "$pin"; } >&2; then
    say "uv could not be installed, why stands above; a uv on the PATH will do"
    exit 1
  fi
  rm -f "$pin"
  printf '%s\n' "$venv-uv/bin/uv"
}

# The same versions and hashes either way.
install() {
  local hashed=(--quiet --python "$venv/bin/python" --compile-bytecode --require-hashes)
  if [[ ${SIGHTLINE_DEV-1} == 0 ]]; then
    "$1" pip install "${hashed[@]}" --requirement "$here/pyproject.toml" --constraint "$lock"
  else
    "$1" pip sync "${hashed[@]}" "$lock"
  fi
}

set_up() {
  local python uv
  python=$(find_python)
  mkdir -p "$(dirname "$venv")"
  exec 9>"$venv.lock"
  if command -v flock >/dev/null; then flock 9; fi
  if [[ -f $stamp && $(<"$stamp") == "$1" ]]; then return; fi # another call did it while this one waited
  uv=$(find_uv "$python")
  say "first call: installing the locked requirements into $venv"
  "$uv" venv --quiet --allow-existing --python "$python" "$venv"
  install "$uv"
  printf '%s' "$1" >"$stamp"
  exec 9>&-
  rm -f "$venv.lock"
}

# Writes a small file whole, where it does not hold just that already.
put() {
  if [[ -f $1 && $(<"$1") == "$2" ]]; then return; fi
  printf '%s\n' "$2" >"$1.$$"
  chmod "$3" "$1.$$"
  mv -f "$1.$$" "$1"
}

# Puts the project into its environment: a path that Python reads on its start, and the program `sightline`.
# An environment that lies in a checkout, as .venv does, belongs to that one, by a relative path, so that both may be moved together; any other
# belongs to the checkout that set it up last.
link() {
  local source=$here/src site
  if [[ -f $venv/../src/sightline/__init__.py ]]; then source=../../../../src; fi
  for site in "$venv"/lib/python3.*/site-packages; do put "$site/sightline.pth" "$source" 644; done
  # shellcheck disable=SC2016 # the program's own shell expands it
  put "$venv/bin/sightline" $'#!/bin/sh\nexec "$(dirname -- "$(readlink -f -- "$0")")/python" -m sightline "$@"' 755
}

is_linked() {
  local site source
  for site in "$venv"/lib/python3.*/site-packages; do
    read -r source 2>/dev/null <"$site/sightline.pth" || return 1
    if [[ $source != /* ]]; then source=$site/$source; fi
    [[ -f $source/sightline/__init__.py ]] || return 1
  done
  [[ -x $venv/bin/sightline ]]
}

# Left set, it would keep every later import from being cached.
unset PYTHONDONTWRITEBYTECODE

wanted=$(cksum <"$lock")
if [[ ! -f $stamp || $(<"$stamp") != "$wanted" ]]; then set_up "$wanted"; fi
if [[ -f $here/src/sightline/__init__.py ]]; then # an image has its packages before it has the source
  # Where nothing may be written that is no obstacle: the path below does for this call.
  if [[ ${1-} == setup ]]; then link; elif ! is_linked; then (link) 2>/dev/null || true; fi
fi
if [[ ${1-} == setup ]]; then exit; fi

export PYTHONPATH=$here/src${PYTHONPATH:+:$PYTHONPATH}

if [[ ${1-} == *.py ]]; then exec "$venv/bin/python" "$@"; fi

words=("$@") # one that is left out may be ""
while ((${#words[@]})) && [[ -z ${words[0]} ]]; do words=("${words[@]:1}"); done
if [[ ${words[0]-} == test ]]; then
  set -- "${words[@]:1}"
  cd "$here"
  selection=(-m "not slow and not exhaustive") # a later -m, among the arguments, takes its place
  if [[ ${1-} == all ]]; then
    shift
    selection=(-m "not exhaustive")
  fi
  # One process a core; file by file in their own order, since the long ones come first (tests/conftest.py).
  cores=$("$venv/bin/python" -c 'from sightline.machine.container import usable_cores; print(usable_cores())')
  exec "$venv/bin/python" -m pytest -n "$cores" --dist loadfile --no-loadscope-reorder "${selection[@]+"${selection[@]}"}" "$@"
fi

exec "$venv/bin/python" -m sightline "$@"
