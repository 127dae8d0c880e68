"""Grad-CAM: which places of an image speak for a class (Selvaraju et al. 2017)."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sightline.errors import RunFailedError
from sightline.explain.layers import TargetLayer, as_maps, target_layer


def gradcam(model: nn.Module, images: Tensor, targets: Tensor, *, batch_size: int = 32) -> Tensor:
    """Heat maps of the logit of one class for each image, over the last maps the network makes.

    Each channel is weighted by the mean gradient of the target's logit (before softmax), summed, and kept where
    positive; the map is resized bilinearly to the image and divided by its largest value. The model runs in eval mode
    and comes back as it was; a caller's `no_grad` or `inference_mode` is lifted inside.

    Args:
        model: any that `target_layer` finds a layer in.
        images: (B, 3, H, W), normalised, on the model's device.
        targets: (B,) int64, a class for each image.
        batch_size: how many images are worked on at once, which bounds memory.

    Returns:
        (B, H, W) float32 in 0…1; all zero where nothing speaks for the class.
    """
    layer = target_layer(model)
    parts = []
    with torch.inference_mode(False), torch.enable_grad(), in_eval_mode(model):
        for some, wanted in zip(torch.split(images, batch_size), torch.split(targets, batch_size), strict=True):
            # Copies: what was made under inference_mode cannot enter a graph, and a model may work in place.
            activation, gradient = activation_and_gradient(
                model, some.detach().clone(), wanted.to(some.device, copy=True), layer
            )
            size = (some.shape[2], some.shape[3])
            parts.append(_heat(as_maps(model, activation, size), as_maps(model, gradient, size), size))
    return torch.cat(parts) if parts else images.new_zeros((0, *images.shape[2:]), dtype=torch.float32)


def activation_and_gradient(
    model: nn.Module, images: Tensor, targets: Tensor, layer: TargetLayer
) -> tuple[Tensor, Tensor]:
    """What a layer puts out for some images, and the gradient of each image's target logit in it.

    Only what follows the layer is in the graph, as long as no parameter asks for a gradient (see `in_eval_mode`).

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
        logits = model.forward_head(catch(model.forward_features(images)))  # type: ignore[operator]
    else:
        handle = model.get_submodule(layer.name).register_forward_hook(lambda _module, _inputs, output: catch(output))
        try:
            logits = model(images)
        finally:
            handle.remove()
    (gradient,) = torch.autograd.grad(logits.gather(1, targets[:, None]).sum(), caught)
    return caught[0].detach(), gradient


@contextmanager
def in_eval_mode(model: nn.Module) -> Iterator[None]:
    """Every module in eval mode, no parameter asking for a gradient; afterwards all is as before, whatever happens."""
    modes = [(module, module.training) for module in model.modules()]
    wants = [(parameter, parameter.requires_grad) for parameter in model.parameters()]
    try:
        model.eval()
        for parameter, _ in wants:
            parameter.requires_grad_(False)
        yield
    finally:
        for module, training in modes:
            module.training = training
        for parameter, wanted in wants:
            parameter.requires_grad_(wanted)


def _heat(maps: Tensor, gradients: Tensor, size: tuple[int, int]) -> Tensor:
    weights = gradients.float().mean(dim=(2, 3), keepdim=True)
    heat = (weights * maps.float()).sum(dim=1, keepdim=True).relu()
    heat = F.interpolate(heat, size=size, mode="bilinear", align_corners=False)[:, 0]
    peak = heat.amax(dim=(1, 2), keepdim=True)
    return torch.where(peak > 0, heat / peak.clamp(min=torch.finfo(heat.dtype).tiny), torch.zeros_like(heat))
