"""The parameter groups that an optimiser gets from layer groups: what decays, and at which rate each moves."""

from collections.abc import Sequence
from fnmatch import fnmatch
from typing import TypedDict

from torch import nn

from sightline.models.groups import LayerGroup

NORMS = (nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm)


class ParameterGroup(TypedDict):
    """Parameters that an optimiser moves alike.

    Attributes:
        params: they.
        weight_decay: of each step.
        lr_scale: their rate, relative to the configured one.
        group: index of their layer group.
        names: as in `model.named_parameters()`.
        matrix: whether they are weights of several dimensions between stem and head.
    """

    params: list[nn.Parameter]
    weight_decay: float
    lr_scale: float
    group: int
    names: list[str]
    matrix: bool


def parameter_groups(
    model: nn.Module,
    groups: Sequence[LayerGroup],
    *,
    weight_decay: float,
    layer_decay: float,
    bias_scale: float = 1.0,
    bias_decay: float = 0.0,
) -> list[ParameterGroup]:
    """One for each layer group, decay and rate, every parameter in exactly one.

    Norms, biases and other parameters of one dimension do not decay, nor do those of the model's `no_weight_decay()`.

    Args:
        model: the model the groups were made from.
        groups: from `layer_groups`.
        weight_decay: of the parameters that decay.
        layer_decay: each group's rate relative to the next one towards the head (BEiT, Bao et al. 2022).
        bias_scale: rate of the shifts of normalisation layers, relative to the others.
        bias_decay: weight decay of these shifts.
    """
    parameters = dict(model.named_parameters())
    exempt = _exempt(model)
    shifts = _shifts(model)
    members: dict[tuple[int, float, float, bool], list[str]] = {}
    for index, group in enumerate(groups):
        share = layer_decay ** (len(groups) - 1 - index)
        for name in group.parameter_names:
            decay = bias_decay if name in shifts else 0.0 if name in exempt else weight_decay
            scale = share * bias_scale if name in shifts else share
            matrix = name not in exempt and 0 < index < len(groups) - 1
            members.setdefault((index, decay, scale, matrix), []).append(name)
    return [
        {
            "params": [parameters[name] for name in names],
            "weight_decay": decay,
            "lr_scale": scale,
            "group": index,
            "names": names,
            "matrix": matrix,
        }
        for (index, decay, scale, matrix), names in sorted(members.items(), key=lambda item: (item[0][0], -item[0][1]))
    ]


def beside(groups: Sequence[LayerGroup], learned: nn.Module) -> ParameterGroup:
    """Parameters that belong to no model, such as those of a loss: they train from the start, undecayed, as the head.

    Args:
        groups: of the model.
        learned: what holds the parameters.
    """
    return {
        "params": list(learned.parameters()),
        "weight_decay": 0.0,
        "lr_scale": 1.0,
        "group": len(groups) - 1,
        "names": [name for name, _ in learned.named_parameters()],
        "matrix": False,
    }


def _shifts(model: nn.Module) -> set[str]:
    """Names of the biases of normalisation layers."""
    return {f"{name}.bias" for name, module in model.named_modules() if isinstance(module, NORMS)}


def _exempt(model: nn.Module) -> set[str]:
    """Names of parameters that weight decay leaves alone."""
    listed = model.no_weight_decay() if hasattr(model, "no_weight_decay") else set()  # type: ignore[operator]
    names = {name for name, parameter in model.named_parameters() if parameter.ndim <= 1 or name.endswith(".bias")}
    for prefix, module in model.named_modules():
        if isinstance(module, NORMS):
            names |= {f"{prefix}.{name}" for name, _ in module.named_parameters(recurse=False)}
    every = [name for name, _ in model.named_parameters()]
    return names | {name for name in every if any(fnmatch(name, pattern) for pattern in listed)}
