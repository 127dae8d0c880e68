"""A heat map laid over the square that the model saw."""

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sightline.reporting.figures.style import HEAT

LEAST, MOST = 0.15, 0.7
"""How much of the colour is seen where the map is 0, and where it is 1."""


def heat_over(image: NDArray[np.uint8], heat: NDArray[np.floating], side: int) -> NDArray[np.uint8]:
    """Colours over the grey image: bright where the answer rests on it.

    Args:
        image: (h, w, 3).
        heat: (h', w') in [0, 1]; what is no number counts as 0.
        side: pixels of the shorter side of the result, which has the shape of the image.
    """
    height, width = image.shape[:2]
    shape = (round(width * side / min(height, width)), round(height * side / min(height, width)))
    shown = np.clip(np.nan_to_num(np.asarray(heat, dtype=np.float32)), 0, 1)
    shown = np.clip(np.asarray(Image.fromarray(shown).resize(shape, Image.Resampling.BILINEAR)), 0, 1)
    grey = np.asarray(Image.fromarray(image).convert("L").resize(shape, Image.Resampling.BICUBIC))
    colours = 255 * mpl.colormaps[HEAT](shown)[..., :3]
    weight = (LEAST + (MOST - LEAST) * shown)[..., None]
    mixed: NDArray[np.uint8] = ((1 - weight) * grey[..., None] + weight * colours).round().astype(np.uint8)
    return mixed
