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
    stream = BytesIO()
    Image.fromarray(drawn.round().clip(0, 255).astype(np.uint8)).save(stream, "PNG")
    return stream.getvalue()
