"""A heat map over a photo, at the photo's own size: for looking at, and for nothing else to be drawn around it."""

from io import BytesIO
from typing import Final

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sightline.reporting.figures.style import HEAT

UNSEEN: Final = 0.45
"""How bright what the model does not see is left."""
LEAST: Final = 0.15
MOST: Final = 0.55
"""How much of the colour covers the photo where the map is 0, and how much more where it is 1; as in the gallery."""


def overlay(photo: NDArray[np.uint8], heat: NDArray[np.floating], seen: tuple[float, float, float, float]) -> bytes:
    """A PNG of the photo in grey under its map, in colour; what the model did not see is darkened.

    Args:
        photo: (h, w, 3).
        heat: (s, s) from 0 to 1, over the square that the model saw.
        seen: that square in pixels of the photo: left, top, right, bottom.
    """
    height, width = photo.shape[:2]
    left, top, right, bottom = seen
    box = (
        max(0, round(left)),
        max(0, round(top)),
        min(width, max(round(right), round(left) + 1)),
        min(height, max(round(bottom), round(top) + 1)),
    )
    grey = photo.mean(axis=-1, keepdims=True).repeat(3, axis=-1)
    drawn = grey * UNSEEN
    part = (slice(box[1], box[3]), slice(box[0], box[2]))
    size = (box[2] - box[0], box[3] - box[1])
    whole = Image.fromarray(np.nan_to_num(np.asarray(heat, dtype=np.float32)).clip(0, 1))
    large = np.asarray(whole.resize(size, Image.Resampling.BILINEAR))[..., None]
    colour = mpl.colormaps[HEAT](large[..., 0])[..., :3] * 255
    cover = LEAST + MOST * large
    drawn[part] = (1 - cover) * grey[part] + cover * colour
    stream = BytesIO()
    Image.fromarray(drawn.round().clip(0, 255).astype(np.uint8)).save(stream, "PNG")
    return stream.getvalue()
