"""Files of a run as a server may have them: earlier versions kept passwords that were typed."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sightline.machine.credentials import hidden

TYPED: Final = ("config.yaml", "provenance.json")
REPEATED: Final = ("model_card.md", "report.html")
"""Files that hold what a person typed, and those that show it."""


@contextmanager
def presentable(path: Path, name: str) -> Iterator[Path]:
    """The file, or a copy of it with what it holds in secret hidden: earlier versions kept what was typed."""
    words = [path.with_name(given) for given in TYPED] if name in (*TYPED, *REPEATED) else []
    if not any(hidden(text) != text for text in (_text(given) for given in words if given.is_file())):
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        copy.write_text(hidden(_text(path)), encoding="utf-8", errors="surrogateescape")
        yield copy


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="surrogateescape")
