#!/usr/bin/env bash
# bash tests/services/postgresql.sh start DIR PORT | stop DIR
# A throwaway PostgreSQL in DIR, begun again where there is one, listening on 127.0.0.1 alone, without passwords; installed by apt where it is missing.
# Exit status 77, and why, where it can neither be found nor installed.
set -euo pipefail

action=$1
folder=$2
port=${3-}

skip() {
  printf 'PostgreSQL: %s\n' "$*" >&2
  exit 77
}

find_bin() {
  local found
  found=$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -1)
  if [[ -z $found ]] && command -v pg_ctl >/dev/null; then found=$(dirname "$(command -v pg_ctl)"); fi
  printf '%s' "$found"
}

# PostgreSQL refuses to run as root, so there it runs as a user of its own.
as_user() {
  if [[ $(id -u) == 0 ]]; then runuser -u sightline-pg -- "$@"; else "$@"; fi
}

bin=$(find_bin)
if [[ -z $bin ]]; then
  if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then skip "not installed, and only root may install it"; fi
  export DEBIAN_FRONTEND=noninteractive
  exec 8>/var/lock/sightline-apt # one at a time: tests/container/check.sh installs too
  flock 8
  { apt-get update -q && apt-get install -q -y --no-install-recommends postgresql; } >/dev/null 2>&1 ||
    skip "not installed, and apt-get cannot install it"
  exec 8>&-
  bin=$(find_bin)
fi
cd / # wherever the caller is, its folder may be closed to the other user

if [[ $action == stop ]]; then
  as_user "$bin/pg_ctl" -D "$folder/data" -m fast -w stop >/dev/null
  exit
fi
if [[ -d $folder/data ]]; then new=; else new=1; fi
mkdir -p "$folder"
if [[ $(id -u) == 0 ]]; then
  id sightline-pg >/dev/null 2>&1 || useradd --system --no-create-home sightline-pg
  chown sightline-pg "$folder"
fi
if [[ $new ]]; then as_user "$bin/initdb" -D "$folder/data" -U sightline --auth=trust -E UTF8 --locale=C.UTF-8 --no-sync >/dev/null; fi
as_user "$bin/pg_ctl" -D "$folder/data" -w -l "$folder/log" \
  -o "-p $port -h 127.0.0.1 -k $folder -c fsync=off" start >/dev/null
if [[ $new ]]; then "$bin/createdb" -h 127.0.0.1 -p "$port" -U sightline sweeps; fi
