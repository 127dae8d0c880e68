"""Attention rollout: attention followed through all layers of a plain transformer (Abnar and Zuidema 2020)."""

import torch
from torch import Tensor, nn

from sightline.errors import RunFailedError
from sightline.explain.attention import from_answer, grids_of, mean_of_heads
from sightline.explain.finish import explaining, finished, joined, parts
from sightline.explain.targets import TargetScore, class_logit
from sightline.explain.watch import Watch


def rollout(
    network: nn.Module, images: Tensor, targets: Tensor, *, score: TargetScore = class_logit, batch_size: int = 32
) -> Tensor:
    """Maps (B, H, W) of what the answer reads of each place through all layers, 1 at the most.

    Each layer counts half its attention, mean of the heads, and half the residual connection around it. No target
    changes the map. Arguments are those of `gradcam`.

    Raises:
        RunFailedError: not every attention of the network is between the same tokens, those of the whole image.
    """
    found, size = list[Tensor](), (images.shape[2], images.shape[3])
    with explaining(network, gradients=False):
        for some, wanted in parts(images, targets, batch_size):
            rolled = _Rolled(network, len(some))
            with Watch(rolled.add):
                score(network(some), wanted)
            flow = rolled.whole()
            grid = next((one for one in grids_of(network, size) if one.tokens == flow.shape[2]), None)
            if grid is None:
                raise RunFailedError(
                    f"rollout is not defined for {type(network).__name__}: its {flow.shape[2]} tokens are no places "
                    "of the whole image; take gradcam"
                )
            read = from_answer(network, flow, grid)
            found.append(finished(read[:, grid.prefix :].view(-1, grid.height, grid.width), size))
    return joined(found, images)


class _Rolled:
    """The product of the layers so far, so that no layer is kept."""

    def __init__(self, network: nn.Module, images: int) -> None:
        self._name = type(network).__name__
        self._images = images
        self._flow: Tensor | None = None
        self._shapes = dict[str, None]()
        self._fits = True

    def add(self, weights: Tensor) -> None:
        """Another layer."""
        self._shapes[f"{weights.shape[-2]} x {weights.shape[-1]}"] = None
        whole = mean_of_heads(weights, self._images)
        if whole is None or whole.shape[1] != whole.shape[2] or len(self._shapes) > 1:
            self._fits = False
            return
        layer = (whole + torch.eye(whole.shape[1], device=whole.device)) / 2
        self._flow = layer if self._flow is None else layer @ self._flow

    def whole(self) -> Tensor:
        """(B, tokens, tokens) all of them.

        Raises:
            RunFailedError: there is no attention, or it is not between the same tokens everywhere.
        """
        if not self._shapes:
            raise RunFailedError(f"{self._name} has no attention that could be shown: take gradcam")
        if self._flow is None or not self._fits:
            raise RunFailedError(
                f"rollout is not defined for {self._name}, whose attention is not between the same tokens in all "
                f"layers ({', '.join(list(self._shapes)[:3])}): take attention or gradcam"
            )
        return self._flow
