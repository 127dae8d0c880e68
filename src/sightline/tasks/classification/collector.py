"""From logits to the predictions of classification, with what the logits were made from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from sightline.data.targets import LABEL
from sightline.metrics.predictions import Predictions
from sightline.models.outputs import Outputs, by_head


@dataclass(frozen=True)
class EmbeddedPredictions(Predictions):
    """Predictions of a model that was asked just now.

    Attributes:
        embeddings: (n, features) what the classifier saw of each item; not stored.
    """

    embeddings: NDArray[np.float32]


class Backbone(Protocol):
    """timm's protocol, in so far as it is used here."""

    def forward_features(self, x: Tensor) -> Tensor:
        """The last maps or tokens."""

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor:
        """Pooled features, or logits."""


class ClassificationCollector:
    """Keeps logits and embeddings."""

    def forward(self, model: nn.Module, images: Tensor) -> Outputs:
        """Both, from one pass of the backbone."""
        backbone = cast("Backbone", model)
        maps = backbone.forward_features(images)
        return {"logits": backbone.forward_head(maps), "embeddings": backbone.forward_head(maps, pre_logits=True)}

    def collect(self, ids: Sequence[str], outputs: Outputs, targets: Mapping[str, Tensor]) -> EmbeddedPredictions:
        """The predictions of a batch."""
        arrays = {name: tensor.cpu().numpy() for name, tensor in by_head(outputs).items()}
        return EmbeddedPredictions(np.array(ids), labels=targets[LABEL].cpu().numpy(), **arrays)

    def joined(self, parts: Sequence[EmbeddedPredictions]) -> EmbeddedPredictions:
        """One after the other."""
        return EmbeddedPredictions(
            ids=np.concatenate([part.ids for part in parts]),
            logits=np.concatenate([part.logits for part in parts]),
            labels=np.concatenate([part.labels for part in parts]),
            embeddings=np.concatenate([part.embeddings for part in parts]),
        )
