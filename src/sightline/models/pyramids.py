"""From the name of a backbone to its feature pyramid, and to the networks that decode it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TypeVar

import torch
from torch import nn

from sightline.config.model import CNN, OWN_BACKBONES, RESIDUAL, PyramidModel, TimmModel
from sightline.errors import UsageError
from sightline.machine.paths import path_of
from sightline.machine.terminal import logger
from sightline.models.names import check_name
from sightline.models.native_maps import measure, prune
from sightline.models.networks.cnn import Cnn
from sightline.models.networks.multitask import LABEL, MASK, Multitask
from sightline.models.networks.pyramid import COARSEST, STRIDES, Pyramid
from sightline.models.networks.residual import ResidualNet
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
        backbone: `cnn`, `residual18` … `residual152`, or any of timm's.
        image_size: pixels a side for which the network is made; small ones get finer stems and patches.
        strides: of the maps; None takes those that suit the network.
        pretrained: whether its published weights are taken.
        weights: a file of them, which wins.
        width: channels of the first stage of `cnn` or `residual…`.
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
    check_name(config)
    if config.backbone in OWN_BACKBONES:
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
    make = own_backbone(config.backbone, config.width, image_size)
    name = f"{config.backbone} (model.width={config.width})"
    asked = {"weights": config.weights, "key": config.weights_key}
    network = completed(make, name, image_size, cbam=config.cbam, **asked)
    network.reset_classifier(0)  # type: ignore[operator]
    with torch.device("meta"):
        maps = measure(make().eval(), SKETCHED)
    assert maps is not None, "our own networks take images of any size"
    return Pyramid(network, maps, strides)


def own_backbone(name: str, width: int, image_size: int) -> Callable[[], nn.Module]:
    """Makes one of our own networks with random weights, for a class more than none."""
    if name == CNN:
        return partial(Cnn, 1, width=width, image_size=image_size)
    widths = [width << stage for stage in range(4)]
    return partial(ResidualNet, 1, depth=int(name.removeprefix(RESIDUAL)), widths=widths, image_size=image_size)


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
            if maps.fit.size is not None:
                logger.info(
                    "%s takes %d x %d pixels alone: images are resized to that, masks back", config.name, side, side
                )
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
