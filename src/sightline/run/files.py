"""Writing files so that a crash leaves the old one or the new one, and equal content gives equal bytes."""

import glob
import io
import os
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from sightline.errors import naming_file
from sightline.machine.file_lock import try_lock
from sightline.run.seal import sealed

_PARTIAL = re.compile(r"\..+\.\d+\.partial")
"""What a file is called until it is whole."""


@contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """A stream under a temporary name in the same folder; flushed to disk and moved into place when all went well.

    What a killed writer of the same file left is removed first.

    Raises:
        OSError: it cannot be written; it names the file.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    _remove_dead(path.parent.glob(f".{glob.escape(path.name)}.*.partial"))
    try:
        with naming_file(path), temporary.open("wb") as stream:
            try_lock(stream.fileno())
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
            temporary.replace(path)
    except BaseException:
        with suppress(OSError):  # what went wrong before says more
            temporary.unlink(missing_ok=True)
        raise


def remove_partial(folder: Path) -> None:
    """Remove what killed writers left in a folder, at any depth; what is being written stays."""
    _remove_dead(path for path in folder.rglob(".*.partial") if is_partial(path.name))


def is_partial(name: str) -> bool:
    """Whether a file of this name is one that is not whole."""
    return _PARTIAL.fullmatch(name) is not None


def _remove_dead(paths: Iterable[Path]) -> None:
    """Remove files that nobody holds the lock of: their writers are dead."""
    for path in paths:
        with suppress(OSError), path.open("rb") as stream:
            if try_lock(stream.fileno()):
                path.unlink()


def npz(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Named arrays as the bytes of a sealed `.npz` file, without the times that `numpy.savez` puts in."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for key, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, np.ascontiguousarray(array), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{key}.npy"), member.getvalue())
    return sealed(content.getvalue())
