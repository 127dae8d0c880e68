"""Reading `.npz` files that anybody may have made: plain arrays only, and never more than the file can mean."""

import lzma
import zlib
from collections.abc import Container
from pathlib import Path
from tokenize import TokenError
from typing import Any, Final
from zipfile import BadZipFile, ZipFile

import numpy as np
from numpy.typing import NDArray

from sightline.machine.reading import open_regular

DAMAGE: Final = (
    ValueError,
    OSError,
    EOFError,
    BadZipFile,
    zlib.error,
    lzma.LZMAError,
    NotImplementedError,  # another kind of compression
    RuntimeError,  # a password; endless depth
    SyntaxError,  # a header that is no literal
    TokenError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    MemoryError,
)
"""What zipfile and numpy raise on damaged and hostile files."""

UNPACKED_BYTES: Final = 2**26
"""What a file of any size may unpack to."""

UNPACKED_TIMES: Final = 20
"""How many times its size a larger one may unpack to: numbers that say something do not shrink so far."""


def read_npz(path: Path, wanted: Container[str] | None = None) -> dict[str, NDArray[Any]]:
    """The arrays of an `.npz` file by name.

    Args:
        path: of the file.
        wanted: names of those that are read; None: all.

    Raises:
        ValueError: it is no such file, damaged, holds Python objects, or unpacks to far more than it is long.
    """
    try:
        stream, size = open_regular(path)
        with stream, ZipFile(stream) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
            if unpacked > max(UNPACKED_BYTES, UNPACKED_TIMES * size):
                raise ValueError(
                    f"{size:,} bytes unpack to {unpacked:,}; if that is meant, write it with numpy.savez, uncompressed"
                )
            members = {name.removesuffix(".npy"): name for name in archive.namelist()}
            return {name: _array(archive, member) for name, member in members.items() if _is_wanted(name, wanted)}
    except DAMAGE as error:
        raise ValueError(_reason(error)) from error


def _is_wanted(name: str, wanted: Container[str] | None) -> bool:
    return wanted is None or name in wanted


def _array(archive: ZipFile, member: str) -> NDArray[Any]:
    with archive.open(member) as stream:
        array: NDArray[Any] = np.lib.format.read_array(stream, allow_pickle=False)
        return array


def _reason(error: BaseException) -> str:
    text = getattr(error, "strerror", None) or " ".join(str(error).split()) or type(error).__name__
    return text[:200]  # numpy quotes whole headers
