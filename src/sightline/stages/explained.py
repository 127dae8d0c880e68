"""Several methods on the same images: those that a model does not allow are said and left out."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from sightline.errors import RunFailedError
from sightline.explain.methods import METHODS
from sightline.explain.targets import TargetScore
from sightline.machine.signals import check_stop
from sightline.machine.terminal import logger


class Asked:
    """The methods that a command asks for, and which of them the model has refused so far.

    Args:
        names: of the methods, the most important first.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self.refused: dict[str, str] = {}

    @property
    def left(self) -> list[str]:
        """Those that the model has not refused."""
        return [name for name in self.names if name not in self.refused]

    def maps(
        self, network: nn.Module, images: Tensor, targets: Tensor, score: TargetScore
    ) -> dict[str, NDArray[np.float32]]:
        """(B, H, W) by method, for images (B, 3, H, W) and their targets.

        Raises:
            RunFailedError: the model refuses every method.
        """
        found: dict[str, NDArray[np.float32]] = {}
        for name in self.left:
            check_stop()
            try:
                heat = METHODS[name](network, images, targets, score=score)
            except RunFailedError as error:
                self.refused[name] = str(error)
                if not self.left:
                    raise RunFailedError("; ".join(self.refused.values())) from error
                logger.warning("no maps of %s: %s", name, error)
            else:
                found[name] = heat.cpu().numpy().astype(np.float32)
        return found


def head_of(asked: Asked, network: nn.Module) -> dict[str, object]:
    """How the maps were made, for JSON: the first method and where it looks, and the same of every method."""
    places = {name: METHODS[name].place(network) for name in asked.left}
    methods = [
        {"name": name, "label": METHODS[name].label, "layer": layer, "kind": kind}
        for name, (layer, kind) in places.items()
    ]
    refused = [
        {"name": name, "label": METHODS[name].label, "refused": reason} for name, reason in asked.refused.items()
    ]
    first = methods[0]
    return {"method": first["name"], "layer": first["layer"], "kind": first["kind"], "methods": [*methods, *refused]}
