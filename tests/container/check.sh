#!/usr/bin/env bash
# bash tests/container/check.sh [light]
# Builds the image from Containerfile, and uses it as people do: read-only, without network, without capabilities, as any user. As root, on Debian.
# `light` leaves the packages out and mounts those of this environment instead: a minute or two and 1 GB, where the whole takes ten and 40 GB.
# BASE=IMAGE takes that image for a base; else mmdebstrap makes one. WORK=DIR keeps what was built there for the next call.
# Exit status 77, and why, where it cannot be tried.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
extent=${1:-whole}
image=localhost/sightline:check
caller=4321 # a user that neither the image nor this machine knows
began=$SECONDS

skip() {
  printf 'container: not tried: %s\n' "$*" >&2
  exit 77
}

fail() {
  printf 'container: FAILED: %s\n' "$*" >&2
  exit 1
}

passed() { printf 'container: %4d s  %s\n' $((SECONDS - began)) "$*"; }

# ---------------------------------------------------------------- podman, and a storage of its own

install_podman() {
  local missing=()
  for tool in podman runc mmdebstrap; do command -v $tool >/dev/null || missing+=("$tool"); done
  if ((!${#missing[@]})); then return; fi
  command -v apt-get >/dev/null || skip "${missing[*]} not installed, and there is no apt-get"
  export DEBIAN_FRONTEND=noninteractive
  exec 8>/var/lock/sightline-apt # one at a time: tests/services/postgresql.sh installs too
  flock 8
  { apt-get update -q && apt-get install -q -y --no-install-recommends podman buildah runc netavark uidmap mmdebstrap; } >/dev/null 2>&1 ||
    skip "${missing[*]} not installed, and apt-get cannot install it"
  exec 8>&-
}

configure_podman() {
  cat >"$work/containers.conf" <<'END'
[containers]
default_ulimits = ["nofile=16384:16384", "nproc=32768:32768"]
netns = "host"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
END
  cat >"$work/storage.conf" <<END
[storage]
driver = "overlay"
graphroot = "$work/graph"
runroot = "$work/run"
END
  export CONTAINERS_CONF=$work/containers.conf CONTAINERS_STORAGE_CONF=$work/storage.conf
}

clean_up() {
  podman rm --force --all >/dev/null 2>&1 || true
  if [[ -n ${WORK-} ]]; then return; fi
  podman rmi --force --all >/dev/null 2>&1 || true
  rm -rf "$work"
}

# ---------------------------------------------------------------- base and build

make_base() {
  if [[ -n ${BASE-} ]]; then return; fi
  BASE=localhost/python-base:bookworm
  if podman image exists $BASE; then return; fi
  local mirror
  mirror=$(awk '/^URIs:/ {print $2; exit}' /etc/apt/sources.list.d/debian.sources 2>/dev/null || true)
  mmdebstrap --quiet --variant=minbase --include=python3,python3-venv,ca-certificates bookworm - "${mirror:-http://deb.debian.org/debian}" |
    podman import --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' - $BASE >/dev/null 2>&1 ||
    skip "mmdebstrap cannot make a base image here"
}

# What is committed, or would be; a light one asks for no package but uv.
make_context() {
  mkdir -p "$work/context"
  (cd "$root" && git ls-files -z --cached --others --exclude-standard Containerfile .containerignore run.sh pyproject.toml requirements.lock LICENSE conf src |
    xargs -0 cp --parents --target-directory "$work/context")
  if [[ $extent == light ]]; then
    awk '/^uv==/ {on = 1; print; next} on && /^ / {print; next} {on = 0}' "$root/requirements.lock" >"$work/context/requirements.lock"
    printf '[project]\nname = "light"\nversion = "1"\ndependencies = ["uv"]\n' >"$work/context/pyproject.toml"
  fi
}

build() {
  local certificates=/etc/ssl/certs/ca-certificates.crt secret=()
  if [[ -f $certificates ]]; then secret=(--secret "id=ca,src=$certificates"); fi
  podman build --layers --format docker "${secret[@]}" --build-arg BASE="$BASE" --build-arg REVISION=0123abc --tag $image "$work/context" \
    >"$work/build.log" 2>&1 || { tail -30 "$work/build.log" >&2 && fail "podman build"; }
}

# ---------------------------------------------------------------- use

packages() {
  local site minor
  site=$("$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
  minor=$("$python" -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
  podman run --rm --entrypoint /opt/venv/bin/python $image -c "import sys; sys.exit('python%d.%d' % sys.version_info[:2] != '$minor')" ||
    skip "the base's Python is not the environment's, $minor"
  mounts=(--volume "$site:/opt/venv/lib/$minor/site-packages:ro")
}

# As tight as it gets; the folder for runs is the first argument, or none.
use() {
  local volume=()
  if [[ $1 != none ]]; then volume=(--volume "$1:/app/runs"); fi
  podman run --read-only --tmpfs /tmp --network none --shm-size 64m --cap-drop all --security-opt no-new-privileges "${mounts[@]}" "${volume[@]}" "${@:2}"
}

folder() {
  rm -rf "$work/out/$1"
  mkdir -p "$work/out/$1"
  chown "$2:$2" "$work/out/$1"
  printf '%s' "$work/out/$1"
}

ends_with() {
  local wanted=$1 status=0
  shift
  "$@" >"$work/said" 2>&1 || status=$?
  if [[ $status != "$wanted" ]]; then cat "$work/said" >&2 && fail "status $status, not $wanted: ${*:2}"; fi
  if grep -q Traceback "$work/said"; then cat "$work/said" >&2 && fail "a traceback: ${*:2}"; fi
}

the_demo_belongs_to_its_caller() {
  local out
  out=$(folder demo $caller)
  ends_with 0 use "$out" --rm --user $caller:$caller $image demo "${short[@]}"
  if [[ ! -s $out/latest/report.html ]]; then fail "the demo left no report"; fi
  if [[ -n $(find "$out" ! -user $caller) ]]; then fail "not the caller's: $(find "$out" ! -user $caller | head -3)"; fi
  if [[ ! -s $out/mlflow.db ]]; then fail "MLflow's database is not there"; fi
  grep -q '"commit": "0123abc"' "$out/latest/provenance.json" || fail "provenance.json does not name the commit"
  passed "demo, as user $caller: $(du -sh "$out" | cut -f1) in the mounted folder, all the caller's"
}

the_images_own_user_trains_within_limits() {
  local out
  out=$(folder own 10001)
  sed 's/=sightline$/=from-a-file/' "$root/.env.example" >"$work/env"
  ends_with 0 use "$out" --rm --cpus 1 --memory 3g --env-file "$work/env" $image 1 cnn data=digits
  if [[ $(stat -c %u "$out/latest/report.html") != 10001 ]]; then fail "the image's own user did not write the report"; fi
  grep -q '"threads": 1' "$out/latest/provenance.json" || fail "--cpus 1 was not followed"
  "$python" - "$out/mlflow.db" <<'END' || fail "--env-file was not read"
import sqlite3, sys
names = {name for name, in sqlite3.connect(sys.argv[1]).execute("select name from experiments")}
sys.exit("from-a-file" not in names)
END
  passed "1 cnn data=digits --env-file --cpus 1 --memory 3g, as the image's own user: one thread, MLflow as the file says"
}

mistakes_are_told() {
  ends_with 2 use none --rm $image 1 cnn data=digitz
  ends_with 2 use none --rm $image 1 cnn data=digits
  grep -q runs_dir "$work/said" || { cat "$work/said" >&2 && fail "without a folder for runs, the message names no key"; }
  passed "status 2 for a mistake, and for a read-only image without a folder for runs"
}

a_stop_saves_and_the_run_goes_on() {
  local out
  out=$(folder stop $caller)
  use "$out" --detach --user $caller --name stopped $image 500 cnn data=digits tracking=none >/dev/null
  for _ in $(seq 240); do
    if compgen -G "$out/*/*/checkpoints/last.pt" >/dev/null; then break; fi
    sleep 0.5
  done
  podman stop --time 60 stopped >"$work/said" 2>&1 || { cat "$work/said" >&2 && fail "podman stop"; }
  podman logs stopped >"$work/said" 2>&1
  [[ $(podman inspect --format '{{.State.ExitCode}}' stopped) == 143 ]] || { cat "$work/said" >&2 && fail "podman stop: the status is not 143"; }
  grep -q "state saved" "$work/said" || fail "podman stop: no state was saved"
  passed "podman stop: status 143, the state saved"
}

the_image_holds_what_it_should() {
  # shellcheck disable=SC2016 # the shell within expands it
  ends_with 0 use none --rm --entrypoint sh $image -c '
    test "$(id -u)" != 0 && test ! -e /run/secrets/ca.pem && test ! -e /opt/venv-uv && test ! -e /root/.cache &&
    test ! -w /app/src && test ! -e /opt/venv/bin/mypy && test ! -e /app/tests'
  # Without the packages that `light` mounts over those of the image.
  podman run --rm --entrypoint sh $image -c 'test "$(cat /opt/venv/lib/python3.*/site-packages/sightline.pth)" = /app/src && test -x /opt/venv/bin/sightline' ||
    fail "the environment does not hold the project"
  [[ $(podman inspect --format '{{index .Config.Labels "org.opencontainers.image.revision"}}' $image) == 0123abc ]] || fail "no label for the revision"
  passed "no root, no secret, no cache, no tools of the tests; labels; the project in its environment"
}

a_changed_source_installs_nothing() {
  printf '\nCHANGED = True\n' >>"$work/context/src/sightline/__init__.py"
  local before=$SECONDS
  build
  if grep -q "installing the locked" "$work/build.log"; then fail "a change of the source installed the packages anew"; fi
  ends_with 0 use none --rm --entrypoint /opt/venv/bin/python $image -c 'import sys; sys.path.insert(0, "/app/src"); from sightline import CHANGED'
  passed "a changed source: built anew in $((SECONDS - before)) s, nothing installed"
}

# ---------------------------------------------------------------- all of it

case $extent in
  whole) short=() need=40 ;;
  light) short=(training.epochs=2) need=4 ;;
  *) printf 'usage: bash tests/container/check.sh [light]\n' >&2 && exit 2 ;;
esac
if [[ $(id -u) != 0 ]]; then skip "only root can make a base and a storage of its own"; fi
work=${WORK:-$(mktemp -d /var/tmp/sightline-check.XXXXXX)}
mkdir -p "$work"
free=$(df --output=avail -BG "$work" | tail -1 | tr -dc 0-9)
if ((free < need)) && [[ -z ${WORK-} ]]; then rmdir "$work" && skip "$need GB of disk are needed, $free are free"; fi
install_podman
configure_podman
trap clean_up EXIT
python=${SIGHTLINE_VENV:-$root/.venv}/bin/python
mounts=()

make_base
passed "a base: $(podman image inspect --format '{{.Size}}' "$BASE" | numfmt --to=si)B"
make_context
build
passed "the image: $(podman image inspect --format '{{.Size}}' $image | numfmt --to=si)B"
if [[ $extent == light ]]; then packages; fi
the_image_holds_what_it_should
the_demo_belongs_to_its_caller
the_images_own_user_trains_within_limits
mistakes_are_told
a_stop_saves_and_the_run_goes_on
a_changed_source_installs_nothing
printf 'container: all passed\n'
