"""Decodes one mask to class ids, to the shape in which its image is stored."""

import numpy as np
from PIL import Image

from sightline.data.store.image_file import MAX_PIXELS, DecodeError, Picture, central, open_image, orientation, upright

MASK_CHANNELS = 1

MASK_MODES = frozenset({"1", "L", "P"})
"""Pillow's modes whose stored numbers are taken for class ids: bits, grey of 8 bits, and the indices of a palette."""


def decode_mask(content: bytes, of: tuple[int, int], stored: tuple[int, int], max_pixels: int = MAX_PIXELS) -> Picture:
    """Decode a mask's bytes to class ids, cut and reduced like its image, to the nearest pixel.

    Bits are 0 and 1, grey values and palette indices stay as they are.

    Args:
        content: of the file.
        of: width and height of the image it belongs to, turned upright.
        stored: height and width that the image is stored in.
        max_pixels: see `decode_image`.

    Raises:
        DecodeError: as `decode_image`; or it holds colours, was compressed with loss, or is not as large as its image.
    """
    with open_image(content, max_pixels) as image:
        mode, kind = image.mode, image.format
        if mode not in MASK_MODES:
            raise DecodeError(f"a mask of mode {mode}: it takes one class id a pixel, as grey of 8 bits or a palette")
        if kind == "JPEG":
            raise DecodeError("a mask as JPEG, which changes class ids; store it as PNG")
        image.load()
        ids = upright(Image.fromarray(np.asarray(image).astype(np.uint8)), orientation(image))
        width, height = ids.size
        if (width, height) != of:
            raise DecodeError(f"a mask of {width} x {height} pixels, but its image has {of[0]} x {of[1]}")
        return Picture(np.array(fitted(ids, stored))[:, :, None], width, height, mode)


def fitted(ids: Image.Image, stored: tuple[int, int]) -> Image.Image:
    """A mask cut and reduced like its image, to the nearest pixel.

    Args:
        ids: of one channel, as large as the image.
        stored: height and width that the image is stored in.
    """
    return central(ids).resize(stored[::-1], Image.Resampling.NEAREST)
