"""Explanation: heat maps of what the model says of some images, from the val split so that the test stays locked."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from sightline.config.schema import Config
from sightline.data.originals import original
from sightline.data.sources.remarks import counted
from sightline.explain.methods import METHODS
from sightline.inference.loaded_run import LoadedRun, predict_held_out
from sightline.inference.model import group_codes_of
from sightline.inference.predictions import load_predictions, predictions_file
from sightline.machine.signals import check_stop
from sightline.machine.terminal import logger
from sightline.reporting import figures
from sightline.reporting.figures.sheet import Box
from sightline.run.folder import Run
from sightline.run.origin import MADE_FROM, SOURCES, as_array, origin_of, save_derived
from sightline.stages.explaining.explained import Asked, head_of
from sightline.stages.explaining.judging import Judge, with_quality, with_scores
from sightline.stages.explaining.new_images import explain_input
from sightline.stages.explaining.summary import summary
from sightline.tasks.results import Explanation
from sightline.tasks.table import task_of_run

SIDE = 256
"""Pixels of the shorter side of an image in the gallery, where it has more."""
MAPS = "explain/maps.npz"
"""Under `maps` those of the first method, under their own names those of the others."""


def run(config: Config, run: Run) -> dict[str, float]:
    """Write `explain/explain.json`, `explain/maps.npz` and a gallery for each method, of what the task explains.

    With `input=` new images are explained instead.
    """
    if config.input is not None:
        return explain_input(config, run)
    task = task_of_run(run)
    predict_held_out(run, config, ("val",), task)
    loaded = LoadedRun.open(run, config, task.heads)
    predictions = load_predictions(run, "val", "choose images to explain", task.read_predictions)
    explained = task.explanation(config, run, predictions)
    asked = Asked(config.explain.methods)
    groups = group_codes_of(run, "val", predictions.ids)
    of_explained = None if groups is None else groups[explained.rows]
    judge = Judge(config.explain.quality, loaded.model, explained, config.evaluation.level, asked.names, of_explained)
    squares, maps = _explained(asked, loaded, explained, judge)
    shown, boxes = _originals(loaded, explained, squares)
    first, *others = maps

    content = {**head_of(asked, loaded.model), "split": "val"}
    content["items"] = with_quality(explained.items, {name: judge.items(name) for name in maps})
    if quality := judge.content():
        content["quality"] = quality
    if seen := summary(config, run, loaded, task, asked.left):
        content["summary"] = seen
    for name in METHODS:
        run.remove(_figure(name, False))
    for name, heats in maps.items():
        titles = with_scores(explained.titles, judge.items(name))
        picture = figures.explanations(shown, heats, titles, right=list(explained.right), seen=boxes)
        run.save_bytes(_figure(name, name == first), picture)
    origin = origin_of(run, *SOURCES, predictions_file("val"))
    arrays = {"maps": stacked(maps[first]), **{name: stacked(maps[name]) for name in others}}
    run.save_arrays(MAPS, **arrays, **{MADE_FROM: as_array(origin)})
    save_derived(run, "explain/explain.json", content, origin)
    logger.info("explain: %s, %s", asked.said(loaded.model), counted(len(shown), "image"))
    return {"images": float(len(shown))}


def _explained(
    asked: Asked, loaded: LoadedRun, explained: Explanation, judge: Judge
) -> tuple[list[NDArray[np.uint8]], dict[str, list[NDArray[np.float32]]]]:
    """The images as the model saw them, and their maps by method, both in the order of the items."""
    positions = loaded.dataset.positions("val")[explained.rows]
    targets = explained.targets.to(loaded.device)
    transform = loaded.preprocessing.transform()
    alike = (
        (places[rows], images)
        for places, pixels, sizes in loaded.dataset.store.batches(loaded.dataset.rows[positions])
        for rows, images in transform.by_shape(pixels, sizes)
    )
    shown: dict[int, NDArray[np.uint8]] = {}
    maps: dict[str, dict[int, NDArray[np.float32]]] = {name: {} for name in asked.names}
    for rows, images in alike:
        shown |= zip(rows.tolist(), loaded.preprocessing.to_pixels(images), strict=True)
        there = images.to(
            loaded.device, memory_format=torch.channels_last
        )  # as evaluation does: quicker nearly everywhere
        found = asked.maps(loaded.model, there, targets[rows], explained.score)
        judge.add(rows.tolist(), there, targets[rows], found)
        for name, heat in found.items():
            maps[name].update(zip(rows.tolist(), heat, strict=True))
    order = range(len(positions))
    return [shown[row] for row in order], {name: [maps[name][row] for row in order] for name in asked.left}


def _originals(
    loaded: LoadedRun, explained: Explanation, squares: Sequence[NDArray[np.uint8]]
) -> tuple[list[NDArray[np.uint8]], list[Box]]:
    """The images as they are, reduced at most, and which part of each the model saw; its square where one is gone."""
    found, seen = list[NDArray[np.uint8]](), list[Box]()
    positions = loaded.dataset.positions("val")[explained.rows]
    for position, square in zip(positions.tolist(), squares, strict=True):
        check_stop()
        whole = original(loaded.dataset, position, SIDE, loaded.preprocessing.white)
        height, width = square.shape[:2] if whole is None else whole.shape[:2]
        seen.append((0, 0, width, height) if whole is None else loaded.preprocessing.seen(width, height))
        found.append(square if whole is None else whole)
    return found, seen


def _figure(name: str, is_first: bool) -> str:
    return "figures/explanations.png" if is_first else f"figures/explanations_{name}.png"


def stacked(maps: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Maps (h, w) as one array (n, H, W) of the largest size; zeros lie below and at the right of smaller ones."""
    height, width = (max((one.shape[axis] for one in maps), default=0) for axis in (0, 1))
    found = np.zeros((len(maps), height, width), dtype=np.float32)
    for place, one in zip(found, maps, strict=True):
        place[: one.shape[0], : one.shape[1]] = one
    return found
