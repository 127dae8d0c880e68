"""What happens to every image before a model sees it, outside training; stored with the run for every later stage."""

from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sightline.data.formats import FULL_WHITE
from sightline.data.image_file import size_of
from sightline.data.reduction import LONGEST, Reduction
from sightline.data.sources.source import Source
from sightline.data.store.image_store import ImageStore
from sightline.data.transforms.evaluation import EvalTransform
from sightline.data.transforms.fit import Fit
from sightline.data.transforms.transform import Channels, stored_side
from sightline.errors import UsageError

NATIVE_SIDES = (16, 64)
"""A model without a size of its own takes the images' size, within these pixels."""
SMALL_SIDE = 64
"""Up to this size the whole image is used: a central crop would cost more than it gains."""


@dataclass(frozen=True)
class Preprocessing:
    """Make a square of the image, scale to 0…1, normalise.

    Attributes:
        image_size: pixels a side of what the model sees.
        mean: of each channel, on the scale 0…1.
        std: likewise; the deviation over all pixels, not the mean of deviations.
        interpolation: of the resize.
        crop_fraction: the share of the shorter side that the centre crop keeps.
        class_names: by label; empty where there is not one target with classes.
        white: what becomes 255 in grey images of more than 8 bits.
        fit: `crop` resizes the shorter side to `image_size / crop_fraction` and takes the centre; `letterbox` and
            `squash` keep the whole image; `whole` keeps its shape, too.
        shorter: of a whole image, the shorter side to which a larger one is reduced; None: `image_size`.
        tile: of a whole image, the side of the tiles in which a larger one is answered; None: see `inference/tiles.py`.
        longest: see `Reduction`; files of earlier versions, which cut all images alike, do without.
    """

    image_size: int
    mean: Channels
    std: Channels
    interpolation: Literal["bilinear", "bicubic"]
    crop_fraction: float
    class_names: tuple[str, ...]
    white: int = FULL_WHITE
    fit: Fit = "crop"
    shorter: int | None = None
    tile: int | None = None
    longest: int | None = LONGEST

    @property
    def stored_side(self) -> int:
        """The shorter side at which the store should keep images."""
        return self.shorter or stored_side(self.image_size, self.crop_fraction)

    @property
    def reduction(self) -> Reduction:
        """What the store should keep of images."""
        return Reduction(self.stored_side, self.longest)

    def transform(self) -> EvalTransform:
        """The deterministic transform of evaluation."""
        return EvalTransform(
            image_size=self.image_size,
            crop_fraction=self.crop_fraction,
            mean=self.mean,
            std=self.std,
            interpolation=self.interpolation,
            fit=self.fit,
            shorter=self.shorter,
        )

    def seen(self, width: int, height: int) -> tuple[float, float, float, float]:
        """The part of an upright image that the model sees: left, top, right, bottom in its own pixels.

        Bars of `letterbox` lie beyond its edges.
        """
        shorter = float(min(width, height))
        across, down = map(float, self.reduction.cut(width, height))
        if self.fit == "crop":
            across = down = shorter * self.image_size / self.stored_side
        left, top = (width - across) / 2, (height - down) / 2
        if self.fit == "letterbox":
            (left, right), (top, bottom) = (
                _between_bars(first, length, self.image_size, max(across, down))
                for first, length in ((left, across), (top, down))
            )
            return left, top, right, bottom
        return left, top, left + across, top + down

    def to_pixels(self, images: Tensor) -> NDArray[np.uint8]:
        """(n, 3, h, w) normalised, back to (n, h, w, 3) uint8, to be looked at."""
        mean, std = (torch.tensor(values).view(1, -1, 1, 1) for values in (self.mean, self.std))
        scaled = images.float().cpu() * std + mean
        pixels: NDArray[np.uint8] = (scaled.clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).contiguous().numpy()
        return pixels

    def to_json(self) -> dict[str, Any]:
        """Plain values for `preprocessing.json`."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Self:
        """Read back what `to_json` wrote; files of earlier versions lack keys that came later."""
        lists = {key: tuple(content[key]) for key in ("mean", "std", "class_names")}
        known = [field.name for field in fields(cls) if field.name in content or field.default is MISSING]
        return cls(**{name: content[name] for name in known} | lists)


def _between_bars(first: float, length: float, side: int, longest: float) -> tuple[float, float]:
    """Where a square begins and ends along one side of an image that lies between bars, as `squares` places it."""
    inner = max(round(length * side / longest), 1)
    pixel = length / inner
    begin = first - (side - inner) // 2 * pixel
    return begin, begin + side * pixel


def native_side(source: Source) -> int:
    """The images' own size: the median shorter side of up to 64 of them, within `NATIVE_SIDES`."""
    if source.pixels is not None:
        side = float(np.median([min(image.shape[:2]) for image in source.pixels[:: max(1, len(source) // 64)]]))
    elif source.files is not None:
        step = max(1, len(source.files) // 64)
        sides = [min(size) for size in map(size_of, map(str, source.files[::step])) if size]
        side = float(np.median(sides)) if sides else float(NATIVE_SIDES[1])
    else:
        raise UsageError("the data source holds neither files nor pixels")
    return int(min(max(side, NATIVE_SIDES[0]), NATIVE_SIDES[1]))


def pixel_statistics(store: ImageStore, rows: NDArray[np.int64]) -> tuple[Channels, Channels]:
    """Mean and standard deviation of each channel over every pixel of some images, on the scale 0…1 (rule 5).

    They come from the sums that decoding takes of each image: whole numbers, so that no order of adding matters.
    """
    count = int(store.index.lengths[rows].sum()) / store.channels
    total, squares = store.index.sums[rows].sum(axis=0)
    mean = total / (255 * count)
    std = np.sqrt(np.maximum(squares / (255**2 * count) - mean**2, 1e-12))
    return tuple(mean.tolist()), tuple(std.tolist())
