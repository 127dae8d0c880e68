"""A heat map or a mask over a photo, at the photo's own size: for looking at, with nothing else drawn around it."""

from io import BytesIO
from typing import Final

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sightline.reporting.figures.masks import IGNORED, Own, class_colours
from sightline.reporting.figures.style import HEAT, UNSEEN

COLOUR: Final = 0.5
"""How much of the colour of its class covers a pixel."""
ROWS_AT_ONCE: Final = 512
"""Of a photo, so that no second copy of a large one is made in floating point."""
LEAST: Final = 0.15
MOST: Final = 0.55
"""How much of the colour covers the photo where the map is 0, and how much more where it is 1; as in the gallery."""


def mask_overlay(photo: NDArray[np.uint8], mask: NDArray[np.uint8], classes: int, own: Own = None) -> bytes:
    """A PNG of the photo under the colours of its classes; where there is no class, it is darkened.

    Args:
        photo: (h, w, 3).
        mask: (h, w) class ids; those from `classes` on are none.
        classes: how many there are.
        own: their colours, where the data have some.
    """
    colours = np.concatenate([class_colours(classes, own).astype(np.float32) * COLOUR, np.zeros((1, 3), np.float32)])
    drawn = np.empty_like(photo)
    for start in range(0, len(photo), ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        ids = np.minimum(mask[part], classes)
        bright = np.where(ids < classes, 1 - COLOUR, UNSEEN)[..., None].astype(np.float32)
        drawn[part] = (colours[ids] + bright * photo[part]).round().clip(0, 255).astype(np.uint8)
    return _png(Image.fromarray(drawn))


def mask_file(mask: NDArray[np.uint8], classes: int, own: Own = None) -> bytes:
    """A PNG of class ids (h, w), in a palette of the colours of classes; ids beyond them are light grey."""
    image = Image.fromarray(mask, "P")
    palette = np.full((256, 3), IGNORED, dtype=np.uint8)
    palette[:classes] = class_colours(classes, own)
    image.putpalette(palette.ravel().tolist())
    return _png(image)


def overlay(photo: NDArray[np.uint8], heat: NDArray[np.floating], seen: tuple[float, float, float, float]) -> bytes:
    """A PNG of the photo in grey under its map, in colour; what the model did not see is darkened.

    Args:
        photo: (h, w, 3).
        heat: (s, s) from 0 to 1, over what the model saw.
        seen: that in pixels of the photo: left, top, right, bottom; it may reach beyond the photo's edges.
    """
    height, width = photo.shape[:2]
    left, top, right, bottom = (round(edge) for edge in seen)
    right, bottom = max(right, left + 1), max(bottom, top + 1)
    inside = (slice(max(0, top), min(height, bottom)), slice(max(0, left), min(width, right)))
    of_square = tuple(
        slice(part.start - edge, part.stop - edge) for part, edge in zip(inside, (top, left), strict=True)
    )
    grey = photo.mean(axis=-1, keepdims=True).repeat(3, axis=-1)
    drawn = grey * UNSEEN
    whole = Image.fromarray(np.nan_to_num(np.asarray(heat, dtype=np.float32)).clip(0, 1))
    large = np.asarray(whole.resize((right - left, bottom - top), Image.Resampling.BILINEAR))[of_square][..., None]
    colour = mpl.colormaps[HEAT](large[..., 0])[..., :3] * 255
    cover = LEAST + MOST * large
    drawn[inside] = (1 - cover) * grey[inside] + cover * colour
    return _png(Image.fromarray(drawn.round().clip(0, 255).astype(np.uint8)))


def _png(image: Image.Image) -> bytes:
    stream = BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()
