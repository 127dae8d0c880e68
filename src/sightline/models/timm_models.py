"""Any of timm's models, made for an image size and a number of classes, with random or learned weights."""

import warnings
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import timm
import torch
from timm.models import PretrainedCfg, get_pretrained_cfg
from torch import nn

from sightline.config.model import TimmModel
from sightline.config.suggestions import did_you_mean
from sightline.errors import UsageError
from sightline.machine.paths import path_of
from sightline.models.attention import add_cbam, holds_cbam
from sightline.models.hub import fetch
from sightline.models.networks.stems import SMALL_IMAGE, patch_size, shrink_stem
from sightline.models.weights import DAMAGE, State, first_line, load_matching, mismatch_error, mismatches, read_state
from sightline.models.wrapped import unwrapped

MISMATCH = (*DAMAGE, ZeroDivisionError)
"""What timm's models raise, at creation or later, for a size or an argument that is not theirs."""
HEADS = ("head", "fc", "classifier", "head.fc", "last_linear")


@dataclass(frozen=True)
class Adaptation:
    """How a model is made to take images of one size.

    Attributes:
        arguments: for `timm.create_model`.
        small_stem: whether the first convolution is shrunk afterwards.
    """

    arguments: dict[str, Any] = field(default_factory=dict)
    small_stem: bool = False


def create_timm(config: TimmModel, num_classes: int, image_size: int) -> nn.Module:
    """Make a model of timm's; weights from a file win over the published ones.

    Raises:
        UsageError: no such model, no such argument, an image size it cannot take, weights that cannot be had.
    """
    published = published_facts(config.name)
    return create_adapted(config, find_adaptation(config, published, image_size), num_classes, image_size)


def create_adapted(config: TimmModel, adaptation: Adaptation, num_classes: int, image_size: int) -> nn.Module:
    """Make a model of timm's in a way that was found before.

    Raises:
        UsageError: weights that cannot be had.
    """
    published = published_facts(config.name)
    if config.weights is not None:
        return _from_file(config, published, adaptation, num_classes, image_size)
    if not config.pretrained:
        model = _shrunk(_create(config, adaptation, num_classes=num_classes), adaptation)
        return _attending(model, config, adaptation, image_size, is_open=False)
    path = fetch(config.name, published)
    try:
        overlay = {"file": str(path)}
        model = _create(config, adaptation, num_classes=num_classes, pretrained=True, pretrained_cfg_overlay=overlay)
    except (OSError, *DAMAGE) as error:
        raise UsageError(
            f"model.pretrained=true: {path} cannot be loaded as weights of {config.name} ({first_line(error)}); "
            "delete it to fetch it anew, or give model.weights=FILE"
        ) from error
    return _attending(_shrunk(model, adaptation), config, adaptation, image_size, is_open=True)


def published_facts(name: str) -> PretrainedCfg:
    """What timm knows about a model's published weights; nothing is downloaded.

    Raises:
        UsageError: timm knows no such model, or no such weights of it.
    """
    base, _, tag = name.partition(".")
    if not timm.is_model(base):
        raise UsageError(f"model.name={name} is neither cnn nor one of timm's{did_you_mean(base, timm.list_models())}")
    try:
        return get_pretrained_cfg(name) or PretrainedCfg(architecture=base)
    except RuntimeError as error:
        tags = ", ".join(timm.list_models(f"{base}.*", pretrained=True))
        raise UsageError(f"model.name={name}: timm has no weights {tag!r} of {base}; it has {tags}") from error


def find_adaptation(config: TimmModel, published: PretrainedCfg, image_size: int) -> Adaptation:
    """The first way in which a model takes images of this size, tried on the meta device: shapes only.

    Raises:
        UsageError: there is none.
    """
    if image_size == published.input_size[-1]:
        return Adaptation()
    problems = []
    for adaptation in _adaptations(published, image_size):
        problem = _problem(config, adaptation, image_size)
        if problem is None:
            return adaptation
        problems += [] if adaptation.small_stem else [problem]
    raise UsageError(
        f"image_size={image_size} is none that model.name={config.name} takes: {problems[0]}; "
        f"its own size is image_size={published.input_size[-1]}"
    )


def _adaptations(published: PretrainedCfg, image_size: int) -> list[Adaptation]:
    """Ways to try, the best first. Token models take their size as an argument, convolutional ones run at any."""
    plain = Adaptation()
    sized = {"img_size": image_size}
    if image_size > SMALL_IMAGE:
        return [Adaptation(sized), plain] if published.fixed_input_size else [plain, Adaptation(sized)]
    # Pyramids of tokens merge patches later on and so need a finer grid at the start.
    patch = patch_size(image_size) if published.pool_size is None else max(1, image_size // 16)
    cut = Adaptation({**sized, "patch_size": patch})
    small = Adaptation(small_stem=True)
    if published.fixed_input_size:
        return [cut, Adaptation(sized), plain]
    return [small, plain, cut, Adaptation(sized)]


def sketch(config: TimmModel, adaptation: Adaptation) -> nn.Module:
    """The model on the meta device, in evaluation mode: shapes only; raises what `MISMATCH` lists."""
    with torch.device("meta"):
        model = _create(config, adaptation, num_classes=2).eval()
        return _shrunk(model, adaptation)


def _problem(config: TimmModel, adaptation: Adaptation, image_size: int) -> str | None:
    try:
        with torch.device("meta"), torch.no_grad():
            model = _create(config, adaptation, num_classes=2).eval()
            if adaptation.small_stem and not shrink_stem(model):
                return "its stem cannot be made smaller"
            model(torch.empty(2, 3, image_size, image_size))
    except MISMATCH as error:
        return first_line(error)
    return None


def _create(config: TimmModel, adaptation: Adaptation, **arguments: Any) -> nn.Module:
    """Call timm; only a rate of stochastic depth that is asked for may be refused.

    Raises:
        UsageError: the model has no stochastic depth, or does not classify.
    """
    create = partial(timm.create_model, config.name, drop_rate=config.drop_rate, **adaptation.arguments, **arguments)
    with warnings.catch_warnings():
        # timm resizes Swin's tables of positions in a way of which torch warns; nobody here can do anything about it.
        warnings.filterwarnings("ignore", category=UserWarning, module=r"timm\.layers\.interpolate")
        try:
            model: nn.Module = create(drop_path_rate=config.drop_path_rate)
        except TypeError as error:
            if "drop_path_rate" not in str(error):
                if adaptation.arguments:
                    raise
                raise UsageError(f"model.name={config.name} does not classify images: {first_line(error)}") from error
            if config.drop_path_rate:
                refused = f"model.drop_path_rate={config.drop_path_rate:g}: {config.name} takes none; set it to 0"
                raise UsageError(refused) from error
            model = create()
    if not hasattr(model, "get_classifier"):
        raise UsageError(f"model.name={config.name} does not classify images: it is an encoder alone")
    return model


def _shrunk(model: nn.Module, adaptation: Adaptation) -> nn.Module:
    if adaptation.small_stem:
        shrink_stem(model)
    return model


def _attending(
    model: nn.Module, config: TimmModel, adaptation: Adaptation, image_size: int, *, is_open: bool
) -> nn.Module:
    if config.cbam:
        add_cbam(model, partial(sketch, config, adaptation), image_size, config.name, is_open=is_open)
    return model


def _from_file(
    config: TimmModel, published: PretrainedCfg, adaptation: Adaptation, num_classes: int, image_size: int
) -> nn.Module:
    """Fill a model from `config.weights`: as it is where the names and shapes agree, else adapted by timm."""
    path = path_of(str(config.weights))
    model = _shrunk(_create(config, adaptation, num_classes=num_classes), adaptation)
    state = read_state(path, config.weights_key)
    if is_whole := holds_cbam(state):
        _attending(model, config, adaptation, image_size, is_open=False)
    state = unwrapped(model, state, path)
    phrases = mismatches(model, state)
    if not phrases:
        load_matching(model, state)
    else:
        try:
            model = _shrunk(_loaded_by_timm(config, published, adaptation, state, num_classes), adaptation)
        except DAMAGE as error:
            raise mismatch_error(path, config.name, image_size, phrases) from error
    return model if is_whole else _attending(model, config, adaptation, image_size, is_open=True)


def _loaded_by_timm(
    config: TimmModel, published: PretrainedCfg, adaptation: Adaptation, state: State, num_classes: int
) -> nn.Module:
    """Let timm rename, resize positions and patches, and check every name; then put the right head on.

    The model is first made with as many classes as the file has, because timm checks nothing where they differ.
    """
    classes = _classes_of(published, state)
    overlay = {"state_dict": state, "num_classes": classes, "label_offset": 0}
    model = _create(config, adaptation, num_classes=classes, pretrained=True, pretrained_cfg_overlay=overlay)
    model.pretrained_cfg.pop("state_dict")  # type: ignore[operator,union-attr]
    if classes != num_classes:
        model.reset_classifier(num_classes)  # type: ignore[operator]
    return model


def _classes_of(published: PretrainedCfg, state: State) -> int:
    """How many classes the head in a file tells apart; 0 where there is no head."""
    own = published.classifier
    names = [own] if isinstance(own, str) else list(own or ())
    for name in (*names, *HEADS):
        weight = state.get(f"{name}.weight")
        if weight is not None and weight.ndim >= 2:
            return int(weight.shape[0])
    return 0
