"""Which maps a network has, at which strides, of images of which sizes: found on the meta device, by shapes alone."""

import inspect
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from sightline.models.networks.fitting import InputFit, Size
from sightline.models.networks.pyramid import COARSEST, Maps, NativeMap
from sightline.models.timm_models import MISMATCH

TRIED = ((3, 5), (4, 1))
"""Sizes in multiples of what a network asks for, to see whether it takes them: neither square nor powers of two."""


def measure(twin: nn.Module, side: int) -> Maps | None:
    """What is to be known of a network's maps, from its sketch on the meta device; None where it has none.

    Args:
        twin: on the meta device, in evaluation mode.
        side: pixels of a square image that it takes.
    """
    options: dict[str, object] = {}
    shapes = _shapes(twin, (side, side), options)
    if not shapes:
        return None
    parameters = inspect.signature(twin.forward_intermediates).parameters  # type: ignore[arg-type]
    if len({shape[-1] for shape in shapes}) == 1 and "norm" in parameters:
        options = {"norm": True}  # maps of one stride are tokens of one width, whose last normalisation belongs to them
    deepest = {shape[-1]: NativeMap(index, shape[1], side / shape[-1]) for index, shape in enumerate(shapes)}
    natives = sorted(deepest.values(), key=lambda native: native.stride)
    natives = [native for native in natives if native.stride <= COARSEST * 2**0.5] or natives[:1]
    chosen = sorted(native.index for native in natives)
    wanted = [shapes[index] for index in chosen]
    if _shapes(twin, (side, side), {**options, "indices": chosen}) == wanted:
        options["indices"] = chosen
        places = {index: place for place, index in enumerate(chosen)}
        natives = [NativeMap(places[native.index], native.channels, native.stride) for native in natives]
    return Maps(tuple(natives), _fit(twin, side, natives[-1].stride, options), options)


def _shapes(twin: nn.Module, size: Size, options: Mapping[str, object]) -> list[tuple[int, ...]] | None:
    """Shapes of a network's maps of two images of a size; None where it does not take them."""
    try:
        with torch.no_grad():
            maps: list[Tensor] = twin.forward_intermediates(  # type: ignore[operator]
                torch.empty(2, 3, *size, device="meta"), intermediates_only=True, **options
            )
    except MISMATCH:
        return None
    return [tuple(one.shape) for one in maps]


def _fit(twin: nn.Module, side: int, stride: float, options: Mapping[str, object]) -> InputFit:
    """Of which sizes a network takes images: multiples of its last stride, or of more, or one size alone."""
    step = max(1, round(stride))
    for multiple in dict.fromkeys((step, 2 * step, side)):
        if all(_shapes(twin, (rows * multiple, columns * multiple), options) for rows, columns in TRIED):
            return InputFit(multiple)
    return InputFit(size=(side, side))


def prune(network: nn.Module, maps: Maps) -> None:
    """Take away what no map depends on, in place: the classifier, and layers behind the last map."""
    indices = maps.options.get("indices")
    if indices is None:
        network.reset_classifier(0)  # type: ignore[operator]
    else:
        network.prune_intermediate_layers(indices, prune_norm="norm" not in maps.options)  # type: ignore[operator]
