"""The methods there are. A new one is a file beside this one and a line in the table."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from torch import Tensor, nn

from sightline.explain.attention import attention
from sightline.explain.eigencam import eigencam
from sightline.explain.gradcam import gradcam
from sightline.explain.gradcam_plus_plus import gradcam_plus_plus
from sightline.explain.integrated_gradients import STEPS, integrated_gradients
from sightline.explain.layercam import layercam
from sightline.explain.layers import TargetLayer, target_layer
from sightline.explain.occlusion import WINDOWS, occlusion
from sightline.explain.rise import MASKS, rise
from sightline.explain.rollout import rollout
from sightline.explain.saliency import saliency
from sightline.explain.smoothgrad import SAMPLES, smoothgrad
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
        of_target: whether the map is of what is asked; else it is the same for every class.
    """

    label: str
    source: str
    maps: Maps
    looks: Looks
    forward: str
    backward: str
    of_target: bool = True

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
    "gradcam": Method("Grad-CAM", "Selvaraju et al. 2017", gradcam, "layer", "1", "1"),
    "gradcam_plus_plus": Method("Grad-CAM++", "Chattopadhay et al. 2018", gradcam_plus_plus, "layer", "1", "1"),
    "layercam": Method("Layer-CAM", "Jiang et al. 2021", layercam, "layer", "1", "1"),
    "eigencam": Method("Eigen-CAM", "Muhammad and Yeasin 2020", eigencam, "layer", "1", "1", of_target=False),
    "saliency": Method("Saliency", "Simonyan et al. 2013", saliency, "pixels", "1", "1"),
    "smoothgrad": Method("SmoothGrad", "Smilkov et al. 2017", smoothgrad, "pixels", str(SAMPLES + 1), str(SAMPLES)),
    "integrated_gradients": Method(
        "Integrated gradients",
        "Sundararajan et al. 2017",
        integrated_gradients,
        "pixels",
        f"{STEPS + 2}, more for images that are not complete",
        f"{STEPS}, more for the same images",
    ),
    "occlusion": Method(
        "Occlusion", "Zeiler and Fergus 2014", occlusion, "pixels", str((2 * WINDOWS - 1) ** 2 + 1), "0"
    ),
    "rise": Method("RISE", "Petsiuk et al. 2018", rise, "pixels", str(MASKS + 1), "0"),
    "attention": Method("Attention", "the last layer", attention, "attention", "1", "0", of_target=False),
    "rollout": Method("Attention rollout", "Abnar and Zuidema 2020", rollout, "attention", "1", "0", of_target=False),
}
"""By the names that `explain.methods` takes."""
