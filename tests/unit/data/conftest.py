"""Images with masks drawn into them, so that pixel values tell the class."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from sightline.data.sources.source import Source
from sightline.data.targets import LABEL, MISSING, ClassTarget, MaskTarget

IGNORE, STEP = 255, 40
"""The class id of pixels that do not count, and what a class id adds to the grey of its pixels."""
SIZES = [(61, 47), (47, 61), (53, 53), (90, 33), (200, 151), (20, 25)]
"""Heights and widths: odd ones, one of more than twice its width, one to be reduced, one to be enlarged."""


def blobs(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """(height, width) class ids 0, 2 and 4, a third of the pixels each, in blobs."""
    coarse = torch.from_numpy(rng.random((1, 1, 3, 3)).astype(np.float32))
    smooth = F.interpolate(coarse, size=(height, width), mode="bicubic")[0, 0].numpy()
    ranks = smooth.ravel().argsort().argsort().reshape(height, width)
    return (3 * ranks // (height * width) * 2).astype(np.uint8)


def as_palette(ids: np.ndarray) -> Image.Image:
    """Class ids as the indices of a palette in whose colours nobody could read them."""
    image = Image.new("P", ids.shape[::-1])
    image.putpalette([200, 10, 60, 3, 3, 3, 0, 250, 0, 90, 90, 90, 200, 10, 61] + [7] * 753)
    image.putdata(ids.ravel().tolist())
    return image


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Source:
    """24 images of six sizes; of every fourth there is no mask, of every third no label."""
    folder, rng = tmp_path_factory.mktemp("drawn"), np.random.default_rng(0)
    files, masks = [], []
    for number in range(24):
        ids = blobs(rng, *SIZES[number % len(SIZES)])
        files.append(folder / f"{number:02}.{'jpg' if number % 5 == 1 else 'png'}")
        masks.append(folder / f"{number:02}-mask.png")
        Image.fromarray(np.repeat(ids[:, :, None] * STEP, 3, axis=2)).save(files[-1], quality=100, subsampling=0)
        (Image.fromarray(ids) if number % 2 else as_palette(ids)).save(masks[-1])
    labels = np.where(np.arange(24) % 3 == 2, MISSING, np.arange(24) % 2)
    return Source(
        ids=tuple(path.name for path in files),
        targets={
            LABEL: ClassTarget(labels, ("even", "odd")),
            "mask": MaskTarget(
                tuple(None if number % 4 == 3 else path for number, path in enumerate(masks)), tuple("abcde"), IGNORE
            ),
        },
        strata=np.zeros(24, dtype=np.int64),
        roles=("train",) * 18 + ("val",) * 6,
        files=tuple(files),
    )


@pytest.fixture(scope="session")
def disagreement() -> Callable[[Tensor, Tensor, float], tuple[float, float]]:
    """Measures how far images and masks are apart."""

    def measure(grey: Tensor, masks: Tensor, bare: float) -> tuple[float, float]:
        """The share of inner pixels whose grey (n, h, w) is not that of their class, and how many pixels are inner.

        Inner are those around which all pixels up to two away are of one class; `bare` is the grey where a mask says
        nothing.
        """
        values = masks[:, None].float()
        inner = (F.max_pool2d(values, 5, 1, 2) == -F.max_pool2d(-values, 5, 1, 2))[:, 0]
        expected = torch.where(masks == IGNORE, torch.tensor(bare), masks.float() * STEP)
        return ((grey - expected).abs() > 4)[inner].float().mean().item(), inner.float().mean().item()

    return measure
