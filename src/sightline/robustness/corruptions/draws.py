"""Random numbers of a corruption: a function of each image's id, what is done to it, how strongly, and the seed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from typing import Final, Self

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import ndtri
from torch import Tensor

from sightline.data.randomness import uniform, words

BITS: Final = 16
"""Of a number that a pixel is changed by."""


@cache
def normal_table() -> NDArray[np.float64]:
    """(65536,) the standard normal deviate that stands for each number of 16 bits: its quantile at the middle."""
    quantiles: NDArray[np.float64] = ndtri((np.arange(2**BITS) + 0.5) / 2**BITS)
    return quantiles


@dataclass(frozen=True)
class Draws:
    """Random numbers for the images of a batch; those of an image do not depend on what else is in the batch.

    Attributes:
        seed: of all.
        stream: the corruption and its severity.
        counters: (B,) one for each image, made of its id.
    """

    seed: int
    stream: str
    counters: NDArray[np.int64]

    @classmethod
    def of(cls, ids: Sequence[str], corruption: str, severity: int, seed: int) -> Self:
        """For images with these ids."""
        return cls(seed, f"{corruption}/{severity}", np.array([counter_of(one) for one in ids], dtype=np.int64))

    def bits(self, *shape: int, part: str = "") -> Tensor:
        """(B, *shape) int64 whole numbers of 16 bits; another `part` is another stream."""
        count = math.prod(shape)
        drawn = words(self.seed, 0, self.counters, -(-count // 4), f"{self.stream}/{part}")
        found = drawn.astype("<u8").view("<u2")[:, :count].astype(np.int64)
        return torch.from_numpy(found.reshape(-1, *shape))

    def uniform(self, count: int, low: float, high: float, part: str) -> NDArray[np.float64]:
        """(B, count) between two limits."""
        drawn = uniform(self.seed, 0, self.counters, count, f"{self.stream}/{part}").astype(np.float64)
        return low + (high - low) * drawn


def counter_of(name: str) -> int:
    """64 bits that stand for the id of an image."""
    digest = blake2b(name.encode(errors="surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)
