"""What a model said of the labels and the masks of the same images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from sightline.data.targets import LABEL, MASK, MISSING
from sightline.inference.masks import MaskCollector
from sightline.metrics.predictions import Arrays, Predictions
from sightline.metrics.segmentation.predictions import MaskPredictions
from sightline.models.outputs import Outputs, by_head


@dataclass(frozen=True)
class MultitaskPredictions:
    """Predictions of n images, any of which may lack its label or its mask.

    Attributes:
        ids: (n,) strings, unique.
        logits: (n, classes) float32 of the labels, before softmax.
        labels: (n,) int64, or `MISSING`.
        masks: of the same images; one without a mask has no pixel that counts.
    """

    ids: NDArray[np.str_]
    logits: NDArray[np.float32]
    labels: NDArray[np.int64]
    masks: MaskPredictions

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def labelled(self) -> NDArray[np.int64]:
        """(m,) the rows that have a label."""
        return np.flatnonzero(self.labels != MISSING)

    @property
    def of_labels(self) -> Predictions:
        """Of the m images that have a label."""
        rows = self.labelled
        return Predictions(self.ids[rows], self.logits[rows], self.labels[rows])

    def to_arrays(self) -> Arrays:
        """As they are stored."""
        masks = {f"{MASK}.{name}": array for name, array in self.masks.to_arrays().items() if name != "ids"}
        return {"ids": self.ids, f"{LABEL}.logits": self.logits, f"{LABEL}.labels": self.labels, **masks}

    @staticmethod
    def from_arrays(arrays: Arrays) -> "MultitaskPredictions":
        """What `to_arrays` gave."""
        start = f"{MASK}."
        masks = {name.removeprefix(start): array for name, array in arrays.items() if name.startswith(start)}
        found = MultitaskPredictions(
            arrays["ids"],
            arrays[f"{LABEL}.logits"],
            arrays[f"{LABEL}.labels"],
            MaskPredictions.from_arrays({"ids": arrays["ids"], **masks}),
        )
        Predictions.from_arrays(found.of_labels.to_arrays())  # refuses what does not fit together
        return found


@dataclass(frozen=True)
class MultitaskCollector:
    """Keeps logits of labels, and of masks what its own collector keeps.

    Attributes:
        masks: the collector of the masks.
    """

    masks: MaskCollector

    def forward(self, model: nn.Module, images: Tensor) -> Outputs:
        """Both heads."""
        outputs: Outputs = model(images)
        return outputs

    def collect(self, ids: Sequence[str], outputs: Outputs, targets: Mapping[str, Tensor]) -> MultitaskPredictions:
        """The predictions of a batch."""
        heads = by_head(outputs)
        masks = self.masks.collect(ids, heads[MASK], targets)
        return MultitaskPredictions(np.array(ids), heads[LABEL].cpu().numpy(), targets[LABEL].cpu().numpy(), masks)

    def joined(self, parts: Sequence[MultitaskPredictions]) -> MultitaskPredictions:
        """One after the other."""
        return MultitaskPredictions(
            np.concatenate([part.ids for part in parts]),
            np.concatenate([part.logits for part in parts]),
            np.concatenate([part.labels for part in parts]),
            self.masks.joined([part.masks for part in parts]),
        )
