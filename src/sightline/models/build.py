"""From the configuration to a network, and what its learned weights expect of an image."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from torch import nn

from sightline.config.model import (
    OWN_BACKBONES,
    RESIDUAL,
    CnnModel,
    ModelConfig,
    MultitaskModel,
    PyramidModel,
    ResidualModel,
    TimmModel,
    UnetModel,
)
from sightline.machine.paths import path_of
from sightline.models.networks.cnn import Cnn
from sightline.models.networks.residual import ResidualNet
from sightline.models.own import completed

Channels = tuple[float, float, float]


@dataclass(frozen=True)
class InputFacts:
    """How the images were prepared that a model's weights learned from; None leaves it to the data.

    Attributes:
        image_size: pixels a side.
        mean: of each channel, on the scale 0…1.
        std: likewise.
        interpolation: of the resize.
        crop_fraction: the share of the shorter side that the centre crop keeps.
    """

    image_size: int | None = None
    mean: Channels | None = None
    std: Channels | None = None
    interpolation: Literal["bilinear", "bicubic"] = "bilinear"
    crop_fraction: float = 1.0


def cnn(config: CnnModel, heads: Mapping[str, int], image_size: int) -> nn.Module:
    """Sightline's own network, of one head.

    Raises:
        UsageError: `model.weights` cannot be read or belongs to another network.
    """
    make = partial(
        Cnn,
        only_head(heads),
        width=config.width,
        drop_rate=config.drop_rate,
        stem=config.stem,
        norm_scale=config.norm_scale,
        residual=config.residual,
        image_size=image_size,
    )
    name = f"{config.name} (model.width={config.width})"
    return completed(make, name, image_size, weights=config.weights, key=config.weights_key, cbam=config.cbam)


def residual(config: ResidualModel, heads: Mapping[str, int], image_size: int) -> nn.Module:
    """Sightline's own residual network, of one head.

    Raises:
        UsageError: `model.weights` cannot be read or belongs to another network.
    """
    make = partial(
        ResidualNet,
        only_head(heads),
        depth=config.depth,
        widths=config.widths,
        drop_rate=config.drop_rate,
        image_size=image_size,
    )
    name = f"{config.name} (model.depth={config.depth})"
    return completed(make, name, image_size, weights=config.weights, key=config.weights_key, cbam=config.cbam)


def any_of_timm(config: TimmModel, heads: Mapping[str, int], image_size: int) -> nn.Module:
    """Any of timm's networks, of one head.

    Raises:
        UsageError: see `timm_models.create_timm`.
    """
    # timm takes seconds to import, and our own networks do without it.
    from sightline.models.timm_models import create_timm

    return create_timm(config, only_head(heads), image_size)


def unet(config: PyramidModel, heads: Mapping[str, int], image_size: int) -> nn.Module:
    """A U-Net over any backbone, of one head.

    Raises:
        UsageError: see `pyramids.unet_over`.
    """
    from sightline.models.pyramids import unet_over

    return unet_over(config, only_head(heads), image_size)


def multitask(config: PyramidModel, heads: Mapping[str, int], image_size: int) -> nn.Module:
    """A label and a mask from one backbone.

    Raises:
        UsageError: see `pyramids.multitask_over`.
    """
    from sightline.models.pyramids import multitask_over

    return multitask_over(config, heads, image_size)


MODELS: dict[
    type[CnnModel | ResidualModel | TimmModel | PyramidModel], Callable[[Any, Mapping[str, int], int], nn.Module]
] = {
    CnnModel: cnn,
    ResidualModel: residual,
    TimmModel: any_of_timm,
    UnetModel: unet,
    MultitaskModel: multitask,
}


def build_model(config: ModelConfig, heads: Mapping[str, int], image_size: int) -> nn.Module:
    """A network with random or learned weights, answering timm's protocol.

    Args:
        config: which one, and where its weights come from.
        heads: how many values it gives for each target.
        image_size: pixels a side of the images it will see.

    Raises:
        UsageError: no such model, weights that cannot be had or do not fit, an image size it cannot take.
    """
    return MODELS[type(config)](config, heads, image_size)


def only_head(heads: Mapping[str, int]) -> int:
    """How many values the single head of a classifier gives.

    Raises:
        ValueError: the task asks for several heads.
    """
    (values,) = heads.values()
    return values


def ensure_weights(config: ModelConfig) -> None:
    """Have the published weights at hand, where they are asked for: before any image is decoded.

    Raises:
        UsageError: they are neither cached nor to be had.
    """
    name = timm_name(config)
    if name is not None and config.has_learned_weights and config.weights is None:
        from sightline.models.hub import fetch
        from sightline.models.timm_models import published_facts

        fetch(name, published_facts(name))


def timm_name(config: ModelConfig) -> str | None:
    """The network of timm's that a model is, or has as its backbone; None where it is our own."""
    name = config.backbone if isinstance(config, PyramidModel) else config.name
    return None if name in (*OWN_BACKBONES, RESIDUAL) else name


def input_facts(config: ModelConfig) -> InputFacts:
    """What the model's learned weights expect; nothing is downloaded.

    A checkpoint of a run expects what that run's `preprocessing.json` says, other weights what timm notes for the name.

    Raises:
        UsageError: timm knows no such model.
    """
    if config.weights is not None:
        stored = path_of(config.weights).resolve().parents
        if len(stored) > 1 and (stored[1] / "preprocessing.json").is_file():
            return _of_run(json.loads((stored[1] / "preprocessing.json").read_text()))
    name = timm_name(config)
    if name is None:
        return InputFacts()
    from sightline.models.timm_models import published_facts

    published = published_facts(name)
    if not config.has_learned_weights:
        return InputFacts()
    return InputFacts(
        image_size=published.input_size[-1],
        mean=_channels(published.mean),
        std=_channels(published.std),
        interpolation="bilinear" if published.interpolation == "bilinear" else "bicubic",
        crop_fraction=published.crop_pct,
    )


def _of_run(content: dict[str, Any]) -> InputFacts:
    return InputFacts(
        content["image_size"],
        _channels(content["mean"]),
        _channels(content["std"]),
        content["interpolation"],
        content["crop_fraction"],
    )


def _channels(values: Sequence[float]) -> Channels:
    red, green, blue = values
    return red, green, blue
