"""The record of what a run was made with: git, versions, machine and command."""

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TypedDict

import psutil

import sightline
from sightline.machine.container import usable_cores
from sightline.machine.credentials import hidden

PACKAGES = ("torch", "torchvision", "timm", "numpy", "scipy", "scikit-learn", "pillow", "hydra-core", "mlflow")


class Commit(TypedDict):
    """Where the code stands, and whether it was changed since."""

    commit: str
    dirty: bool


class Machine(TypedDict):
    """What a run was made on."""

    platform: str
    cpu: str
    cores: int
    memory_gb: float
    gpu: str | None


class Provenance(TypedDict):
    """What a run was made with."""

    sightline: str
    time: str
    command: list[str]
    config_hash: str
    git: Commit | None
    python: str
    packages: dict[str, str]
    machine: Machine
    threads: int


def now() -> str:
    """The time in UTC, to the second, as ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def version_of(package: str) -> str:
    """Of an installed package; what is not there says so, for a run may do without it."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def provenance(command: list[str], config_hash: str) -> Provenance:
    """Git, versions, machine and command, for `provenance.json`."""
    return {
        "sightline": sightline.__version__,
        "time": now(),
        "command": [hidden(word) for word in command],
        "config_hash": config_hash,
        "git": _git(),
        "python": platform.python_version(),
        "packages": {name: version_of(name) for name in PACKAGES},
        "machine": _machine(),
        "threads": usable_cores(),
    }


def _git() -> Commit | None:
    """The commit the code stands at: the one an image was built from, else the checkout's, else None."""
    if built_from := os.environ.get("SIGHTLINE_REVISION"):
        return {"commit": built_from, "dirty": built_from.endswith("-dirty")}
    folder = Path(__file__).parent

    def ask(*words: str) -> str:
        return subprocess.run(  # noqa: S603 - fixed words
            ["git", "-C", str(folder), *words],  # noqa: S607 - whichever git there is
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        ).stdout.strip()

    try:
        return {"commit": ask("rev-parse", "HEAD"), "dirty": bool(ask("status", "--porcelain"))}
    except (OSError, subprocess.SubprocessError):
        return None


def _machine() -> Machine:
    torch = sys.modules.get("torch")
    gpu = torch.cuda.get_device_name(0) if torch is not None and torch.cuda.is_available() else None
    return {
        "platform": platform.platform(),
        "cpu": _cpu_name(),
        "cores": usable_cores(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "gpu": gpu,
    }


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
