"""From the outputs of a model to the predictions of a task, batch by batch."""

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

from torch import Tensor, nn

from sightline.models.outputs import Outputs, concatenate, map_outputs

P = TypeVar("P")


class Collector(Protocol[P]):
    """What a task asks of a model for each batch of images, and what it keeps of the outputs."""

    def forward(self, model: nn.Module, images: Tensor) -> Outputs:
        """What is asked of the model: as a rule its outputs, for some tasks what they were made from as well."""

    def collect(self, ids: Sequence[str], outputs: Outputs, targets: Mapping[str, Tensor]) -> P:
        """The predictions of a batch, on the CPU.

        Args:
            ids: of its items.
            outputs: what `forward` gave in float32, averaged over the views of each image, on the model's device.
            targets: of its items by name, on the same device.
        """

    def joined(self, parts: Sequence[P]) -> P:
        """The predictions of several batches as those of one; an item belongs to one batch alone."""


class OutputsCollector:
    """Keeps the outputs as they are: for whoever wants no predictions of a task."""

    def forward(self, model: nn.Module, images: Tensor) -> Outputs:
        """Outputs of the model."""
        outputs: Outputs = model(images)
        return outputs

    def collect(self, ids: Sequence[str], outputs: Outputs, targets: Mapping[str, Tensor]) -> Outputs:  # noqa: ARG002
        """The outputs, on the CPU."""
        return map_outputs(Tensor.cpu, outputs)

    def joined(self, parts: Sequence[Outputs]) -> Outputs:
        """One after the other."""
        return concatenate(parts)
