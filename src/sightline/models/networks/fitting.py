"""Images of any size for networks that take only some: filled up or resized here, and their outputs brought back."""

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional as F

Size = tuple[int, int]
"""Height and width in pixels."""


@dataclass(frozen=True)
class InputFit:
    """Which sizes a network takes, and how an image of any size is made one of them.

    Attributes:
        multiple: height and width are filled up with zeros, at the bottom and on the right, to multiples of this.
        size: where a network takes one size alone: images are resized to it.
    """

    multiple: int = 1
    size: Size | None = None

    def fitted_size(self, size: Size) -> Size:
        """The size at which the network sees an image of this size."""
        if self.size is not None:
            return self.size
        height, width = (-(-side // self.multiple) * self.multiple for side in size)
        return height, width

    def apply(self, images: Tensor) -> Tensor:
        """(n, c, h, w) of any size to (n, c, h', w') of one that the network takes."""
        height, width = images.shape[-2:]
        wanted = self.fitted_size((height, width))
        if wanted == (height, width):
            return images
        if self.size is not None:
            return F.interpolate(images, wanted, mode="bilinear", antialias=True)
        return F.pad(images, (0, wanted[1] - width, 0, wanted[0] - height))

    def back(self, maps: Tensor, size: Size) -> Tensor:
        """Undo `apply` for what the network gave: maps (n, k, ·, ·) of the whole fitted image, of any resolution.

        Args:
            maps: of a fitted image, from its first row to its last.
            size: of the image before it was fitted.

        Returns:
            (n, k, h, w).
        """
        fitted = self.fitted_size(size) if self.size is None else size
        return resized(maps, fitted)[..., : size[0], : size[1]]


def resized(maps: Tensor, size: Size) -> Tensor:
    """(n, c, ·, ·) to (n, c, h, w), bilinear; untouched where the size is right already."""
    if maps.shape[-2:] == size:
        return maps
    return F.interpolate(maps, size, mode="bilinear", align_corners=False)
