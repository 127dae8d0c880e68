"""Paths as a person writes them."""

import os
from pathlib import Path


def path_of(text: str | Path) -> Path:
    """The path of a text: `~` and `~user` at its beginning are homes; of a user whom nobody knows they stay."""
    return Path(os.path.expanduser(text))  # noqa: PTH111 - Path.expanduser raises RuntimeError for such a user
