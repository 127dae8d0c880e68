"""The two ways from stored pixels to what a model sees: one for training, one for everything else.

Training samples each image once, through one matrix (crop, flips, affine and the policy's geometry), then applies
the policy's pixel operations, jitters colours, normalises and erases.
"""

import math
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sightline.config.schema import TransformsConfig
from sightline.data.randomness import Draw, uniform
from sightline.data.transforms import colour, geometry, policies
from sightline.data.transforms.boxes import Sizes
from sightline.data.transforms.erasing import erase
from sightline.data.transforms.geometry import Geometry
from sightline.data.transforms.resizing import Interpolation, shorter_side_to
from sightline.data.transforms.sampling import sample

Channels = tuple[float, float, float]

PIXELS_AT_ONCE = 2**19
"""How many output pixels a CPU works on together, so that they stay in its cache; parameters belong to images, so the
cut changes no pixel."""


def stored_side(image_size: int, crop_fraction: float) -> int:
    """The shorter side that evaluation resizes to before it takes the centre, rounded down as timm does."""
    return math.floor(image_size / crop_fraction)


class TrainTransform:
    """What training sees: each image with its own parameters, a pure function of (seed, epoch, index).

    Args:
        config: the strategy.
        image_size: side of the output, pixels.
        mean: of the channels, 0 … 1.
        std: of the channels, 0 … 1.
        interpolation: the filter when a whole image is resized; crops and warps are bilinear.
        seed: the run's seed.
        crop_fraction: the centre's share in evaluation, so that `none` and `pad` show objects as large as it does.
    """

    def __init__(
        self,
        config: TransformsConfig,
        *,
        image_size: int,
        mean: Channels,
        std: Channels,
        interpolation: Interpolation,
        seed: int,
        crop_fraction: float,
    ) -> None:
        self.config = config
        self.side = image_size
        self.mean, self.std = mean, std
        self.interpolation = interpolation
        self.seed = seed
        self.shorter = stored_side(image_size, crop_fraction)

    def __call__(self, images: Tensor, sizes: Tensor, epoch: int, indices: NDArray[np.int64]) -> Tensor:
        """Augment a batch where it lies.

        Args:
            images: uint8 (B, 3, H, W), padded at right and bottom.
            sizes: (B, 2) each image's own height and width; best left on the CPU.
            epoch: counted from 0.
            indices: (B,) which images, by their place in the whole data.

        Returns:
            float32 (B, 3, side, side), normalised.
        """
        shapes = _numbers(sizes)
        done = [self._augmented(images[part], shapes[part], epoch, indices[part])[0] for part in self._parts(images)]
        return _joined(done)

    def with_masks(
        self, images: Tensor, masks: Tensor, sizes: Tensor, epoch: int, indices: NDArray[np.int64], fill: int
    ) -> tuple[Tensor, Tensor]:
        """Augment images and their masks: the same geometry, read bilinearly and by the nearest pixel.

        Args:
            images: see `__call__`; they come out as they do there.
            masks: uint8 (B, H, W) class ids, padded like the images.
            sizes: (B, 2) each image's own height and width, and its mask's.
            epoch: counted from 0.
            indices: (B,) which images, by their place in the whole data.
            fill: the class id of what a warp lays bare: the one that the loss ignores.

        Returns:
            float32 (B, 3, side, side), normalised, and uint8 (B, side, side). Colours and erasing leave masks alone.
        """
        shapes, seen, labelled = _numbers(sizes), [], []
        for part in self._parts(images):
            pixels, view = self._augmented(images[part], shapes[part], epoch, indices[part])
            enlarge = self.config.crop.name != "resized"
            resized = shorter_side_to(self.shorter, masks[part][:, None], shapes[part], "nearest", enlarge=enlarge)
            seen.append(pixels)
            labelled.append(sample(*resized, view, "nearest", (float(fill),))[:, 0])
        return _joined(seen), _joined(labelled)

    def _parts(self, images: Tensor) -> list[slice]:
        count = len(images) if images.device.type != "cpu" else max(1, PIXELS_AT_ONCE // self.side**2)
        return [slice(start, start + count) for start in range(0, len(images), count)]

    def _augmented(
        self, images: Tensor, sizes: Sizes, epoch: int, indices: NDArray[np.int64]
    ) -> tuple[Tensor, Geometry]:
        draw = partial(uniform, self.seed, epoch, indices)
        enlarge = self.config.crop.name != "resized"
        images, sizes = shorter_side_to(self.shorter, images, sizes, self.interpolation, enlarge=enlarge)
        drawn = policies.draw_policy(self.config.policy, len(images), self.side, draw)
        # Drawn in the first epoch, and turned about in every other one: half of the epochs see each side of an image.
        steady = partial(uniform, self.seed, 0, indices), epoch % 2 == 1
        view = self._geometry(sizes, drawn, draw, steady if self.config.flip_alternates else (draw, False))
        fill = (255 * self.mean[0], 255 * self.mean[1], 255 * self.mean[2])
        pixels = policies.apply_operations(sample(images, sizes, view, "bilinear", fill), drawn)
        output = colour.normalise(colour.jitter(pixels, self.config.colour, draw), self.mean, self.std)
        return erase(output, self.config.erasing, draw), view

    def _geometry(self, sizes: Sizes, drawn: policies.Drawn, draw: Draw, flipping: tuple[Draw, bool]) -> Geometry:
        config = self.config
        view = geometry.crop(config.crop, sizes, self.side, draw)
        chance, turned = flipping
        view = geometry.flip(view, self.side, config.horizontal_flip, config.vertical_flip, chance, turned=turned)
        warp = geometry.affine(config.affine, len(sizes), self.side, draw)
        return Geometry(view, geometry.compose(warp, policies.warps(drawn, self.side)), self.side)


class EvalTransform:
    """What evaluation sees: the shorter side resized, the centre taken, normalised; nothing is random.

    Args:
        image_size: side of the output, pixels.
        crop_fraction: the centre's share of the resized shorter side.
        mean: of the channels, 0 … 1.
        std: of the channels, 0 … 1.
        interpolation: the filter of the resizing.
    """

    def __init__(
        self, *, image_size: int, crop_fraction: float, mean: Channels, std: Channels, interpolation: Interpolation
    ) -> None:
        self.side = image_size
        self.shorter = stored_side(image_size, crop_fraction)
        self.mean, self.std = mean, std
        self.interpolation = interpolation

    def __call__(self, images: Tensor, sizes: Tensor) -> Tensor:
        """Bring uint8 (B, 3, H, W) with sizes (B, 2) to float32 (B, 3, side, side)."""
        return self.normalise(self.square(images, sizes))

    def square(self, images: Tensor, sizes: Tensor) -> Tensor:
        """The centre of each resized image, still in whole numbers: uint8 (B, 3, side, side)."""
        images, shapes = shorter_side_to(self.shorter, images, _numbers(sizes), self.interpolation, enlarge=True)
        return self._centre(images, shapes)

    def normalise(self, squares: Tensor) -> Tensor:
        """What the model sees of uint8 squares: float32 of the same shape."""
        return colour.normalise(squares.float(), self.mean, self.std)

    def with_masks(self, images: Tensor, masks: Tensor, sizes: Tensor) -> tuple[Tensor, Tensor]:
        """Bring images to what `__call__` makes of them, and their masks, uint8 (B, H, W), to uint8 (B, side, side)."""
        labels, shapes = shorter_side_to(self.shorter, masks[:, None], _numbers(sizes), "nearest", enlarge=True)
        return self(images, sizes), self._centre(labels, shapes)[:, 0]

    def _centre(self, images: Tensor, shapes: Sizes) -> Tensor:
        cut = Geometry(geometry.centre(shapes, self.side), geometry.identity(len(images)), self.side)
        return sample(images, shapes, cut, "nearest", fill=(0.0,) * images.shape[1])


def _joined(parts: list[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(parts)


def _numbers(sizes: Tensor) -> Sizes:
    numbers: Sizes = sizes.cpu().numpy().astype(np.int64)
    return numbers
