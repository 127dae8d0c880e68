"""Decode one image file to 8-bit RGB, with nothing of torch, so that worker processes start quickly."""

import logging
import math
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, UnidentifiedImageError

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "DIB", "GIF", "TIFF")
"""What is tried, whatever a file is called: Pillow's other readers are rarer and may start other programs."""

MAX_PIXELS = 2 * 89_478_485
"""More pixels are a decompression bomb: the point at which Pillow raises, whatever the program around it has set."""

LONGEST = 2
"""How many times its shorter side an image may be long; of longer ones the centre is kept."""

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


@dataclass(frozen=True)
class Picture:
    """A decoded image.

    Attributes:
        pixels: (h, w, 3) uint8, perhaps reduced.
        width: of the original, turned upright.
        height: of the original, turned upright.
        mode: of the original, in Pillow's words.
    """

    pixels: NDArray[np.uint8]
    width: int
    height: int
    mode: str


def decode(content: bytes, side: int | None, max_pixels: int = MAX_PIXELS) -> Picture:
    """Decode a file's bytes: upright, first frame, alpha over white, 16 bits to 8, grey to three channels.

    A shorter side above `side` is reduced to it (bicubic, antialiased); nothing is ever enlarged. Of a side beyond
    twice the other the centre is kept.

    Raises:
        DecodeError: no image, a broken one, more than `max_pixels`, or values without an agreed white.
    """
    with quiet():
        return decode_aloud(content, side, max_pixels)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep Python's warnings about damaged files off the terminal; for many files at once, since it takes a while."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def decode_aloud(content: bytes, side: int | None, max_pixels: int = MAX_PIXELS) -> Picture:
    """Do as `decode` does, for whoever has made it `quiet`."""
    if not content:
        raise DecodeError("the file is empty")
    try:
        return _decode(content, side, max_pixels)
    except UnidentifiedImageError as error:
        raise DecodeError(f"no image of a known format ({', '.join(FORMATS)})") from error
    except BROKEN as error:
        raise DecodeError(" ".join(str(error).split()) or type(error).__name__) from error


def content_hash(content: bytes) -> str:
    """BLAKE2b of 128 bits, in hexadecimal."""
    return blake2b(content, digest_size=16).hexdigest()


def reduced(image: Image.Image, side: int | None) -> Image.Image:
    """The centre of an image too long, with its shorter side brought down to `side` (bicubic, antialiased)."""
    width, height = image.size
    shorter = min(width, height)
    longer = min(max(width, height), LONGEST * shorter)
    across, down = (shorter, longer) if height > width else (longer, shorter)
    if (across, down) != (width, height):
        left, top = (width - across) // 2, (height - down) // 2
        image = image.crop((left, top, left + across, top + down))
    if side is None or shorter <= side:
        return image
    return image.resize((round(across * side / shorter), round(down * side / shorter)), Image.Resampling.BICUBIC)


# ---------------------------------------------------------------- one image


def _decode(content: bytes, side: int | None, max_pixels: int) -> Picture:
    with Image.open(BytesIO(content), formats=FORMATS) as image:
        mode, (width, height) = image.mode, image.size
        if width * height > max_pixels:
            most = f"{max_pixels / 1e6:g} megapixels that are safe to open"
            raise DecodeError(f"{width} x {height} pixels are more than the {most}")
        if side is not None and (factor := 3 * side / min(width, height)) <= 1 / 2:
            # A JPEG can be read at a half, a quarter or an eighth. Three times what is needed remains, which
            # leaves the reduction after it alone to decide what is seen.
            image.draft(None, (math.ceil(width * factor), math.ceil(height * factor)))
        image.load()
        turns = _orientation(image)
        upright = _upright(_rgb(image), turns)
    if turns >= 5:
        width, height = height, width
    return Picture(np.array(reduced(upright, side)), width, height, mode)


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 where there is none, or only a broken one."""
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except BROKEN:
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _upright(image: Image.Image, orientation: int) -> Image.Image:
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


def _rgb(image: Image.Image) -> Image.Image:
    """Eight bits, three channels, transparent parts over white."""
    if image.mode == "F" or image.mode.startswith("I"):
        image = _eight_bits(image)
    if image.has_transparency_data:
        seen = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", seen.size, "white"), seen).convert("RGB")
    return image.convert("RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """Grey of 16 bits, where white is 65535, as grey of 8.

    Raises:
        DecodeError: floating point, or whole numbers beyond 16 bits: nobody can tell what is white.
    """
    values = np.asarray(image)
    if image.mode == "F" or values.min() < 0 or values.max() > 65535:
        raise DecodeError(f"grey of mode {image.mode} has no agreed white; store it as 8 or 16 bits")
    return Image.fromarray(((values.astype(np.uint32) + 128) // 257).astype(np.uint8))
