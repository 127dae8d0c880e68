"""Several methods on the same images: those that a model does not allow are said and left out."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from sightline.config.schema import Config
from sightline.errors import RunFailedError
from sightline.explain.methods import METHODS
from sightline.explain.targets import NONE, TargetScore
from sightline.machine.signals import check_stop
from sightline.machine.terminal import logger
from sightline.tasks.task import Task


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

    def said(self, network: nn.Module) -> str:
        """`gradcam at blocks.5.norm1, attention`: those that are left, and the layer that each looks at, if any."""
        return ", ".join(
            f"{name} at {METHODS[name].place(network)[0]}" if METHODS[name].looks == "layer" else name
            for name in self.left
        )

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


def classes_of_targets(targets: Tensor) -> Tensor:
    """(B,) the class that targets are about: of the label and mask of `tasks.multitask` the second column."""
    return targets if targets.ndim == 1 else targets[:, 1 if targets.shape[1] > 2 else 0]


def names_of_targets(config: Config, task: Task) -> Sequence[str]:
    """Of the classes that `Task.explained` is about."""
    by_target = task.class_names
    if len(by_target) == 1:
        return next(iter(by_target.values()))
    return by_target["label" if config.explain.mask_class is None else "mask"]


def questions(config: Config, task: Task, targets: Tensor) -> list[dict[str, str]]:
    """What the map of each image is about: the name of the class, and of the one that it is set against, if any."""
    names = names_of_targets(config, task)
    others = [NONE] * len(targets) if targets.ndim == 1 else targets[:, -1].tolist()
    return [
        {"explained": names[own]} | ({} if other == NONE else {"versus": names[other]})
        for own, other in zip(classes_of_targets(targets).tolist(), others, strict=True)
    ]
