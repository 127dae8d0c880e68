"""Where the model looks over many images of val: mean maps, shares of places, alarms, objects."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sightline.config.schema import Config
from sightline.data.loaders import EvalLoader
from sightline.explain.methods import METHODS
from sightline.explain.summary.alarms import LEAST_IMAGES, MARGIN, alarms
from sightline.explain.summary.places import PLACES
from sightline.explain.summary.summary import MapSummary, Summariser
from sightline.explain.targets import TargetScore
from sightline.inference.loaded_run import LoadedRun
from sightline.machine.signals import check_stop
from sightline.machine.terminal import logger
from sightline.metrics.documents.map_summary import AlarmJson, ClassPlaces, MapSummaryJson, ObjectsJson, PlaceShare
from sightline.metrics.intervals.means import bounded_mean
from sightline.metrics.intervals.resampling import group_codes
from sightline.models.outputs import Outputs, by_head
from sightline.reporting import figures
from sightline.reporting.sections.map_summary import alarm_text
from sightline.run.folder import Run
from sightline.stages.explaining.explained import classes_of_targets, names_of_targets
from sightline.tasks.task import Task

MOST_IMAGES: Final = 256
"""Evenly taken from val, in its order."""
FIGURE: Final = "figures/mean_maps.png"


class Asked(NamedTuple):
    """What a batch is explained by.

    Attributes:
        targets: (B, …) see `Task.explained`.
        labels: (B,) the class of each.
        score: of outputs and targets.
        masks: (B, h, w) bool where the images hold that class, or None where that is not known.
        groups: (B,) which images belong together, or None.
    """

    targets: Tensor
    labels: Tensor
    score: TargetScore
    masks: Tensor | None
    groups: NDArray[np.int64] | None


def summary(config: Config, run: Run, loaded: LoadedRun, task: Task, methods: Sequence[str]) -> MapSummaryJson | None:
    """Summarise the maps of the first method that takes one pass, draw their means, and log every alarm.

    An image takes three passes and two gradients: its answer, its map, and the map of an untrained copy of the network.

    Args:
        config: of the command.
        run: where the figure goes.
        loaded: its model and images.
        task: says what is explained of an image.
        methods: that the model allows.

    Returns:
        For `explain.json`; None where there are too few images, or every method takes many passes.
    """
    loader, quick = loaded.loader("val"), [name for name in methods if METHODS[name].forward == "1"]
    of = len(loader.positions)
    run.remove(FIGURE)
    if not quick or of < LEAST_IMAGES:
        return None
    name = quick[0]
    found = _found(config, loaded.model, replace(loader, most=MOST_IMAGES), task, name)
    if found is None:
        return None
    names = names_of_targets(config, task)
    content = _content(found, names, config.evaluation.level, name, of)
    for one in content["alarms"]:
        logger.warning("explain: %s", alarm_text(one))
    run.save_bytes(FIGURE, figures.mean_maps(*_panels(found, names, {one["label"] for one in content["alarms"]})))
    return content


def _found(config: Config, network: nn.Module, loader: EvalLoader, task: Task, name: str) -> MapSummary | None:
    summariser: Summariser | None = None
    for images, asked in _asked(config, network, loader, task):
        if summariser is None:
            explain = partial(_maps, name, asked.score)
            summariser = Summariser(network, explain, seed=config.seed)
        check_stop()
        summariser.add(images, asked.targets, asked.labels, asked.masks, asked.groups)
    found = None if summariser is None else summariser.found()
    return found if found is not None and len(found.labels) >= LEAST_IMAGES else None


def _maps(name: str, score: TargetScore, network: nn.Module, images: Tensor, targets: Tensor) -> Tensor:
    return METHODS[name](network, images, targets, score=score)


def _asked(config: Config, network: nn.Module, loader: EvalLoader, task: Task) -> Iterator[tuple[Tensor, Asked]]:
    """Each batch, and what of it is explained: what the model answers."""
    masks, grouped = loader.dataset.masks, loader.dataset.split.groups
    groups = None if grouped is None else group_codes(np.array(grouped), len(grouped))
    for batch in loader:
        with torch.inference_mode():
            outputs: Outputs = network(batch.images)
        targets, score = task.explained(config, outputs)
        targets = targets.to(batch.images.device)
        labels = classes_of_targets(targets)
        there = None
        if masks is not None and masks.name in batch.targets and _is_of_masks(config, outputs):
            there = batch.targets[masks.name] == labels[:, None, None]
        together = None if groups is None else groups[batch.positions]
        yield batch.images, Asked(targets, labels, score, there, together)


def _is_of_masks(config: Config, outputs: Outputs) -> bool:
    """Whether masks say where what is explained is; not where a label of the whole image is."""
    return isinstance(outputs, Tensor) or config.explain.mask_class is not None or len(by_head(outputs)) == 1


def _content(found: MapSummary, names: Sequence[str], level: float, method: str, of: int) -> MapSummaryJson:
    labels, counts = np.unique(found.labels, return_counts=True)
    raised = [
        AlarmJson(
            label=None if one.label is None else names[one.label],
            place=one.place,
            images=one.images,
            share=one.share,
            expected=one.expected,
            excess=one.excess,
        )
        for one in alarms(found.own, found.expected, found.labels, found.groups)
    ]
    every = np.ones(len(found.labels), dtype=bool)
    classes = [_places(found, every, None, level)]
    classes += [_places(found, found.labels == label, names[label], level) for label in labels]
    content = MapSummaryJson(
        method=method,
        split="val",
        images=len(found.labels),
        of=of,
        empty=found.empty,
        untested=int((counts < LEAST_IMAGES).sum()) if len(labels) > 1 else 0,
        margin=MARGIN,
        classes=classes,
        alarms=raised,
    )
    if (objects := _objects(found, level)) is not None:
        content["objects"] = objects
    return content


def _places(found: MapSummary, chosen: NDArray[np.bool_], label: str | None, level: float) -> ClassPlaces:
    shares, expected = found.own[chosen], found.expected[chosen].mean(axis=0)
    groups = None if found.groups is None else found.groups[chosen]
    places = [
        PlaceShare(place=place, share=bounded_mean(share, 0.0, 1.0, level, groups).to_json(), expected=float(chance))
        for place, share, chance in zip(PLACES, shares.T, expected, strict=True)
    ]
    return ClassPlaces(label=label, images=len(shares), places=places)


def _objects(found: MapSummary, level: float) -> ObjectsJson | None:
    """Over the images that hold the class that they are explained for."""
    there = np.zeros(0) if found.objects is None else np.isfinite(found.objects.area)
    if found.objects is None or not there.any():
        return None
    pointing, energy = (bounded_mean(one, 0.0, 1.0, level, found.groups).to_json() for one in found.objects[:2])
    area = float(np.nanmean(found.objects.area))
    return ObjectsJson(images=int(there.sum()), pointing=pointing, energy=energy, area=area)


def _panels(
    found: MapSummary, names: Sequence[str], alarmed: set[str | None]
) -> tuple[list[NDArray[np.float64]], list[NDArray[np.float64]], list[str], list[int], list[bool]]:
    """Of all classes together, where there are several, then of each: maps, pictures, names, images, any alarm."""
    means = list(found.means.values())
    maps, pictures, counts = [one.map for one in means], [one.picture for one in means], [one.images for one in means]
    shown = [names[label] for label in found.means]
    raised = [label in alarmed for label in shown]
    if len(means) == 1:
        return maps, pictures, shown, counts, [bool(alarmed)]
    maps.insert(0, np.average(maps, axis=0, weights=counts))
    pictures.insert(0, np.average(pictures, axis=0, weights=counts))
    return maps, pictures, ["all", *shown], [sum(counts), *counts], [None in alarmed, *raised]
