"""A random affine map, and then a smooth random shift of every pixel."""

import numpy as np
import torch
from torch import Tensor

from sightline.robustness.corruptions.draws import BITS, Draws
from sightline.robustness.corruptions.linear import Edge, along_both, gaussian_matrix, to_bytes


def elastic_transform(images: Tensor, draws: Draws, strength: float, smoothness: float, affine: float) -> Tensor:
    """Move three points of a square in the middle by chance, then every pixel.

    Args:
        images: uint8 (B, 3, H, W).
        draws: of the images.
        strength: what the smoothed shifts are multiplied with, over the shorter side.
        smoothness: sigma that they are smoothed by, over the shorter side.
        affine: how far the three points move at most, over the shorter side.
    """
    height, width = images.shape[2:]
    side = min(height, width)
    rows, columns = torch.arange(height).double()[:, None], torch.arange(width).double()
    moved = _bilinear(images.double(), *_affine(draws, height, width, affine * side, rows, columns), "mirror")
    down, across = (
        _smooth(draws, height, width, smoothness * side, part) * (strength * side) for part in ("down", "across")
    )
    return to_bytes(_bilinear(moved, rows + down, columns + across, "reflect"))


def _affine(
    draws: Draws, height: int, width: int, reach: float, rows: Tensor, columns: Tensor
) -> tuple[Tensor, Tensor]:
    """(B, H, W) rows and columns that each pixel is read from: the map that leads three moved points back."""
    # As published, half of the height is the abscissa of the middle and half of the width its ordinate.
    x, y, half = float(height // 2), float(width // 2), float(side // 3 if (side := min(height, width)) >= 3 else 1)
    still = np.array([[x + half, y + half], [x + half, y - half], [x - half, y - half]])
    shifted = still + draws.uniform(6, -reach, reach, "affine").reshape(-1, 3, 2)
    first, corner, last = (torch.from_numpy(shifted[:, point, :, None, None].copy()) for point in range(3))
    (ax, ay), (bx, by) = ((one[:, 0], one[:, 1]) for one in (first - corner, corner - last))
    area = ax * by - ay * bx
    area = torch.where(area == 0, 1.0, area)
    from_x, from_y = columns - corner[:, 0], rows - corner[:, 1]
    along_a, along_b = (from_x * by - from_y * bx) / area, (ax * from_y - ay * from_x) / area
    return along_a * (2 * half) + still[1, 1], along_b * (2 * half) + still[1, 0]


def _smooth(draws: Draws, height: int, width: int, sigma: float, part: str) -> Tensor:
    """(B, H, W) float64: uniform numbers from -1 to 1 under a Gaussian blur."""
    drawn = draws.bits(height, width, part=part) * 2 + 1 - 2**BITS
    down, across = (gaussian_matrix(side, sigma, 3.0, "reflect") for side in (height, width))
    return along_both(drawn, down, across) / 2**BITS


def _bilinear(images: Tensor, rows: Tensor, columns: Tensor, edge: Edge) -> Tensor:
    """(B, C, H, W) read at fractional places (B, H, W), beyond the edges as `edge` says."""
    above, left = rows.floor(), columns.floor()
    lower, right = (rows - above)[:, None], (columns - left)[:, None]

    def at(row: Tensor, column: Tensor) -> Tensor:
        lines, across = (_folded(one, side, edge) for one, side in ((row, images.shape[2]), (column, images.shape[3])))
        places = (lines * images.shape[3] + across).flatten(1)[:, None].expand(-1, images.shape[1], -1)
        return images.flatten(2).gather(2, places).view(images.shape)

    upper = at(above, left) * (1 - right) + at(above, left + 1) * right
    under = at(above + 1, left) * (1 - right) + at(above + 1, left + 1) * right
    return upper * (1 - lower) + under * lower


def _folded(places: Tensor, length: int, edge: Edge) -> Tensor:
    """Whole places as those of pixels; see `linear.folded`."""
    period = max(1, 2 * length - (2 if edge == "mirror" else 0))
    within = torch.remainder(places.long(), period)
    return torch.where(within < length, within, period - (0 if edge == "mirror" else 1) - within)
