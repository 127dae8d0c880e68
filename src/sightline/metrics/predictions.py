"""What a model said about a set of items: the arrays from which every later number comes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]
"""What a file of predictions holds, by name."""


@dataclass(frozen=True)
class Predictions:
    """Outputs and truth of `n` items.

    Attributes:
        ids: (n,) strings, unique.
        logits: (n, classes) float32, before softmax.
        labels: (n,) int64.
    """

    ids: NDArray[np.str_]
    logits: NDArray[np.float32]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def to_arrays(self) -> Arrays:
        """Its arrays as they are stored."""
        return {"ids": self.ids, "logits": self.logits, "labels": self.labels}

    @staticmethod
    def from_arrays(arrays: Mapping[str, NDArray[Any]]) -> "Predictions":
        """What `to_arrays` gave.

        Raises:
            ValueError: the arrays do not fit each other.
        """
        ids, logits, labels = arrays["ids"], arrays["logits"], arrays["labels"]
        n = ids.shape[0] if ids.ndim == 1 else -1
        if logits.ndim != 2 or logits.shape[0] != n or labels.shape != (n,):
            raise ValueError(f"ids {ids.shape}, logits {logits.shape}, labels {labels.shape} do not fit together")
        kinds = "".join(array.dtype.kind for array in (ids, logits, labels))
        if kinds not in {"Ufi", "Ufu"}:
            raise ValueError(f"ids are {ids.dtype}, logits {logits.dtype} and labels {labels.dtype}")
        if n and not (labels.min() >= 0 and labels.max() < logits.shape[1]):
            raise ValueError(f"labels run from {labels.min()} to {labels.max()}, of {logits.shape[1]} classes")
        return Predictions(ids, logits, labels)

    def probabilities(self, temperature: float = 1.0) -> NDArray[np.float64]:
        """(n, classes) softmax of the logits over `temperature`, in float64."""
        from scipy.special import softmax  # help passes through this file, and scipy takes its time

        shares: NDArray[np.float64] = softmax(self.logits.astype(np.float64) / temperature, axis=1)
        return shares
