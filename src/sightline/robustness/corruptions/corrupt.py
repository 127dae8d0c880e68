"""The one call for every corruption: pixels in, pixels out, a function of id, corruption, severity and seed alone."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import torch
from torch import Tensor

from sightline.config.robustness import Constants, CorruptionName
from sightline.robustness.corruptions.blur import defocus_blur, glass_blur, motion_blur, zoom_blur
from sightline.robustness.corruptions.constants import TABLES
from sightline.robustness.corruptions.digital import brightness, contrast, jpeg_compression, pixelate
from sightline.robustness.corruptions.draws import Draws
from sightline.robustness.corruptions.elastic import elastic_transform
from sightline.robustness.corruptions.frost import frost
from sightline.robustness.corruptions.noise import gaussian_noise, impulse_noise, shot_noise
from sightline.robustness.corruptions.weather import fog, snow

AT_ONCE: Final = 2**19
"""Pixels that are worked on together, so that memory does not grow with the batch; no pixel depends on it."""

_FUNCTIONS: Final[Mapping[CorruptionName, Callable[..., Tensor]]] = {
    "gaussian_noise": gaussian_noise,
    "shot_noise": shot_noise,
    "impulse_noise": impulse_noise,
    "defocus_blur": defocus_blur,
    "glass_blur": glass_blur,
    "motion_blur": motion_blur,
    "zoom_blur": zoom_blur,
    "snow": snow,
    "frost": frost,
    "fog": fog,
    "brightness": brightness,
    "contrast": contrast,
    "elastic_transform": elastic_transform,
    "pixelate": pixelate,
    "jpeg_compression": jpeg_compression,
}


def corrupt(
    images: Tensor, ids: Sequence[str], corruption: CorruptionName, severity: int, *, seed: int, constants: Constants
) -> Tensor:
    """Corrupt images; what is batched with an image, where it is computed and in how many threads change none of it.

    Args:
        images: uint8 (B, 3, H, W), as the model sees them before they are normalised.
        ids: of the images, which their random numbers hang on.
        corruption: one of the fifteen.
        severity: 1 to 5.
        seed: of the random numbers.
        constants: the table that says how strong it is.

    Returns:
        uint8 of the same shape, on the same device.

    Raises:
        ValueError: the images are no such tensor, or there is not one id for each.
    """
    if images.dtype != torch.uint8 or images.ndim != 4 or images.shape[1] != 3 or len(ids) != len(images):
        raise ValueError(
            f"{images.dtype} {tuple(images.shape)} and {len(ids)} ids; it takes uint8 (B, 3, H, W), an id each"
        )
    arguments = TABLES[constants][corruption][severity - 1]
    there = images.cpu()  # whole-number arithmetic is exact there; a GPU may take shorter floats
    count = max(1, AT_ONCE // max(1, images.shape[2] * images.shape[3]))
    parts = [
        _FUNCTIONS[corruption](
            there[start : start + count].contiguous(),
            Draws.of(ids[start : start + count], corruption, severity, seed),
            *arguments,
        )
        for start in range(0, len(ids), count)
    ]
    return torch.cat(parts).to(images.device) if parts else images
