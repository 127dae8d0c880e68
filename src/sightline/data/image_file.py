"""Opens the bytes of an image file, whatever they are; nothing of torch, so that worker processes start quickly."""

import logging
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from threading import Lock
from typing import IO

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, UnidentifiedImageError

from sightline.data.formats import HEAD_BYTES, HEIC_REMEDY, kind_of, reads_heic
from sightline.data.jpeg import MOST_SCANS, has_too_many_scans
from sightline.machine.reading import open_regular

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "DIB", "GIF", "TIFF")
"""What is tried, whatever a file is called: Pillow's other readers are rarer and may start other programs."""

HEIC = "HEIF"
"""What `pillow-heif` calls its format; it is asked only for files that begin as HEIC does."""

MAX_PIXELS = 2 * 89_478_485
"""More pixels are a decompression bomb: the point at which Pillow raises when it is left alone."""

# Everything that Pillow's readers have been seen to raise on broken files; it documents OSError alone.
BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    ArithmeticError,
    EOFError,
    RuntimeError,
    MemoryError,
    AssertionError,
    struct.error,
    Image.DecompressionBombError,
)


# Pillow logs some damage as errors; without any handler Python would print them.
logging.getLogger("PIL").addHandler(logging.NullHandler())


class DecodeError(Exception):
    """The bytes are no image that can be read; the message says why."""


class _PillowsLimit:
    """Pillow's own limit of pixels, which warns from one half of it on; each caller here has its own.

    It is one for the whole process, so it is given back when the last thread that opens an image is done.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._opening = 0
        self._kept: int | None = None

    @contextmanager
    def off(self) -> Iterator[None]:
        """Set no limit meanwhile."""
        with self._lock:
            if not self._opening:
                self._kept = Image.MAX_IMAGE_PIXELS
                Image.MAX_IMAGE_PIXELS = None
            self._opening += 1
        try:
            yield
        finally:
            with self._lock:
                self._opening -= 1
                if not self._opening:
                    Image.MAX_IMAGE_PIXELS = self._kept


_PILLOWS_LIMIT = _PillowsLimit()


@dataclass(frozen=True)
class Picture:
    """A decoded image.

    Attributes:
        pixels: (h, w, channels) uint8, perhaps reduced.
        width: of the original, turned upright.
        height: of the original, turned upright.
        mode: of the original, in Pillow's words.
        brightest: the largest value of grey of more than 8 bits, before it was brought to 8; 0 of all other images.
    """

    pixels: NDArray[np.uint8]
    width: int
    height: int
    mode: str
    brightest: int = 0


@contextmanager
def open_image(content: bytes, max_pixels: int) -> Iterator[Image.Image]:
    """The image in a file's bytes; what goes wrong with it is a `DecodeError`."""
    if not content:
        raise DecodeError("the file is empty")
    with _opened(BytesIO(content)) as image:
        check_size(image.size, max_pixels)
        if has_too_many_scans(content):
            raise DecodeError(f"a JPEG of more than {MOST_SCANS} scans, each of which goes over all pixels again")
        yield image


def check_size(size: tuple[int, int], max_pixels: int) -> None:
    """Refuse an image by its width and height.

    Raises:
        DecodeError: it holds no pixel, or more than `max_pixels`.
    """
    width, height = size
    if not width * height:
        raise DecodeError("it holds no pixel")
    if width * height > max_pixels:
        most = f"{max_pixels / 1e6:g} megapixels that are safe to open"
        raise DecodeError(f"{width} x {height} pixels are more than the {most}")


def size_of(path: str) -> tuple[int, int] | None:
    """Width and height from the head of a file; None where it does not read, which decoding will say."""
    head = _head_of(path)
    return None if head is None else head[1]


def is_deep(path: str) -> bool:
    """Whether the head of a file says that it holds grey of more than 8 bits."""
    head = _head_of(path)
    return head is not None and head[0].startswith("I")


def _head_of(path: str) -> tuple[str, tuple[int, int]] | None:
    """The mode and the size."""
    try:
        stream, _ = open_regular(path)
        with no_warnings(), stream, _opened(stream) as image:
            return image.mode, image.size
    except (OSError, DecodeError):
        return None


@contextmanager
def no_warnings() -> Iterator[None]:
    """Keep Python's warnings about damaged files off the terminal; for many files at once, since it takes a while."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _opened(stream: IO[bytes]) -> Iterator[Image.Image]:
    """An image of any size; what goes wrong with it is a `DecodeError`."""
    with named_defects(), _PILLOWS_LIMIT.off(), Image.open(stream, formats=_formats_for(stream)) as image:
        yield image


@contextmanager
def named_defects() -> Iterator[None]:
    """Make a `DecodeError` of whatever Pillow raises on a broken image."""
    try:
        yield
    except UnidentifiedImageError as error:
        known = (*FORMATS, *(["HEIC"] if reads_heic() else []))
        raise DecodeError(f"no image of a known format ({', '.join(known)})") from error
    except BROKEN as error:
        raise DecodeError(" ".join(str(error).split()) or type(error).__name__) from error


def _formats_for(stream: IO[bytes]) -> tuple[str, ...]:
    """What to try on a file.

    Raises:
        DecodeError: it is HEIC, and nothing here reads that.
    """
    head = stream.read(HEAD_BYTES)
    stream.seek(0)
    if kind_of(head) != "heic":
        return FORMATS
    if not reads_heic():
        raise DecodeError(HEIC_REMEDY)
    try:
        from pillow_heif import register_heif_opener
    except ImportError as error:
        raise DecodeError(f"HEIC is read by pillow-heif, which does not load here: {error}") from error
    register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)  # `draft` would take a thumbnail
    return (HEIC,)


def orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 where there is none, or only a broken one."""
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except BROKEN:
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def upright(image: Image.Image, orientation: int) -> Image.Image:
    """The image as an EXIF orientation says that it is seen."""
    turn = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }.get(orientation)
    return image if turn is None else image.transpose(turn)
