"""What happens inside a network while it answers: its activations and gradients, with nothing left behind."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from sightline.errors import RunFailedError
from sightline.explain.layers import TargetLayer
from sightline.explain.targets import TargetScore


@contextmanager
def in_eval_mode(network: nn.Module) -> Iterator[None]:
    """Every module in eval mode, no parameter asking for a gradient; afterwards all is as before, whatever happens."""
    modes = [(module, module.training) for module in network.modules()]
    wants = [(parameter, parameter.requires_grad) for parameter in network.parameters()]
    try:
        network.eval()
        for parameter, _ in wants:
            parameter.requires_grad_(False)
        yield
    finally:
        for module, training in modes:
            module.training = training
        for parameter, wanted in wants:
            parameter.requires_grad_(wanted)


def activation_and_gradient(
    network: nn.Module, images: Tensor, targets: Tensor, score: TargetScore, layer: TargetLayer
) -> tuple[Tensor, Tensor]:
    """What a layer puts out for some images, and the gradient of each image's score in it.

    Only what follows the layer is in the graph, as long as no parameter asks for a gradient (see `in_eval_mode`).

    Args:
        network: that holds the layer.
        images: (B, C, H, W).
        targets: (B, …), what is explained of each image.
        score: from outputs and targets to (B,), one number an image.
        layer: where to look.

    Raises:
        RunFailedError: the layer puts out something other than one tensor.
    """
    caught: list[Tensor] = []

    def catch(output: object) -> Tensor:
        if not isinstance(output, Tensor):
            raise RunFailedError(f"Grad-CAM needs one tensor at {layer.name}, not {type(output).__name__}")
        caught[:] = [output.detach().requires_grad_()]
        # A copy, so that what follows may work in place without harming what was caught.
        return caught[0].clone()

    if layer.kind == "features":
        outputs = network.forward_head(catch(network.forward_features(images)))  # type: ignore[operator]
    else:
        handle = network.get_submodule(layer.name).register_forward_hook(lambda _module, _inputs, output: catch(output))
        try:
            outputs = network(images)
        finally:
            handle.remove()
    (gradient,) = torch.autograd.grad(score(outputs, targets).sum(), caught)
    return caught[0].detach(), gradient
