"""Writing files so that a crash leaves the old one or the new one, and equal content gives equal bytes."""

import io
import os
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray


@contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """A stream under a temporary name in the same folder; flushed to disk and moved into place when all went well."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with temporary.open("wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def npz(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Named arrays as the bytes of an `.npz` file, without the times that `numpy.savez` puts in."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for key, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, np.ascontiguousarray(array), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{key}.npy"), member.getvalue())
    return content.getvalue()
