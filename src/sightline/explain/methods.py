"""The methods there are. A new one is a file beside this one and a line in the table."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from torch import Tensor, nn

from sightline.explain.gradcam import gradcam
from sightline.explain.layers import TargetLayer, target_layer
from sightline.explain.targets import TargetScore, class_logit

Looks = Literal["layer", "pixels", "attention"]


class Maps(Protocol):
    """How every method is called."""

    def __call__(
        self, network: nn.Module, images: Tensor, targets: Tensor, *, score: TargetScore, batch_size: int
    ) -> Tensor:
        """Maps (B, H, W) in float32 of what speaks for the targets of B images (B, 3, H, W), normalised.

        The network comes back as it was, whatever happens; what it does not allow is a `RunFailedError` of one line.
        """


@dataclass(frozen=True)
class Method:
    """A method, and what is worth knowing before it is chosen.

    Attributes:
        label: what it is called.
        source: where it was published.
        maps: the function.
        looks: at the activations of a layer, at the pixels, or at attention.
        forward: passes of each image through the network.
        backward: gradients for each image; those of `layer` stop at the layer.
    """

    label: str
    source: str
    maps: Maps
    looks: Looks
    forward: int
    backward: int

    def __call__(
        self,
        network: nn.Module,
        images: Tensor,
        targets: Tensor,
        *,
        score: TargetScore = class_logit,
        batch_size: int = 32,
    ) -> Tensor:
        """See `Maps`."""
        return self.maps(network, images, targets, score=score, batch_size=batch_size)

    def place(self, network: nn.Module) -> TargetLayer:
        """Where in a network it looks.

        Raises:
            RunFailedError: it asks for a layer, and there is none.
        """
        return target_layer(network) if self.looks == "layer" else TargetLayer(self.looks, self.looks)


METHODS: Mapping[str, Method] = {
    "gradcam": Method("Grad-CAM", "Selvaraju et al. 2017", gradcam, "layer", forward=1, backward=1),
}
"""By the names that `explain.methods` takes."""
