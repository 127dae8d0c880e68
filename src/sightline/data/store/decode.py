"""Decodes one image to 8-bit RGB."""

import math
from collections.abc import Iterator
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sightline.data.formats import FULL_WHITE
from sightline.data.image_file import (
    MAX_PIXELS,
    DecodeError,
    Picture,
    check_size,
    named_defects,
    no_warnings,
    open_image,
    orientation,
    upright,
)
from sightline.data.reduction import Reduction

IMAGE_CHANNELS = 3

STRIP_PIXELS = 2**22
"""Of a large image that are changed at once."""

OVERSAMPLING = 3
"""How many times the wanted side a JPEG is read at, at least: the reduction after it alone decides what is seen."""


def decode(content: bytes, reduction: Reduction, max_pixels: int = MAX_PIXELS, white: int = FULL_WHITE) -> Picture:
    """Decode one image as `decode_image` does, with Python's warnings kept off the terminal."""
    with no_warnings():
        return decode_image(content, reduction, max_pixels, white)


def decode_image(
    content: bytes, reduction: Reduction, max_pixels: int = MAX_PIXELS, white: int = FULL_WHITE
) -> Picture:
    """Decode an image's bytes: upright, first frame, alpha over white, 16 bits to 8, grey to three channels.

    `reduction` says what is kept of it, and how large. `white` is what becomes 255 in grey of more than 8 bits; what is
    above does too.

    Raises:
        DecodeError: no image, a broken one, more than `max_pixels`, or values without an agreed white.
    """
    with open_image(content, max_pixels) as image:
        return _decoded(image, reduction, white)


def decode_opened(
    image: Image.Image, reduction: Reduction, max_pixels: int = MAX_PIXELS, white: int = FULL_WHITE
) -> Picture:
    """Decode an image that is in memory, as `decode_image` does with the same image in a file without loss.

    Raises:
        DecodeError: see `decode_image`.
    """
    check_size(image.size, max_pixels)
    with no_warnings(), named_defects():
        return _decoded(image, reduction, white)


def _decoded(image: Image.Image, reduction: Reduction, white: int) -> Picture:
    mode, (width, height) = image.mode, image.size
    side = reduction.side
    if side is not None and (factor := OVERSAMPLING * side / min(width, height)) <= 1 / 2:
        # A JPEG can be read at a half, a quarter or an eighth.
        image.draft(None, (math.ceil(width * factor), math.ceil(height * factor)))
    seen, brightest = _upright(image, white)
    if orientation(image) >= 5:
        width, height = height, width
    return Picture(np.array(reduction.apply(seen)), width, height, mode, brightest)


def _upright(image: Image.Image, white: int) -> tuple[Image.Image, int]:
    """All of an image in eight bits and three channels, as it is seen; and its largest value where it was deeper."""
    image.load()
    is_deep = image.mode == "F" or image.mode.startswith("I")
    flat, brightest = _eight_bits(image, white) if is_deep else (image, 0)
    return upright(_rgb(flat), orientation(image)), brightest


def decode_whole(content: bytes, max_pixels: int = MAX_PIXELS, white: int = FULL_WHITE) -> NDArray[np.uint8]:
    """All pixels (h, w, 3) of an image's bytes, upright and at its own size.

    Raises:
        DecodeError: see `decode_image`.
    """
    with no_warnings(), open_image(content, max_pixels) as image:
        return np.array(_upright(image, white)[0])


def content_hash(content: bytes) -> str:
    """BLAKE2b of 128 bits, in hexadecimal."""
    return blake2b(content, digest_size=16).hexdigest()


def _rgb(image: Image.Image) -> Image.Image:
    """Eight bits, three channels, transparent parts over white."""
    return _over_white(image) if image.has_transparency_data else image.convert("RGB")


def _over_white(image: Image.Image) -> Image.Image:
    """Three channels; a strip at a time, so that there is one copy of a large image and not three."""
    seen = Image.new("RGB", image.size)
    for top, strip in _strips(image):
        strip = strip.convert("RGBA")
        strip = Image.alpha_composite(Image.new("RGBA", strip.size, "white"), strip)
        seen.paste(strip.convert("RGB"), (0, top))
    return seen


def _eight_bits(image: Image.Image, white: int) -> tuple[Image.Image, int]:
    """Grey of more than 8 bits as grey of 8, where `white` and what is above becomes 255; and its largest value.

    Raises:
        DecodeError: floating point, or whole numbers beyond 16 bits: nobody can tell what is white.
    """
    seen, brightest = Image.new("L", image.size), 0
    for top, strip in _strips(image):
        values = np.asarray(strip)
        if image.mode == "F" or values.min() < 0 or values.max() > FULL_WHITE:
            raise DecodeError(f"grey of mode {image.mode} has no agreed white; store it as 8 or 16 bits")
        scaled = (values.astype(np.uint32) * 255 + white // 2) // white
        seen.paste(Image.fromarray(np.minimum(scaled, 255).astype(np.uint8)), (0, top))
        brightest = max(brightest, int(values.max()))
    return seen, brightest


def _strips(image: Image.Image) -> Iterator[tuple[int, Image.Image]]:
    """Rows of an image, each with the number of the first: all of them, unless the image is large."""
    width, height = image.size
    rows = max(1, STRIP_PIXELS // width)
    for top in range(0, height, rows):
        yield top, image if rows >= height else image.crop((0, top, width, min(height, top + rows)))
