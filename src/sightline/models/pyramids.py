"""From the name of a backbone to its feature pyramid, and to the networks that decode it."""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TypeVar

import torch
from torch import Tensor, nn

from sightline.config.model import CNN, PyramidModel, TimmModel
from sightline.errors import UsageError
from sightline.machine.paths import path_of
from sightline.models.networks.cnn import Cnn
from sightline.models.networks.fitting import InputFit, Size
from sightline.models.networks.multitask import LABEL, MASK, Multitask
from sightline.models.networks.pyramid import COARSEST, STRIDES, Maps, NativeMap, Pyramid
from sightline.models.networks.unet import Decoder, Unet
from sightline.models.own import SKETCHED, completed
from sightline.models.timm_models import (
    MISMATCH,
    Adaptation,
    create_adapted,
    find_adaptation,
    published_facts,
    sketch,
)
from sightline.models.weights import load_matching, mismatch_error, mismatches, read_state
from sightline.models.wrapped import unwrapped

Network = TypeVar("Network", bound=nn.Module)

WITHIN = "pyramid.network."
"""What names of a whole network have before those of its backbone."""
FLEXIBLE: tuple[dict[str, object], ...] = ({"dynamic_img_size": True}, {"strict_img_size": False}, {})
"""What timm's families call taking images of more than one size; most do so unasked."""
TRIED = ((3, 5), (4, 1))
"""Sizes in multiples of what a network asks for, to see whether it takes them: neither square nor powers of two."""


def build_pyramid(
    backbone: str,
    image_size: int = 224,
    *,
    strides: Sequence[int] | None = STRIDES,
    pretrained: bool = False,
    weights: str | None = None,
    width: int = 64,
    cbam: bool = False,
) -> Pyramid:
    """The feature pyramid of a network, for images of any size.

    Args:
        backbone: `cnn`, or any of timm's.
        image_size: pixels a side for which the network is made; small ones get finer stems and patches.
        strides: of the maps; None takes those that suit the network.
        pretrained: whether its published weights are taken.
        weights: a file of them, which wins.
        width: of `cnn`.
        cbam: whether CBAM weights the maps between its stages.

    Raises:
        UsageError: no such network, weights that cannot be had or do not fit.
    """
    config = PyramidModel(
        name="pyramid",
        backbone=backbone,
        width=width,
        pretrained=pretrained,
        weights=weights,
        weights_key=None,
        decoder_channels=(1, 1, 1, 1, 1),
        upsampling="bilinear",
        atrous_rates=(),
        drop_rate=0.0,
        drop_path_rate=0.0,
        cbam=cbam,
    )
    return pyramid_of(config, image_size, strides)


def pyramid_of(config: PyramidModel, image_size: int, strides: Sequence[int] | None = None) -> Pyramid:
    """The pyramid of the backbone of a configuration; by default at the strides that suit it.

    Raises:
        UsageError: no such backbone, weights that cannot be had or do not fit.
    """
    if config.backbone == CNN:
        return own_pyramid(config, image_size, strides)
    keys = config.model_dump(include={"pretrained", "weights", "weights_key", "drop_path_rate", "cbam"})
    return timm_pyramid(TimmModel(name=config.backbone, drop_rate=0.0, **keys), image_size, strides)


def own_pyramid(config: PyramidModel, image_size: int, strides: Sequence[int] | None) -> Pyramid:
    """The pyramid of one of our own networks.

    Raises:
        UsageError: the file of weights cannot be read or belongs to another network.
    """
    if config.pretrained or config.drop_path_rate:
        key = "model.pretrained" if config.pretrained else "model.drop_path_rate"
        raise UsageError(f"{key} is for backbones of timm's, and {config.backbone} is not one; leave it out")
    make = partial(Cnn, 1, width=config.width, image_size=image_size)
    name = f"{config.backbone} (model.width={config.width})"
    asked = {"weights": config.weights, "key": config.weights_key}
    network = completed(make, name, image_size, cbam=config.cbam, **asked)
    network.reset_classifier(0)  # type: ignore[operator]
    with torch.device("meta"):
        maps = measure(make().eval(), SKETCHED)
    assert maps is not None, "our own networks take images of any size"
    return Pyramid(network, maps, strides)


def timm_pyramid(config: TimmModel, image_size: int, strides: Sequence[int] | None) -> Pyramid:
    """The pyramid of one of timm's networks.

    Raises:
        UsageError: no such network, weights that cannot be had or do not fit, a network without maps.
    """
    published = published_facts(config.name)
    side = -(-image_size // COARSEST) * COARSEST
    try:
        base = find_adaptation(config, published, side)
    except UsageError:
        side, base = published.input_size[-1], Adaptation()
    for adaptation, twin in _twins(config, base):
        maps = measure(twin, side)
        if maps is not None and (maps.fit.size is None or adaptation == base):
            network = create_adapted(config, adaptation, 2, side)
            prune(network, maps)
            return Pyramid(network, maps, strides)
    raise UsageError(f"{config.name} has no maps of its images, so nothing can be decoded; take another backbone")


def _twins(config: TimmModel, base: Adaptation) -> Iterator[tuple[Adaptation, nn.Module]]:
    """Ways to make a network, those that take images of more than one size first, each with its sketch."""
    for more in FLEXIBLE:
        adaptation = Adaptation({**base.arguments, **more}, base.small_stem)
        try:
            yield adaptation, sketch(config, adaptation)
        except MISMATCH:
            continue


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


def unet_over(config: PyramidModel, num_classes: int, image_size: int) -> Unet:
    """A U-Net as configured.

    Raises:
        UsageError: no such backbone, weights that cannot be had or do not fit.
    """
    return _filled(config, lambda config: _unet(config, num_classes, image_size), image_size)


def _unet(config: PyramidModel, num_classes: int, image_size: int) -> Unet:
    pyramid = pyramid_of(config, image_size)
    decoder = Decoder(
        pyramid.channels,
        pyramid.strides,
        widths=config.decoder_channels,
        upsampling=config.upsampling,
        atrous_rates=config.atrous_rates,
    )
    return Unet(pyramid, num_classes, decoder, drop_rate=config.drop_rate)


def multitask_over(config: PyramidModel, heads: Mapping[str, int], image_size: int) -> Multitask:
    """A network for a label and a mask as configured.

    Raises:
        UsageError: no such backbone, weights that cannot be had or do not fit.
    """

    def made(config: PyramidModel) -> Multitask:
        return Multitask(_unet(config, heads[MASK], image_size), heads[LABEL], drop_rate=config.drop_rate)

    return _filled(config, made, image_size)


def _filled(config: PyramidModel, made: Callable[[PyramidModel], Network], image_size: int) -> Network:
    """The network, from a file of its backbone's weights or of its own, where one is given."""
    if config.weights is None:
        return made(config)
    path = path_of(config.weights)
    state = read_state(path, config.weights_key)
    if not any(WITHIN in name for name in state):
        return made(config)
    model = made(config.model_copy(update={"weights": None, "pretrained": False}))
    state = unwrapped(model, state, path)
    if phrases := mismatches(model, state):
        raise mismatch_error(path, f"{config.name} (model.backbone={config.backbone})", image_size, phrases)
    load_matching(model, state)
    return model
