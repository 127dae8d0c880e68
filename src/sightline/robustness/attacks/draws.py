"""Random numbers of attacks: a function of each item's id, the attack, its restart and the seed alone."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import ndtri
from torch import Tensor

from sightline.data.randomness import uniform
from sightline.robustness.corruptions.draws import counter_of


@dataclass(frozen=True)
class Draws:
    """Random numbers for the items of a batch; those of an item do not depend on what else is in the batch.

    Attributes:
        seed: of all.
        counters: (B,) one for each item, made of its id.
        restart: of the attack.
    """

    seed: int
    counters: NDArray[np.int64]
    restart: int = 0

    @classmethod
    def of(cls, ids: Sequence[str], seed: int) -> Self:
        """For items with these ids."""
        return cls(seed, np.array([counter_of(one) for one in ids], dtype=np.int64))

    def at(self, rows: Tensor) -> Self:
        """For some of the items."""
        return replace(self, counters=self.counters[rows.cpu().numpy()])

    def again(self, restart: int) -> Self:
        """For another start of the attack."""
        return replace(self, restart=restart)

    def uniform(self, like: Tensor, stream: str) -> Tensor:
        """Numbers in [0, 1) as float32, in the shape of a tensor whose first dimension is that of the items."""
        return self._shaped(self._drawn(like, stream), like)

    def normal(self, like: Tensor, stream: str) -> Tensor:
        """Standard normal numbers, likewise."""
        # Half a step of the uniform numbers keeps 0 away.
        return self._shaped(ndtri(self._drawn(like, stream).astype(np.float64) + 2.0**-25), like)

    def signs(self, like: Tensor, stream: str) -> Tensor:
        """-1 or 1, likewise."""
        return torch.where(self.uniform(like, stream) < 0.5, -1.0, 1.0)

    def _drawn(self, like: Tensor, stream: str) -> NDArray[np.float32]:
        count = math.prod(like.shape[1:])
        return uniform(self.seed, self.restart, self.counters, count, f"attack/{stream}")

    def _shaped(self, numbers: NDArray[np.floating], like: Tensor) -> Tensor:
        return torch.from_numpy(numbers.astype(np.float32)).view(like.shape).to(like.device)
