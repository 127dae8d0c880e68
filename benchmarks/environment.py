"""A Python for the benchmarks: the project's locked packages, and the peers that it is compared with."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

LOCK = Path(__file__).parents[1] / "requirements.lock"


def peer_python(*packages: str) -> Path:
    """The Python of a virtual environment with the locked packages and the newest of the named peers beside them.

    It is made once, by the locked uv, and used again while lock, peers and Python are the same. It lies under
    SIGHTLINE_BENCH_ENV, else under the user's cache folder.

    Raises:
        SystemExit: uv is missing, or cannot install the packages.
    """
    facts = [LOCK.read_text(), *sorted(packages), sys.version]
    key = hashlib.blake2b("\n".join(facts).encode(), digest_size=6).hexdigest()
    folder = _cache() / key
    python, stamp = folder / "bin/python", folder / "peers.txt"
    if not stamp.is_file():
        print(f"making an environment with {', '.join(packages)}: {folder}", file=sys.stderr)
        _uv("venv", "--quiet", "--clear", "--python", sys.executable, str(folder))
        _uv("pip", "install", "--quiet", "--python", str(python), "--requirement", str(LOCK), *packages)
        stamp.write_text("\n".join(packages) + "\n")
    return python


def go_on_beside(script: str, peers: Mapping[str, str]) -> None:
    """End this process by the same benchmark in an environment with its peers, unless they are here.

    Args:
        script: as `python -m` takes it.
        peers: packages by the modules that they bring.
    """
    if all(find_spec(module) for module in peers):
        return
    python = str(peer_python(*peers.values()))
    raise SystemExit(subprocess.run([python, "-m", script, *sys.argv[1:]]).returncode)


def _cache() -> Path:
    own = os.environ.get("SIGHTLINE_BENCH_ENV")
    if own:
        return Path(own).resolve()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sightline-benchmarks"


def _uv(*words: str) -> None:
    beside = Path(sys.executable).with_name("uv")
    uv = str(beside) if beside.is_file() else shutil.which("uv")
    if uv is None:
        raise SystemExit("uv is neither beside this Python nor on the PATH; run.sh installs it")
    if subprocess.run([uv, *words]).returncode:
        raise SystemExit(f"uv {words[0]} failed; the peers need a package index that can be reached")
