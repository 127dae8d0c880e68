"""Programs that a benchmark starts, each in a process of its own, and what it tells on the way."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from sightline.machine.provenance import provenance

ROOT = Path(__file__).parents[1]


def printed(*words: str, python: str = sys.executable) -> str:
    """What a Python program of this checkout prints.

    Raises:
        SystemExit: it failed; with what it complained of.
    """
    paths = os.pathsep.join([str(ROOT), str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"PYTHONPATH": paths}
    done = subprocess.run([python, *words], capture_output=True, text=True, cwd=ROOT, env=environment)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)} failed\n{done.stderr}")
    return done.stdout


def machine_facts() -> dict[str, Any]:
    """Where and when a result was read, for its file: no path, no name."""
    found = provenance([], "")
    return {key: found[key] for key in ("time", "git", "machine", "packages")}


def tell(name: str, answer: dict[str, Any]) -> None:
    """Say what was found so far, on the standard error."""
    print(name, json.dumps(answer), file=sys.stderr, flush=True)
