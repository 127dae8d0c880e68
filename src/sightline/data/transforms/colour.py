"""Colour of a whole batch: jitter as one linear map an image, and normalisation."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sightline.config.transforms import ColourConfig
from sightline.data.randomness import Draw
from sightline.data.transforms.boxes import between

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in the brightness that is seen (ITU-R BT.601)."""

_YIQ = np.array([LUMA, (0.5959, -0.2746, -0.3213), (0.2115, -0.5227, 0.3112)])
_GREY = np.tile(_YIQ[0], (3, 1))
_COLOUR = np.eye(3) - _GREY
_TURNED = np.linalg.inv(_YIQ) @ np.array([(0, 0, 0), (0, 0, -1), (0, 1, 0)]) @ _YIQ


def jitter(pixels: Tensor, config: ColourConfig, draw: Draw) -> Tensor:
    """Change brightness, contrast, saturation and hue of each image, in this order, as one 3 x 4 matrix.

    Factors are uniform in [max(0, 1 - x), 1 + x], as torchvision's. Contrast scales around the image's mean grey.
    Hue turns the colours around the grey axis of YIQ, which keeps the luma: linear, unlike a shift of hue in HSV, and
    so one matrix with the rest. Values are clipped once, at the end.

    Args:
        pixels: uint8 (B, 3, H, W).
        config: the largest changes.
        draw: counted uniforms.

    Returns:
        float32 (B, 3, H, W) in 0 … 255, not rounded.
    """
    if not (config.brightness or config.contrast or config.saturation or config.hue):
        return pixels.float()
    brightness, contrast, matrices = _drawn(config, draw)
    output = _linear(pixels, like(pixels, contrast * brightness * matrices))
    if config.contrast:
        # Turning and saturating leave grey as it is, so the mean's share needs no matrix.
        output += mean_grey(pixels) * like(pixels, (1 - contrast) * brightness)[..., None]
    return output.clamp_(0, 255)


def _drawn(config: ColourConfig, draw: Draw) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """(B, 1, 1) factors of brightness and contrast, and (B, 3, 3) matrices of saturation and hue."""
    numbers = draw(4, "colour").astype(np.float64)[:, :, None, None]
    limits = (config.brightness, config.contrast, config.saturation)
    brightness, contrast, saturation = (
        between(numbers[:, slot], max(0.0, 1.0 - limit), 1.0 + limit) for slot, limit in enumerate(limits)
    )
    angle = 2 * np.pi * between(numbers[:, 3], -config.hue, config.hue)
    return brightness, contrast, _GREY + saturation * (np.cos(angle) * _COLOUR + np.sin(angle) * _TURNED)


def _linear(pixels: Tensor, matrices: Tensor) -> Tensor:
    """(B, 3, 3) times every pixel, one rounding a step: a batched product would depend on the batch's size."""
    columns = matrices[..., None, None].unbind(dim=2)
    red, green, blue = pixels.float()[:, :, None].unbind(dim=1)
    return (columns[0] * red).add_(columns[1] * green).add_(columns[2] * blue)


def grey(pixels: Tensor) -> Tensor:
    """Luma of (B, 3, H, W), 0 … 255: float32 (B, 1, H, W)."""
    red, green, blue = pixels.float()[:, :, None].unbind(dim=1)
    return (red * LUMA[0]).add_(green * LUMA[1]).add_(blue * LUMA[2])


def mean_grey(pixels: Tensor) -> Tensor:
    """Mean luma of each uint8 image, float32 (B, 1, 1, 1), from exact whole sums."""
    sums = pixels.sum(dim=(2, 3), keepdim=True, dtype=torch.int64)
    return grey(sums) / (pixels.shape[2] * pixels.shape[3])


def normalise(pixels: Tensor, mean: tuple[float, ...], std: tuple[float, ...]) -> Tensor:
    """Bring float pixels of 0 … 255 to (x / 255 - mean) / std, in place."""
    means = np.array(mean)[:, None, None]
    deviations = np.array(std)[:, None, None]
    return pixels.mul_(like(pixels, 1 / (255 * deviations))).add_(like(pixels, -means / deviations))


def like(pixels: Tensor, numbers: NDArray[np.float64]) -> Tensor:
    """Numbers as float32 where the pixels are."""
    return torch.from_numpy(numbers.astype(np.float32)).to(pixels.device)
