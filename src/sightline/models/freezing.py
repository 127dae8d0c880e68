"""Which layer groups train from which epoch, and what keeps the others as they are to the bit."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self, assert_never

from torch import nn, optim

from sightline.config.training import (
    BackboneFreezing,
    FreezingConfig,
    LayerwiseFreezing,
    NoFreezing,
    PartialFreezing,
    ProgressiveFreezing,
)
from sightline.errors import UsageError
from sightline.metrics.documents.freezing import FreezingRow
from sightline.models.groups import LayerGroup, covering_names
from sightline.models.parameter_groups import NORMS

Starts = tuple[int | None, ...]


@dataclass(frozen=True)
class FreezingPlan:
    """The schedule of unfreezing: a pure function of the epoch.

    Attributes:
        starts: for each layer group, stem first, the first epoch in which it trains; None is never.
        dropout: whether dropout and stochastic depth stay active in frozen groups.
        warmup_epochs: over how many epochs the rate of a group that joins later rises to its own.
    """

    starts: Starts
    dropout: bool = True
    warmup_epochs: float = 0.0

    @classmethod
    def from_config(cls, config: FreezingConfig, groups: Sequence[LayerGroup]) -> Self:
        """Lay a configuration over the groups of a model.

        Raises:
            UsageError: the model has too few groups for it.
        """
        return cls(starts_of(config, groups), config.dropout, config.warmup_epochs)

    @property
    def freezes(self) -> bool:
        """Whether any group is ever frozen."""
        return any(start != 0 for start in self.starts)

    @property
    def changes(self) -> tuple[int, ...]:
        """The epochs in which groups join, in order."""
        return tuple(sorted({start for start in self.starts if start}))

    def starts_at(self, group: int) -> int | None:
        """The first epoch in which a group trains; None is never."""
        return self.starts[group]

    def trainable(self, epoch: int) -> tuple[bool, ...]:
        """Which groups train in an epoch, counted from 0."""
        return tuple(start is not None and start <= epoch for start in self.starts)

    def stage(self, epoch: int) -> int:
        """How many times groups have joined by an epoch: 0 at the start."""
        return sum(change <= epoch for change in self.changes)

    def rows(self, model: nn.Module, groups: Sequence[LayerGroup], optimizer: optim.Optimizer) -> list[FreezingRow]:
        """For each group its modules, parameters, share of the rate, and the first epoch in which it trains."""
        sizes = {name: parameter.numel() for name, parameter in model.named_parameters()}
        # The first of a layer group's are its weights; shifts of normalisation may have a rate of their own.
        shares = {group["group"]: group["lr_scale"] for group in reversed(optimizer.param_groups)}
        return [
            {
                "group": group.name,
                "modules": list(covering_names(group.parameter_names, group.module_names)),
                "parameters": sum(sizes[name] for name in group.parameter_names),
                "rate": float(shares.get(index, 1.0)),
                "from_epoch": start,
            }
            for index, (group, start) in enumerate(zip(groups, self.starts, strict=True))
        ]


def table_of(rows: Sequence[FreezingRow]) -> tuple[list[str], list[list[str]]]:
    """Header and rows for printing what `FreezingPlan.rows` says."""
    starts: dict[int | None, str] = {None: "never", 0: "from the start"}
    return ["group", "modules", "parameters", "rate", "trains"], [
        [
            row["group"],
            _shortened(row["modules"]),
            f"{row['parameters']:,}",
            f"{row['rate']:.3g}",
            starts.get(row["from_epoch"], f"after {row['from_epoch']} epochs"),
        ]
        for row in rows
    ]


def starts_of(config: FreezingConfig, groups: Sequence[LayerGroup]) -> Starts:
    """The first epoch of each group.

    Raises:
        UsageError: the model has too few groups for the configuration.
    """
    backbone = len(groups) - 1
    match config:
        case NoFreezing():
            return (0,) * (backbone + 1)
        case BackboneFreezing():
            return (None,) * backbone + (0,)
        case PartialFreezing(names=()):
            return _first(config.groups, groups)
        case PartialFreezing():
            frozen = {_named(name, groups) for name in config.names}
            if len(frozen) > backbone:
                raise UsageError(f"freezing.names leaves nothing to train; {_listed(groups)}, head")
            return tuple(None if index in frozen else 0 for index in range(backbone + 1))
        case LayerwiseFreezing(every=every):
            return tuple(every * distance for distance in range(backbone, -1, -1))
        case ProgressiveFreezing(epochs=epochs):
            if len(epochs) > backbone:
                raise UsageError(f"{config.words} has {len(epochs)} stages; {_listed(groups)}")
            return _progressive(epochs, backbone)
        case _:
            assert_never(config)


def apply_freezing(model: nn.Module, groups: Sequence[LayerGroup], trainable: Sequence[bool], *, dropout: bool) -> None:
    """Freeze the groups that do not train, parameters and statistics alike.

    To be called after every `model.train()`, which would set the statistics of frozen layers moving again. A frozen
    parameter loses its gradient too: with a zero one, momentum and weight decay would go on moving it.

    Args:
        model: the model, in training mode.
        groups: from `layer_groups`.
        trainable: one answer for each group.
        dropout: whether dropout and stochastic depth stay active in frozen groups.
    """
    parameters = dict(model.named_parameters())
    modules = dict(model.named_modules())
    for group, trains in zip(groups, trainable, strict=True):
        for name in group.parameter_names:
            parameters[name].requires_grad_(trains)
            if not trains:
                parameters[name].grad = None
        if not trains:
            for name in group.module_names:
                if not dropout or _keeps_statistics(modules[name]):
                    modules[name].training = False


def _first(count: int, groups: Sequence[LayerGroup]) -> Starts:
    """The groups `backbone[:count]` never train."""
    backbone = len(groups) - 1
    if not -backbone < count <= backbone:
        raise UsageError(f"freezing.groups={count} goes beyond the model; {_listed(groups)}")
    frozen = len(range(backbone)[:count])
    return (None,) * frozen + (0,) * (backbone + 1 - frozen)


def _named(name: str, groups: Sequence[LayerGroup]) -> int:
    """The group of this name, or that is made of the modules of this name."""
    for index, group in enumerate(groups):
        modules = covering_names(group.parameter_names, group.module_names)
        if name in {group.name, *modules} or (modules and all(module.startswith(f"{name}.") for module in modules)):
            return index
    raise UsageError(f"freezing.names: no layer group is called {name!r}; {_listed(groups)}, head")


def _progressive(epochs: Sequence[int], backbone: int) -> Starts:
    """Equal shares of the backbone, the one next to the head first; the last reaches the stem."""
    starts: list[int | None] = [None] * backbone + [0]
    for number, epoch in enumerate(epochs):
        for distance in range(backbone * number // len(epochs), backbone * (number + 1) // len(epochs)):
            starts[backbone - 1 - distance] = epoch
    return tuple(starts)


def _keeps_statistics(module: nn.Module) -> bool:
    """Whether training mode lets a module change its own buffers."""
    return isinstance(module, NORMS) or any(buffer.is_floating_point() for buffer in module.buffers(recurse=False))


def _listed(groups: Sequence[LayerGroup]) -> str:
    """The groups of a model, as part of an advice."""
    return f"this model has {len(groups) - 1} groups before its head: {', '.join(group.name for group in groups[:-1])}"


def _shortened(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= 3 else f"{names[0]}, {names[1]} … {names[-1]}"
