"""Files of torch's that are small and would fill the memory, told from others before torch opens them."""

import mmap
from pathlib import Path
from typing import BinaryIO, Final
from zipfile import ZIP_STORED, ZipFile

from sightline.machine.reading import open_regular
from sightline.run.archives import DAMAGE

ZIP: Final = b"PK\x03\x04"

MOST_PICKLED: Final = 2**22
"""Bytes of names and shapes, of some 30,000 tensors; torch reads them one by one."""

ROOM: Final = b"bytearray"
"""What a pickle may ask for at any size with a few bytes, and no weights hold."""


def refuse_bomb(path: Path) -> None:
    """Refuse a file that unpacks to more than it is long, or asks for memory that it does not fill.

    Raises:
        OSError: it cannot be opened, or is no regular file.
        ValueError: it is such a file, or a damaged archive.
    """
    stream, size = open_regular(path)
    with stream:
        is_archive = stream.read(len(ZIP)) == ZIP
        if is_archive:
            _check_archive(stream, size)
        elif size:
            with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
                _refuse_room(content.find(ROOM) >= 0)


def _check_archive(stream: BinaryIO, size: int) -> None:
    try:
        with ZipFile(stream) as archive:
            members = archive.infolist()
            pickled = [member for member in members if member.filename.endswith(".pkl")]
            squeezed = any(member.compress_type != ZIP_STORED for member in members)
            if squeezed or sum(member.file_size for member in members) > size:
                raise ValueError("its members are compressed or overlap, as torch never writes them")
            if sum(member.file_size for member in pickled) > MOST_PICKLED:
                raise ValueError(f"it describes tensors in more than {MOST_PICKLED / 1e6:.0f} MB")
            _refuse_room(any(ROOM in archive.read(member) for member in pickled))
    except DAMAGE as error:
        raise ValueError(" ".join(str(error).split()) or type(error).__name__) from error


def _refuse_room(found: bool) -> None:
    if found:
        raise ValueError(f"it holds a {ROOM.decode()}, which may ask for any memory, and no tensor needs")
