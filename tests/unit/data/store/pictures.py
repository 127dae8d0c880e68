"""Pictures as the bytes of files."""

import io

import numpy as np
from PIL import Image

from sightline.data.reduction import Reduction
from sightline.data.store.decode import decode


def noise(width=12, height=8, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def smooth(width, height):
    x, y = np.meshgrid(np.linspace(0, 6, width), np.linspace(0, 4, height))
    planes = [128 + 100 * np.sin(x + y), 128 + 100 * np.cos(x * y / 3), 128 + 60 * np.sin(x) * np.cos(y)]
    return np.stack(planes, axis=-1).astype(np.uint8)


def encoded(image, kind="PNG", **options):
    stream = io.BytesIO()
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    image.save(stream, kind, **options)
    return stream.getvalue()


def pixels(content, side=None):
    return decode(content, Reduction(side)).pixels
