"""Where each output pixel comes from: crops, flips and warps of every image as one small matrix.

Matrices are (B, 2, 3) and map an output pixel (x, y, 1) to a source pixel (x, y); pixel centres are whole numbers, so
the edges of an image of width w lie at -0.5 and w - 0.5. A `crop` cuts, resizes and flips the stored image into the
output square; a `warp` rotates, shears, scales or shifts that square. Images and masks can share one `Geometry`.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sightline.config.transforms import AffineConfig, CropConfig
from sightline.data.randomness import Draw
from sightline.data.transforms.boxes import SLOTS, Sizes, between, centred_boxes, draw_boxes

Matrices = NDArray[np.float64]


@dataclass(frozen=True)
class Geometry:
    """How a batch is sampled.

    Attributes:
        crop: (B, 2, 3) square to source; reaches over the edge of the source by less than its side.
        warp: (B, 2, 3) output to square; the identity where nothing is warped.
        side: of the square, pixels.
        beyond: whether a warp that asks for more than the square reads on in the image, as far as that goes.
    """

    crop: Matrices
    warp: Matrices
    side: int
    beyond: bool = False

    @property
    def matrix(self) -> Matrices:
        """(B, 2, 3) output to source."""
        return compose(self.crop, self.warp)

    @property
    def warped(self) -> NDArray[np.bool_]:
        """(B,) which images a warp changes."""
        changed: NDArray[np.bool_] = (self.warp != identity(1)).any(axis=(1, 2))
        return changed

    @property
    def whole(self) -> NDArray[np.bool_]:
        """(B,) which images only shift by whole pixels and flip, so that no pixel needs interpolation."""
        steps = self.crop[:, (0, 1), (0, 1)]
        starts = self.crop[:, :, 2]
        exact: NDArray[np.bool_] = ((np.abs(steps) == 1) & (starts == np.round(starts))).all(axis=1)
        return exact & ~self.warped

    def take(self, chosen: NDArray[np.bool_]) -> "Geometry":
        """The part of the batch where `chosen` (B,) is true."""
        return replace(self, crop=self.crop[chosen], warp=self.warp[chosen])


def identity(n: int) -> Matrices:
    """(n, 2, 3) that change nothing."""
    return np.tile(np.eye(2, 3), (n, 1, 1))


def compose(outer: Matrices, inner: Matrices) -> Matrices:
    """(B, 2, 3) that map a point by `inner` first, then by `outer`."""
    product: Matrices = (outer[:, :, :2, None] * inner[:, None, :, :]).sum(axis=2)
    product[:, :, 2] += outer[:, :, 2]
    return product


def around(linear: Matrices, point: float, shift: Matrices) -> Matrices:
    """(B, 2, 3) that undo a shift (B, 2), then apply `linear` (B, 2, 2) around the point (point, point)."""
    matrices = np.empty((len(linear), 2, 3))
    matrices[:, :, :2] = linear
    matrices[:, :, 2] = point - (linear * (point + shift)[:, None, :]).sum(axis=2)
    return matrices


def crop(config: CropConfig, sizes: Sizes, side: int, draw: Draw, *, anywhere: bool = False) -> Matrices:
    """Choose the part of each image that fills the square.

    Args:
        config: `none` is the centre and `pad` the centre moved by up to `padding * side` whole pixels, both of images
            whose shorter side is at least `side`; `resized` draws area and shape, and takes the largest centred box
            of an allowed shape where ten draws found none that fits (as torchvision does).
        sizes: (B, 2) heights and widths.
        side: of the square, pixels.
        draw: counted uniforms.
        anywhere: whether `pad` draws its place from all over the image and `padding * side` beyond its edges; the
            shorter side may then be less than `side`.

    Returns:
        (B, 2, 3) crop matrices.
    """
    if config.name == "resized":
        boxes, found = draw_boxes(sizes, config.scale, config.ratio, draw(SLOTS, "crop"), margin=0)
        return _crops_of_boxes(np.where(found[:, None], boxes, centred_boxes(sizes, config.ratio)), side)
    crops = centre(sizes, side)
    if config.name == "pad":
        reach = min(round(config.padding * side), side - 1)
        # By how much the centre may be moved either way: at least to where the square ends with the image.
        room = np.maximum(sizes[:, ::-1] - side, 0) if anywhere else np.zeros((len(sizes), 2))
        lowest = np.minimum(crops[:, :, 2], 0) - reach if anywhere else crops[:, :, 2] - reach
        crops[:, :, 2] = lowest + np.floor(draw(2, "crop") * (room + 2 * reach + 1))
    return crops


def centre(sizes: Sizes, side: int) -> Matrices:
    """(B, 2, 3) crops of the middle of images whose shorter side is at least `side`, as timm and torchvision cut it."""
    crops = identity(len(sizes))
    crops[:, :, 2] = np.round((sizes[:, ::-1] - side) / 2)
    return crops


def _crops_of_boxes(boxes: NDArray[np.float64], side: int) -> Matrices:
    crops = np.zeros((len(boxes), 2, 3))
    for row, (start, length) in enumerate([(1, 3), (0, 2)]):
        step = boxes[:, length] / side
        crops[:, row, row] = step
        crops[:, row, 2] = boxes[:, start] + (step - 1) / 2
    return crops


def flip(
    crops: Matrices, side: int, horizontal: float, vertical: float, draw: Draw, opposite: bool = False
) -> Matrices:
    """Mirror the square of each image left to right and top to bottom, with these probabilities.

    With `opposite`, those images are mirrored left to right that else would not be; none where the probability is 0.
    """
    mirrored = draw(2, "flip") < np.array([horizontal, vertical], dtype=np.float32)
    mirrored[:, 0] ^= opposite and horizontal > 0
    mirrors = identity(len(crops))
    mirrors[:, (0, 1), (0, 1)] = np.where(mirrored, -1.0, 1.0)
    mirrors[:, :, 2] = np.where(mirrored, side - 1.0, 0.0)
    return compose(crops, mirrors)


def affine(config: AffineConfig, n: int, side: int, draw: Draw) -> Matrices:
    """Draw rotation, translation, scale and horizontal shear around the centre, uniformly, as torchvision does.

    Returns:
        (n, 2, 3) warps; identities where the configuration allows no change.
    """
    if not (config.rotation or config.translate or config.shear) and config.scale == (1.0, 1.0):
        return identity(n)
    numbers = draw(5, "affine").astype(np.float64)
    angle = np.radians(between(numbers[:, 0], -config.rotation, config.rotation))
    shift = side * between(numbers[:, 1:3], -config.translate, config.translate)
    lean = np.tan(np.radians(between(numbers[:, 4], -config.shear, config.shear)))
    zoom = between(numbers[:, 3], *config.scale)
    cos, sin = np.cos(angle) / zoom, np.sin(angle) / zoom
    linear = np.stack([cos - lean * sin, sin + lean * cos, -sin, cos], axis=1).reshape(n, 2, 2)
    return around(linear, (side - 1) / 2, shift)
