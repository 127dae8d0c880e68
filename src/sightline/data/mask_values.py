"""What an opened mask holds for each pixel: a number, or a colour."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sightline.data.image_file import DecodeError

NUMBERED: Final = frozenset({"1", "L", "P", "I", "I;16", "I;16B", "I;16L"})
"""Pillow's modes whose stored numbers may be class ids: bits, grey, and the indices of a palette."""

DEEP: Final = frozenset({"I", "I;16", "I;16B", "I;16L"})
"""Those of more than 8 bits."""

Values = NDArray[np.int32]
"""(h, w) grey values, indices, or colours as one number."""


def values_of(image: Image.Image, are_colours: bool) -> Values:
    """What an opened mask holds, as it lies in the file.

    Args:
        image: as it was opened.
        are_colours: whether colours stand for classes. Else a mask in colours whose channels are equal is grey.

    Raises:
        DecodeError: it was compressed with loss, is transparent somewhere, or holds colours that stand for nothing.
    """
    if image.format == "JPEG":
        raise DecodeError("a mask as JPEG, which changes class ids; store it as PNG")
    image.load()
    if image.mode in NUMBERED and not are_colours:
        return np.asarray(image).astype(np.int32)
    if image.mode in {"LA", "RGBA", "PA"} and (np.asarray(image.getchannel("A")) < 255).any():
        raise DecodeError(
            "a mask with transparent pixels, which are of no class; give them a class or the ignore index"
        )
    if image.mode in DEEP or image.mode not in {*NUMBERED, "LA", "PA", "RGB", "RGBA"}:
        what = "a colour or an index of 8 bits" if are_colours else "one class id"
        raise DecodeError(f"a mask of mode {image.mode}: it takes {what} a pixel")
    red, green, blue = np.moveaxis(np.asarray(image.convert("RGB")).astype(np.int32), 2, 0)
    if are_colours:
        packed: Values = red << 16 | green << 8 | blue
        return packed
    if (red != green).any() or (red != blue).any():
        raise DecodeError(
            f"a mask of mode {image.mode}: it takes one class id a pixel, as grey or a palette, or a table that says "
            "which class each colour is: classes.csv with the columns name,r,g,b"
        )
    grey: Values = red
    return grey


def colour_name(value: int) -> str:
    """`rgb(64,128,0)` of a colour as one number."""
    return f"rgb({value >> 16},{value >> 8 & 255},{value & 255})"
