"""States of a folder: kept, put back, and told apart by what is in them."""

import json
import os
import re
import shutil
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

PROCESS = re.compile(r"(?<=[.\-])\d{2,7}(?=\.partial|$)")
"""The number of a process, in names of temporary files."""
DRAWN = re.compile(r"(?<=\.building-)\w{8}")
"""What `tempfile` draws."""
IGNORED = ("log.txt",)
"""Files that nothing is read from."""


class Entry(NamedTuple):
    """What is at a path: a folder, a link, or a file.

    Attributes:
        kind: which of them.
        content: of a file the name of its content, of a link where it points to.
        time: when it was changed, in nanoseconds.
    """

    kind: str
    content: str
    time: int


def spelled(path: Path) -> str:
    """A path without what differs each time."""
    return DRAWN.sub("DRAWN", PROCESS.sub("PID", path.as_posix()))


class States:
    """A place where states of folders are kept, equal contents once.

    Args:
        place: an empty folder.
    """

    def __init__(self, place: Path) -> None:
        self.place = place
        place.mkdir(parents=True, exist_ok=True)

    def keep(self, root: Path) -> str:
        """Keep a folder as it is now.

        Returns:
            The name of its state: a digest of names and contents, less those of logs, and of temporary files all but
            whether they are empty. States of one name differ in nothing that a command reads.
        """
        entries = {path.relative_to(root).as_posix(): self._entry(path) for path in sorted(root.rglob("*"))}
        found = blake2b(digest_size=12)
        for path, entry in entries.items():
            if path.endswith(IGNORED):
                continue
            content = entry.content
            if path.endswith(".partial") and entry.kind == "file":
                content = "temporary" if (root / path).stat().st_size else "empty"
            found.update(f"{spelled(Path(path))}\0{entry.kind}\0{content}\0".encode())
        manifest = self.place / f"{found.hexdigest()}.json"
        if not manifest.exists():
            manifest.write_text(json.dumps(entries))
        return found.hexdigest()

    def put_back(self, name: str, root: Path) -> None:
        """Make a folder what it was."""
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        entries = {path: Entry(*entry) for path, entry in json.loads((self.place / f"{name}.json").read_text()).items()}
        for path, entry in entries.items():
            match entry.kind:
                case "folder":
                    (root / path).mkdir()
                case "link":
                    (root / path).symlink_to(entry.content)
                case _:
                    shutil.copyfile(self.place / entry.content, root / path)
                    os.utime(root / path, ns=(entry.time, entry.time))

    def _entry(self, path: Path) -> Entry:
        if path.is_symlink():
            return Entry("link", str(path.readlink()), 0)
        if path.is_dir():
            return Entry("folder", "", 0)
        content = path.read_bytes()
        name = blake2b(content, digest_size=12).hexdigest()
        if not (self.place / name).exists():
            (self.place / name).write_bytes(content)
        return Entry("file", name, path.stat().st_mtime_ns)
