"""Layer groups from the stem to the head: what is frozen, trained and rated together."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from torch import nn

from sightline.models.networks.cbam import NAME as CBAM
from sightline.models.networks.cbam import stage_of


@dataclass(frozen=True)
class LayerGroup:
    """Layers that are frozen, trained and rated together.

    Attributes:
        name: `stem`, `head`, or the modules in it.
        parameter_names: as in `model.named_parameters()`.
        module_names: every module that lies wholly in this group, with or without parameters, as in
            `model.named_modules()`.
    """

    name: str
    parameter_names: tuple[str, ...]
    module_names: tuple[str, ...]


def layer_groups(model: nn.Module, *, coarse: bool = True) -> list[LayerGroup]:
    """Split a model by timm's own matcher: the stem first, the classifier in the last group.

    Every parameter is in exactly one group. A model whose matcher is missing or does not know `coarse` is split by its
    own top-level modules.

    Args:
        model: any of timm's, or one that answers its protocol.
        coarse: stages rather than single blocks, where the model has stages.
    """
    members = _with_head_last(model, _beside_their_stages(model, _match(model, coarse)))
    owner = {name: index for index, names in enumerate(members) for name in names}
    modules = _modules_of(model, owner, len(members))
    names = [" + ".join(covering_names(*both)) for both in zip(members, modules, strict=True)]
    names[0] = "stem"
    names[-1] = "head"
    return [
        LayerGroup(name, tuple(parameters), tuple(inside))
        for name, parameters, inside in zip(names, members, modules, strict=True)
    ]


def covering_names(parameters: Iterable[str], modules: Iterable[str]) -> list[str]:
    """The largest whole modules of a group, and its parameters that lie in none of them."""
    whole = set(modules)
    found: dict[str, None] = {}
    for name in parameters:
        path = name.split(".")
        above = [".".join(path[:length]) for length in range(1, len(path))]
        found[next((module for module in above if module in whole), name)] = None
    return list(found)


def classifier_names(model: nn.Module) -> set[str]:
    """Names of the classifier's parameters."""
    inside = {id(parameter) for module in classifier_modules(model) for parameter in module.parameters()}
    return {name for name, parameter in model.named_parameters() if id(parameter) in inside}


def classifier_modules(model: nn.Module) -> list[nn.Module]:
    """What timm's `get_classifier` gives: a layer, or several, in a list or by name; all of them are the head."""
    classifier = model.get_classifier()  # type: ignore[operator]
    if isinstance(classifier, Mapping | nn.ModuleDict):
        classifier = list(classifier.values())
    modules = classifier if isinstance(classifier, list | tuple | nn.ModuleList) else [classifier]
    return [module for module in modules if isinstance(module, nn.Module)]


def _match(model: nn.Module, coarse: bool) -> list[list[str]]:
    """Parameter names by timm's matcher, in order from the stem."""
    if isinstance(backbone := getattr(model, "backbone", None), str):
        return _of_backbone(model, backbone, coarse)
    for level in (coarse, False):
        try:
            matcher = model.group_matcher(coarse=level)  # type: ignore[operator]
        except (AttributeError, AssertionError, NotImplementedError):
            continue
        if isinstance(matcher, Mapping) and all(isinstance(pattern, str) for pattern in matcher.values()):
            return _by_patterns(model, list(matcher.values()))
        from timm.models import group_parameters  # takes seconds to import, and our own networks do without it

        found = group_parameters(model, matcher)
        return [found[index] for index in sorted(found)]
    return _by_children(model)


def _by_patterns(model: nn.Module, patterns: Sequence[str]) -> list[list[str]]:
    """Parameter names by the first pattern that their beginning matches and the numbers in it, all others last."""
    compiled = [re.compile(pattern) for pattern in patterns]
    found: dict[tuple[int, ...], list[str]] = {}
    for name, _ in model.named_parameters():
        matches = ((place, pattern.match(name)) for place, pattern in enumerate(compiled))
        place, numbers = next(((place, match.groups()) for place, match in matches if match), (len(compiled), ()))
        found.setdefault((place, *(int(number) for number in numbers if number is not None)), []).append(name)
    return [found[key] for key in sorted(found)]


def _of_backbone(model: nn.Module, backbone: str, coarse: bool) -> list[list[str]]:
    """Parameter names by the groups of the network within this one, then all others."""
    groups = layer_groups(model.get_submodule(backbone), coarse=coarse)
    members = [[f"{backbone}.{name}" for name in group.parameter_names] for group in groups]
    inside = {name for names in members for name in names}
    others = [name for name, _ in model.named_parameters() if name not in inside]
    return [names for names in (*members, others) if names]


def _by_children(model: nn.Module) -> list[list[str]]:
    """Parameter names by the children of the model: what leads to its stages, each stage, what follows them."""
    stages = [name for name, child in model.named_children() if isinstance(child, nn.Sequential | nn.ModuleList)]
    stages = [name for name in stages if name not in ("stem", "head", "classifier", "fc")]
    found: dict[str, list[str]] = {"stem": []}
    key = "stem"
    for name, _ in model.named_parameters():
        first, _, rest = name.partition(".")
        if first in stages:
            key = f"{first}.{rest.partition('.')[0]}"
        elif key != "stem":
            key = "tail"
        found.setdefault(key, []).append(name)
    return list(found.values())


def _beside_their_stages(model: nn.Module, members: list[list[str]]) -> list[list[str]]:
    """Move the parameters of each CBAM into the group of the last ones that are used before it."""
    attention = [name for names in members for name in names if name.startswith(f"{CBAM}.")]
    if not attention:
        return members
    order = {name: place for place, (name, _) in enumerate(model.named_modules())}
    rest = [[name for name in names if name not in attention] for names in members]
    places = {name: order[name.rpartition(".")[0]] for names in rest for name in names}
    for name in attention:
        stage = stage_of(name)
        end = max(place for module, place in order.items() if f"{module}.".startswith(f"{stage}."))
        last = max((one for one, place in places.items() if place <= end), key=places.__getitem__)
        next(names for names in rest if last in names).append(name)
    return [names for names in rest if names]


def _with_head_last(model: nn.Module, members: list[list[str]]) -> list[list[str]]:
    """Move the classifier's parameters into the last group, or into one of their own behind it."""
    classifier = classifier_names(model)
    head = [name for name, _ in model.named_parameters() if name in classifier]
    last = members[-1] if classifier & set(members[-1]) else []
    body = [[name for name in names if name not in classifier] for names in (members[:-1] if last else members)]
    return [names for names in body if names] + [[name for name in last if name not in classifier] + head]


def _modules_of(model: nn.Module, owner: dict[str, int], count: int) -> list[list[str]]:
    """Modules by group: by the parameters inside, else by the parent's group, else by what comes before."""
    modules = [(name, module) for name, module in model.named_modules() if name]
    inside = {
        name: {
            owner[f"{name}.{parameter}"] for parameter, _ in module.named_parameters() if f"{name}.{parameter}" in owner
        }
        for name, module in modules
    }
    body_ends = max((at for at, (name, _) in enumerate(modules) if inside[name] - {count - 1}), default=0)
    found: list[list[str]] = [[] for _ in range(count)]
    group_of: dict[str, int] = {}
    before = 0
    for at, (name, _) in enumerate(modules):
        if len(inside[name]) > 1:
            continue
        parent = group_of.get(name.rpartition(".")[0])
        # Bare dropout or activation modules of the root: with what they follow, or with the head they lead to.
        lonely = before if at < body_ends else count - 1
        before = group_of[name] = next(iter(inside[name]), lonely if parent is None else parent)
        found[group_of[name]].append(name)
    return found
