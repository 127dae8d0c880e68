"""The way from stored pixels to what a model sees in training; that of everything else is in `evaluation.py`.

Training samples each image once, through one matrix (crop, flips, affine and the policy's geometry), then applies
the policy's pixel operations, jitters colours, normalises and erases. AugMix alone samples the square again.
"""

import math
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sightline.config.base import decided
from sightline.config.transforms import TransformsConfig
from sightline.data.randomness import Draw, uniform
from sightline.data.transforms import colour
from sightline.data.transforms.boxes import Sizes
from sightline.data.transforms.erasing import erase
from sightline.data.transforms.fit import Fit, squares
from sightline.data.transforms.geometry import Geometry, affine, compose, crop, flip
from sightline.data.transforms.policies import apply
from sightline.data.transforms.policies.augmix import mix_chains
from sightline.data.transforms.policies.draw import Operations, draw_policy
from sightline.data.transforms.resizing import Interpolation, ResizeMode, shorter_side_to
from sightline.data.transforms.sampling import sample

Channels = tuple[float, ...]
"""A number for each channel."""

PIXELS_AT_ONCE = 2**19
"""How many output pixels a CPU works on together, so that they stay in its cache; parameters belong to images, so the
cut changes no pixel."""


def stored_side(image_size: int, crop_fraction: float) -> int:
    """The shorter side that evaluation resizes to before it takes the centre, rounded down as timm does."""
    return math.floor(image_size / crop_fraction)


class TrainTransform:
    """What training sees: each image with its own parameters, a pure function of (seed, epoch, counter).

    Args:
        config: the strategy.
        image_size: side of the output, pixels.
        mean: of the channels, 0 … 1.
        std: of the channels, 0 … 1.
        interpolation: the filter when a whole image is resized; crops and warps are bilinear.
        seed: the run's seed.
        crop_fraction: the centre's share in evaluation, so that `none` and `pad` show objects as large as it does.
        fit: how an image becomes a square; but for `crop` and `whole` that comes first, and all else happens to the
            square. Of a `whole` image the square is cut from anywhere, and a warp that needs more than the square
            reads on in the image; nothing is enlarged.
        shorter: the shorter side to which larger images are reduced before; by default as `crop_fraction` asks.
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
        fit: Fit = "crop",
        shorter: int | None = None,
    ) -> None:
        self.config = config
        self.side = image_size
        self.mean = mean
        self.std = std
        self.interpolation = interpolation
        self.seed = seed
        self.fit = fit
        self.shorter = shorter or stored_side(image_size, crop_fraction)

    def __call__(self, images: Tensor, sizes: Tensor, epoch: int, counters: NDArray[np.int64]) -> Tensor:
        """Augment a batch where it lies.

        Args:
            images: uint8 (B, 3, H, W), padded at right and bottom.
            sizes: (B, 2) each image's own height and width; best left on the CPU.
            epoch: counted from 0.
            counters: (B,) what the random numbers of each image are counted by.

        Returns:
            float32 (B, 3, side, side), normalised.
        """
        shapes = as_array(sizes)
        parts = [self._augmented(images[part], shapes[part], epoch, counters[part]) for part in self._parts(images)]
        return _cat([pixels for pixels, _ in parts])

    def with_masks(
        self, images: Tensor, masks: Tensor, sizes: Tensor, epoch: int, counters: NDArray[np.int64], fill: int
    ) -> tuple[Tensor, Tensor]:
        """Augment images and their masks: the same geometry, read bilinearly and by the nearest pixel.

        Args:
            images: see `__call__`; they come out as they do there.
            masks: uint8 (B, H, W) class ids, padded like the images.
            sizes: (B, 2) each image's own height and width, and its mask's.
            epoch: counted from 0.
            counters: see `__call__`.
            fill: the class id of what a warp lays bare: the one that the loss ignores.

        Returns:
            float32 (B, 3, side, side), normalised, and uint8 (B, side, side). Colours and erasing leave masks alone.

        Raises:
            ValueError: the policy is AugMix, after which no mask is that of its image; the parse refuses it before.
        """
        if self.config.policy.name == "augmix":
            raise ValueError("AugMix mixes versions of an image that moved differently, which have no mask")
        shapes = as_array(sizes)
        augmented = []
        sampled = []
        for part in self._parts(images):
            pixels, geometry = self._augmented(images[part], shapes[part], epoch, counters[part])
            bare = (float(fill),)
            resized, resized_shapes = self._resized(masks[part][:, None], shapes[part], "nearest", bare)
            augmented.append(pixels)
            sampled.append(sample(resized, resized_shapes, geometry, "nearest", bare)[:, 0])
        return _cat(augmented), _cat(sampled)

    def _parts(self, images: Tensor) -> list[slice]:
        count = len(images) if images.device.type != "cpu" else max(1, PIXELS_AT_ONCE // self.side**2)
        return [slice(start, start + count) for start in range(0, len(images), count)]

    def _augmented(
        self, images: Tensor, shapes: Sizes, epoch: int, counters: NDArray[np.int64]
    ) -> tuple[Tensor, Geometry]:
        """What the model sees of some images, and how they were sampled."""
        draw = partial(uniform, self.seed, epoch, counters)
        colour_of_none = mean_colour(self.mean)
        images, shapes = self._resized(images, shapes, self.interpolation, colour_of_none)
        operations = draw_policy(self.config.policy, len(images), self.side, draw)
        geometry = self._geometry(shapes, operations, epoch, counters)
        pixels = sample(images, shapes, geometry, "bilinear", fill=colour_of_none)
        pixels = apply.apply_operations(pixels, operations)
        pixels = mix_chains(pixels, self.config.policy, draw, colour_of_none)
        pixels = colour.jitter(pixels, self.config.colour, draw)
        pixels = colour.normalise(pixels, self.mean, self.std)
        return erase(pixels, self.config.erasing, draw), geometry

    def _resized(
        self, images: Tensor, shapes: Sizes, mode: ResizeMode, fill: tuple[float, ...]
    ) -> tuple[Tensor, Sizes]:
        enlarge = self.config.crop.name != "resized" and self.fit != "whole"
        if self.fit == "letterbox" or self.fit == "squash":
            # What is cut out of a square is enlarged: it keeps up to twice the pixels where the image has them.
            sides = np.full(len(shapes), self.side) if enlarge else np.minimum(shapes.max(axis=1), 2 * self.side)
            return squares(self.fit, sides, images, shapes, mode, fill)
        return shorter_side_to(self.shorter, images, shapes, mode, enlarge=enlarge)

    def _geometry(self, shapes: Sizes, operations: Operations, epoch: int, counters: NDArray[np.int64]) -> Geometry:
        config = self.config
        draw = partial(uniform, self.seed, epoch, counters)
        crops = crop(config.crop, shapes, self.side, draw, anywhere=self.fit == "whole")
        horizontal = decided(config.horizontal_flip)
        crops = flip(crops, self.side, horizontal, config.vertical_flip, *self._flipping(epoch, counters))
        warps = affine(config.affine, len(shapes), self.side, draw)
        warps = compose(warps, apply.warps(operations, self.side))
        return Geometry(crops, warps, self.side, beyond=self.fit == "whole")

    def _flipping(self, epoch: int, counters: NDArray[np.int64]) -> tuple[Draw, bool]:
        """By which numbers images are mirrored, and whether those are that else would not be."""
        if not self.config.flip_alternates:
            return partial(uniform, self.seed, epoch, counters), False
        # Drawn in the first epoch, and turned about in every other one: half of the epochs see each side of an image.
        return partial(uniform, self.seed, 0, counters), epoch % 2 == 1


def mean_colour(mean: Channels) -> Channels:
    """What is put where there is no image, 0 … 255; normalised it is 0."""
    return tuple(255 * value for value in mean)


def _cat(parts: list[Tensor]) -> Tensor:
    """The parts as one batch; a single one is not copied."""
    return parts[0] if len(parts) == 1 else torch.cat(parts)


def as_array(sizes: Tensor) -> Sizes:
    """(B, 2) heights and widths, on the CPU."""
    array: Sizes = sizes.cpu().numpy().astype(np.int64)
    return array
