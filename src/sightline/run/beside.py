"""The runs that lie in a folder, for messages about one that is missing."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

SHOWN: Final = 3
"""Runs that a message names."""


def runs_in(folder: Path) -> list[Path]:
    """The runs that lie in a folder, the latest first; none where it cannot be listed."""
    try:
        return sorted((path.parent for path in folder.glob("*/config.yaml")), reverse=True)
    except OSError:
        return []


def named(runs: Sequence[Path]) -> str:
    """The names of the first runs, as `run=` takes them, and how many more there are."""
    first = ", ".join(f"{path.parent.name}/{path.name}" for path in runs[:SHOWN])
    return first if len(runs) <= SHOWN else f"{first} and {len(runs) - SHOWN} more"
