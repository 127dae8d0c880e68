"""Decodes one mask to class ids, to the shape in which its image is stored."""

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sightline.data.image_file import MAX_PIXELS, DecodeError, Picture, open_image, orientation, upright
from sightline.data.mask_values import Values, colour_name, values_of
from sightline.data.reduction import LONGEST, Reduction, central
from sightline.data.targets import MaskCodes

MASK_CHANNELS = 1

UNKNOWN: Final = -1
SWAPPED: Final = "; its sides are swapped: turn it as its image is seen, its EXIF orientation applied"
MOST_SHOWN: Final = 3
HIGHEST_IGNORED: Final = 255
OBJECTS: Final = "; if the numbers tell objects apart and not classes (instance ids), make class ids of them first"


def decode_mask(
    content: bytes, of: tuple[int, int], stored: tuple[int, int], codes: MaskCodes, max_pixels: int = MAX_PIXELS
) -> Picture:
    """Decode a mask's bytes to class ids, cut and reduced like its image, to the nearest pixel.

    Args:
        content: of the file.
        of: width and height of the image it belongs to, turned upright.
        stored: height and width that the image is stored in.
        codes: what stands for each class.
        max_pixels: see `decode_image`.

    Raises:
        DecodeError: as `decode_image`; it was compressed with loss, is not as large as its image, or holds what stands
            for no class.
    """
    with open_image(content, max_pixels) as image:
        mode = image.mode
        values = values_of(image, codes.are_colours)
        turn = orientation(image)
    height, width = values.shape if turn < 5 else values.shape[::-1]
    if (width, height) != of:
        lies = SWAPPED if (height, width) == of else ""
        raise DecodeError(f"a mask of {width} x {height} pixels, but its image has {of[0]} x {of[1]}{lies}")
    ids = upright(Image.fromarray(_ids(values, codes)), turn)
    return Picture(np.array(fitted(ids, stored))[:, :, None], width, height, mode)


def fitted(ids: Image.Image, stored: tuple[int, int]) -> Image.Image:
    """A mask cut and reduced like its image, to the nearest pixel.

    Args:
        ids: of one channel, as large as the image.
        stored: height and width that the image is stored in.
    """
    longest = None if max(stored) > LONGEST * min(stored) else LONGEST
    return central(ids, Reduction(None, longest).cut(*ids.size)).resize(stored[::-1], Image.Resampling.NEAREST)


def _ids(values: Values, codes: MaskCodes) -> NDArray[np.uint8]:
    """The class id of each pixel.

    Raises:
        DecodeError: a pixel holds what stands for no class.
    """
    table = _table(codes)
    found = table[np.clip(values, 0, len(table) - 1)]
    unknown = values[(found == UNKNOWN) | (values >= len(table)) | (values < 0)]
    if unknown.size:
        raise DecodeError(_of_unknown(unknown, codes))
    return found.astype(np.uint8)


def _of_unknown(unknown: Values, codes: MaskCodes) -> str:
    """What is said of values that stand for no class."""
    different, counts = np.unique(unknown, return_counts=True)
    most = different[np.argsort(-counts, kind="stable")].tolist()
    shown = [colour_name(value) if codes.are_colours else str(value) for value in most[:MOST_SHOWN]]
    listed = ", ".join(shown) + (f", … ({len(most)})" if len(most) > MOST_SHOWN else "")
    pixels = f"{unknown.size:,} pixel{'s' * (unknown.size != 1)}"
    what = ("colour" if codes.are_colours else "number") + "s" * (len(most) > 1)
    where = f"the {what} {listed} in {pixels} {'are' if len(most) > 1 else 'is'}"
    if codes.are_colours:
        return f"{where} not in the table of classes"
    void = f"; if such pixels are not to count, set data.ignore_index={most[0]}" if most[0] <= HIGHEST_IGNORED else ""
    return f"{where} of no class{OBJECTS if len(most) > 1 else void}"


@lru_cache(maxsize=2)
def _table(codes: MaskCodes) -> NDArray[np.int16]:
    """(values,) the class id that each value stands for, or `UNKNOWN`."""
    table = np.full(max(codes.values, default=0) + 1, UNKNOWN, dtype=np.int16)
    table[list(codes.values)] = codes.ids
    return table
