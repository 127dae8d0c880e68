"""Rows that are written as they come, as a table and as a list: what ends a command late costs none that were there."""

import csv
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from io import FileIO, StringIO
from pathlib import Path
from typing import Final, Self

from sightline.errors import RunFailedError, UsageError
from sightline.machine.terminal import logger
from sightline.run.attached_files import AttachedFiles

JSON_END: Final = b"\n]\n"


class RowFiles:
    """`NAME.csv` and `NAME.json` of a folder; until all rows are there, their names end in `.partial`.

    Both are whole after each call of `add`, so whatever reads CSV or JSON reads them however the command ended. The
    files that rows name are `attached`, before the rows are added.

    Args:
        folder: made where it is missing.
        name: of the files, without suffix.
        columns: of the table; the list holds all keys.

    Raises:
        UsageError: the folder cannot be written.
    """

    def __init__(self, folder: Path, name: str, columns: Sequence[str]) -> None:
        self._places = [folder / f"{name}.csv", folder / f"{name}.json"]
        self._partial = [place.with_name(f"{place.name}.{os.getpid()}.partial") for place in self._places]
        self._columns = columns
        self._count = 0
        self._streams: list[FileIO] = []
        self.attached = AttachedFiles(folder, name)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._streams += [FileIO(path, "w") for path in self._partial]
            self._write([self._table([], head=True), b"[]\n"])
        except OSError as error:
            self.discard()
            raise UsageError(f"output={folder} cannot be written: {error.strerror}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Give the files their names, or say where the rows are that there were until then."""
        if kind is None:
            self._finish()
        elif not self._count:
            self.discard()
        else:
            self._close()
            kept = [path for path in (*self._partial, self.attached.partial) if path.exists()]
            where = " and ".join(str(path) for path in kept)
            logger.warning("ended early: the answers to %d files until then are in %s", self._count, where)

    def add(self, rows: Sequence[Mapping[str, object]]) -> None:
        """Write rows.

        Raises:
            RunFailedError: they cannot be written; those before stay.
        """
        if not rows:
            return
        listed = ",\n  ".join(json.dumps(row, indent=2).replace("\n", "\n  ") for row in rows)
        ends = [self._streams[0].tell(), self._streams[1].tell() - len(JSON_END) if self._count else 0]
        self._streams[1].seek(ends[1])
        before = ",\n  " if self._count else "[\n  "
        try:
            self._write([self._table(rows), before.encode() + listed.encode() + JSON_END])
        except OSError as error:
            for stream, end in zip(self._streams, ends, strict=True):
                stream.truncate(end)
                stream.seek(end)
            self._write([b"", JSON_END if self._count else b"[]\n"])  # for which there was room before
            raise RunFailedError(f"{self._places[0].parent} cannot grow: {error.strerror}") from error
        self._count += len(rows)

    def discard(self) -> None:
        """Leave nothing, and write no more."""
        self._close()
        self._count = 0
        for path in self._partial:
            with suppress(OSError):
                path.unlink(missing_ok=True)
        self.attached.discard()

    def _table(self, rows: Sequence[Mapping[str, object]], *, head: bool = False) -> bytes:
        text = StringIO()
        writer = csv.DictWriter(text, self._columns, extrasaction="ignore")
        if head:
            writer.writeheader()
        writer.writerows({key: _cell(value) for key, value in row.items()} for row in rows)
        return text.getvalue().encode()

    def _write(self, contents: Sequence[bytes]) -> None:
        for stream, content in zip(self._streams, contents, strict=True):
            rest = memoryview(content)
            while rest:
                rest = rest[stream.write(rest) :]

    def _finish(self) -> None:
        for stream in self._streams:
            os.fsync(stream.fileno())
        self._close()
        with self.attached.replacing():
            for path, place in zip(self._partial, self._places, strict=True):
                path.replace(place)

    def _close(self) -> None:
        for stream in self._streams:
            stream.close()


def _cell(value: object) -> object:
    """What a table shows of a value: a list, a mapping, true and false as JSON has them."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict | bool) else value
