"""The way from stored pixels to what a model sees outside training: nothing of it is random."""

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from sightline.data.transforms import colour
from sightline.data.transforms.boxes import Sizes
from sightline.data.transforms.fit import Fit, squares
from sightline.data.transforms.geometry import Geometry, centre, identity
from sightline.data.transforms.resizing import Interpolation, ResizeMode, shorter_side_to
from sightline.data.transforms.sampling import sample
from sightline.data.transforms.transform import Channels, as_array, mean_colour, stored_side


class EvalTransform:
    """What evaluation sees: the image as a square, or whole, normalised; nothing is random.

    Args:
        image_size: side of the output, pixels.
        crop_fraction: the centre's share of the resized shorter side.
        mean: of the channels, 0 … 1.
        std: of the channels, 0 … 1.
        interpolation: the filter of the resizing.
        fit: `crop` resizes the shorter side and takes the centre, `letterbox` and `squash` are those of `squares`,
            `whole` only reduces a larger image, and takes batches of one shape.
        shorter: the shorter side that is resized to; by default as `crop_fraction` asks.
    """

    def __init__(
        self,
        *,
        image_size: int,
        crop_fraction: float,
        mean: Channels,
        std: Channels,
        interpolation: Interpolation,
        fit: Fit = "crop",
        shorter: int | None = None,
    ) -> None:
        self.side = image_size
        self.shorter = shorter or stored_side(image_size, crop_fraction)
        self.mean = mean
        self.std = std
        self.interpolation = interpolation
        self.fit = fit

    def __call__(self, images: Tensor, sizes: Tensor) -> Tensor:
        """Bring uint8 (B, 3, H, W) with sizes (B, 2) to float32 (B, 3, side, side), or as `whole` leaves them."""
        return self.normalise(self.square(images, sizes))

    def by_shape(self, images: Tensor, sizes: Tensor) -> list[tuple[NDArray[np.int64], Tensor]]:
        """What `__call__` makes of images that may differ in shape: the rows of those that share one, and the batch."""
        shapes = as_array(sizes)
        if self.fit != "whole":
            return [(np.arange(len(shapes)), self(images, sizes))]
        alike = [np.flatnonzero((shapes == shape).all(axis=1)) for shape in np.unique(shapes, axis=0)]
        return [(rows, self(images[rows], sizes[rows])) for rows in alike]

    def square(self, images: Tensor, sizes: Tensor) -> Tensor:
        """Each image as a square or whole, still in whole numbers: uint8 (B, 3, side, side) or (B, 3, h, w)."""
        return self._square(images, as_array(sizes), self.interpolation, mean_colour(self.mean))

    def normalise(self, pixels: Tensor) -> Tensor:
        """What the model sees of uint8 squares: float32 of the same shape."""
        return colour.normalise(pixels.float(), self.mean, self.std)

    def with_masks(self, images: Tensor, masks: Tensor, sizes: Tensor, fill: int) -> tuple[Tensor, Tensor]:
        """Bring images to what `__call__` makes of them, and their masks, uint8 (B, H, W), to uint8 (B, side, side).

        Args:
            images: see `__call__`.
            masks: padded like the images.
            sizes: (B, 2) each image's own height and width, and its mask's.
            fill: the class id of what lies outside of an image: the one that the loss ignores.
        """
        labels = self._square(masks[:, None], as_array(sizes), "nearest", (float(fill),))
        return self(images, sizes), labels[:, 0]

    def _square(self, images: Tensor, shapes: Sizes, mode: ResizeMode, fill: tuple[float, ...]) -> Tensor:
        if self.fit == "whole":
            assert (shapes == shapes[:1]).all(), "whole images come in batches of one shape"
            images, shapes = shorter_side_to(self.shorter, images, shapes, mode, enlarge=False)
            return images[:, :, : shapes[0, 0], : shapes[0, 1]]
        if self.fit != "crop":
            return squares(self.fit, np.full(len(shapes), self.side), images, shapes, mode, fill)[0]
        images, shapes = shorter_side_to(self.shorter, images, shapes, mode, enlarge=True)
        cut = Geometry(centre(shapes, self.side), identity(len(images)), self.side)
        return sample(images, shapes, cut, "nearest", fill=fill)
