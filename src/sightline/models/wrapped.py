"""Weights of a network within another: Lightning's `net.` or `model.`, MoCo's `encoder_q.`."""

from collections.abc import Collection, Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from torch import Tensor, nn

from sightline.machine.terminal import logger
from sightline.models.groups import classifier_names

PREFERRED: Final = ("encoder_q", "base_encoder", "model", "net")
"""Of several networks in a file: those that learn, where others only follow them (`encoder_k`, `momentum_encoder`)."""
DEPTH: Final = 3
"""Of names before those of the network."""


def unwrapped(model: nn.Module, state: Mapping[str, Tensor], path: Path) -> dict[str, Tensor]:
    """The state dict of the network itself, if a file has it under one prefix and each of its names then fits.

    Args:
        model: to be filled.
        state: as the file has it.
        path: of the file, for what is said.
    """
    names = _Names.of(model)
    if names.fit(state):
        return dict(state)
    for prefix in _prefixes(state):
        inner = {name.removeprefix(prefix): tensor for name, tensor in state.items() if name.startswith(prefix)}
        kept = {name: inner[name] for name in inner if name not in names.other_head(inner)}
        if names.fit(kept):
            others = len(state) - len(kept)
            rest = f", without {others} other tensor{'s' * (others != 1)}" if others else ""
            logger.info("model.weights=%s: the network is taken from %s*%s", path, prefix, rest)
            return kept
    return dict(state)


def _prefixes(state: Mapping[str, Tensor]) -> list[str]:
    """The beginnings of names, those of known programs first, then as the file has them."""
    parts = [name.split(".") for name in state]
    found = dict.fromkeys(".".join(one[:depth]) + "." for depth in range(1, DEPTH + 1) for one in parts if one[depth:])
    return sorted(found, key=lambda prefix: prefix.rstrip(".") not in PREFERRED)


@dataclass(frozen=True)
class _Names:
    """The names of a network's tensors.

    Attributes:
        wanted: all of them.
        head: those of the classifier, which a file may lack.
    """

    wanted: Set[str]
    head: Set[str]

    @classmethod
    def of(cls, model: nn.Module) -> Self:
        return cls(model.state_dict().keys(), classifier_names(model))

    def fit(self, state: Collection[str]) -> bool:
        """Whether neither side has a name that the other lacks."""
        counters = {name for name in self.wanted if name.endswith("num_batches_tracked")}
        return self.wanted - self.head - counters <= set(state) <= self.wanted

    def other_head(self, state: Collection[str]) -> Set[str]:
        """Names of another head in the classifier's place, such as MoCo's `fc.0.weight`."""
        places = tuple(name.rpartition(".")[0] + "." for name in self.head)
        found = {name for name in state if name.startswith(places)}
        return set() if found <= self.wanted else found
