"""Counted randomness in bulk: as many numbers as an image has values, made on the device that needs them."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sightline.data.randomness import FIRST, GOLDEN, SECOND, starts


def uniform_on(
    device: torch.device, seed: int, epoch: int, counters: NDArray[np.int64], slots: int, stream: str
) -> Tensor:
    """`randomness.uniform` as a tensor (B, slots) on a device, to the bit; nothing waits for the device."""
    place = device if device.type == "cuda" else torch.device("cpu")
    begin = torch.from_numpy(starts(seed, epoch, counters, stream).view(np.int64)).to(place)
    # Products of 64-bit integers wrap around, signed or not.
    numbers = torch.arange(1, slots + 1, device=place).mul_(_signed(GOLDEN)) + begin[:, None]
    for shift, factor in ((30, FIRST), (27, SECOND)):
        numbers.bitwise_xor_(_shifted(numbers, shift)).mul_(_signed(factor))
    numbers.bitwise_xor_(_shifted(numbers, 31))
    return _shifted(numbers, 40).float().mul_(2.0**-24).to(device)


def _shifted(numbers: Tensor, by: int) -> Tensor:
    """Shifted to the right, with zeros coming in from the left."""
    return (numbers >> by).bitwise_and_((1 << (64 - by)) - 1)


def _signed(number: np.uint64) -> int:
    """The signed integer of the same bits."""
    return int(number.view(np.int64))
