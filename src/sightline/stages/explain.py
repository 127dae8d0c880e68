"""Explanation: heat maps of what the model says of some images, from the val split so that the test stays locked."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sightline.config.schema import Config
from sightline.data.sources.remarks import counted
from sightline.explain.layers import target_layer
from sightline.explain.methods import METHODS
from sightline.inference.loaded_run import LoadedRun, predict_held_out
from sightline.inference.predictions import load_predictions, predictions_file
from sightline.machine.terminal import logger
from sightline.reporting import figures
from sightline.run.folder import Run
from sightline.run.origin import MADE_FROM, SOURCES, as_array, origin_of, save_derived
from sightline.stages.explain_input import explain_input
from sightline.tasks.table import task_of_run


def run(config: Config, run: Run) -> dict[str, float]:
    """Write `explain/explain.json`, `explain/maps.npz` and one gallery, each map for what the task explains.

    With `input=` new images are explained instead.
    """
    if config.input is not None:
        return explain_input(config, run)
    task = task_of_run(run)
    predict_held_out(run, config, ("val",), task)
    loaded = LoadedRun.open(run, config, task.heads)
    predictions = load_predictions(run, "val", "choose images to explain", task.read_predictions)
    explained = task.explanation(config, predictions)

    positions = loaded.dataset.positions("val")[explained.rows]
    pixels, sizes = loaded.dataset.store.batch(loaded.dataset.rows[positions])
    method, targets = METHODS[config.explain.method], explained.targets.to(loaded.device)
    maps: dict[int, NDArray[np.float32]] = {}
    shown: dict[int, NDArray[np.uint8]] = {}
    for rows, images in loaded.preprocessing.transform().by_shape(pixels, sizes):
        heat = method(loaded.model, images.to(loaded.device), targets[rows], score=explained.score).cpu().numpy()
        maps |= zip(rows.tolist(), heat.astype(np.float32), strict=True)
        shown |= zip(rows.tolist(), loaded.preprocessing.to_pixels(images), strict=True)
    order = range(len(positions))

    layer, kind = target_layer(loaded.model)
    items = [{**item, "map": number} for number, item in enumerate(explained.items)]
    content = {"method": config.explain.method, "layer": layer, "kind": kind, "split": "val", "items": items}
    in_order = [shown[row] for row in order], [maps[row] for row in order]
    picture = figures.explanations(*in_order, list(explained.titles), right=list(explained.right))
    run.save_bytes("figures/explanations.png", picture)
    origin = origin_of(run, *SOURCES, predictions_file("val"))
    run.save_arrays("explain/maps.npz", maps=stacked(in_order[1]), **{MADE_FROM: as_array(origin)})
    save_derived(run, "explain/explain.json", content, origin)
    logger.info("explain: %s at %s, %s", config.explain.method, layer, counted(len(items), "image"))
    return {"images": float(len(items))}


def stacked(maps: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Maps (h, w) as one array (n, H, W) of the largest size; zeros lie below and at the right of smaller ones."""
    height, width = (max((one.shape[axis] for one in maps), default=0) for axis in (0, 1))
    found = np.zeros((len(maps), height, width), dtype=np.float32)
    for place, one in zip(found, maps, strict=True):
        place[: one.shape[0], : one.shape[1]] = one
    return found
