"""Explanation of new images: for each the answer, and what speaks for it over the photo at its own size."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sightline.config.schema import Config
from sightline.data.sources.remarks import counted
from sightline.explain.layers import target_layer
from sightline.explain.methods import METHODS
from sightline.inference.images import photo_at
from sightline.inference.inputs import distinct_stems, list_inputs
from sightline.inference.predictor import PredictedImages
from sightline.machine.signals import check_stop
from sightline.machine.terminal import console, logger
from sightline.machine.text import printable, storable
from sightline.reporting.figures.overlay import overlay
from sightline.run.folder import Run
from sightline.tasks.answers import Answer, Model, check_any
from sightline.tasks.table import model_of_run, task_of_run
from sightline.tasks.task import Task

FOLDER: Final = "explain/input/"
"""Of the run, where no output= names another place."""
ROWS: Final = "explanations.json"


def explain_input(config: Config, run: Run) -> dict[str, float]:
    """Write an overlay for each image of `input=`, and `explanations.json`; nothing else of the run is touched.

    Raises:
        UsageError: there is no input, or no image in it can be read.
    """
    paths, task, model = list_inputs(config.input), task_of_run(run), model_of_run(config, run)
    place, folder = (run, FOLDER) if config.output is None else (Run(Path(config.output)), "")
    stems, rows = iter(distinct_stems(paths)), list[Answer]()
    for part in model.predictor.predict_images(paths, model.limits):
        answers, maps = iter(_answers(model, part)), iter(_maps(config, task, model, part))
        for number, path in enumerate(map(Path, map(str, part.images))):
            check_stop()
            name = f"{next(stems)}.png"
            row: Answer = {"path": storable(str(path))}
            if number in part.errors:
                row["error"] = storable(part.errors[number])
            else:
                place.save_bytes(folder + name, _drawn(model, path, next(maps)))
                row |= {key: value for key, value in next(answers).items() if not isinstance(value, np.ndarray)}
                row["overlay"] = storable(name)
            rows.append(row)
    check_any(rows)
    for line in model.head:
        logger.info("%s", line)
    for row in rows:
        said = f"unreadable: {row['error']}" if "error" in row else model.writer.line(row)
        console.print(printable(f"{row['path']}  {said}"), markup=False)
    layer, kind = target_layer(model.predictor.network)
    content = {"method": config.explain.method, "layer": layer, "kind": kind, "images": rows}
    written = place.save_json(folder + ROWS, content)
    failed = sum("error" in row for row in rows)
    images = counted(len(rows) - failed, "image")
    logger.info("explain: %s at %s, %s, in %s", config.explain.method, layer, images, written.parent)
    return {"images": float(len(rows) - failed), "failed": float(failed)}


def _answers(model: Model, part: PredictedImages) -> Sequence[Answer]:
    return () if part.outputs is None else model.writer.rows(part.outputs, part.sizes)


def _maps(config: Config, task: Task, model: Model, part: PredictedImages) -> Sequence[NDArray[np.float32]]:
    """(side, side) what speaks for the answer to each image that could be read."""
    if part.outputs is None or part.squares is None:
        return ()
    predictor = model.predictor
    targets, score = task.explained(config, part.outputs)
    images = predictor.preprocessing.transform().normalise(part.squares).to(predictor.device)
    maps = METHODS[config.explain.method](predictor.network, images, targets.to(predictor.device), score=score)
    return list(maps.cpu().numpy())


def _drawn(model: Model, path: Path, heat: NDArray[np.float32]) -> bytes:
    """The overlay of a file that was read just now."""
    seen = model.predictor.preprocessing
    photo = photo_at(path, model.limits, seen.white)
    height, width = photo.shape[:2]
    return overlay(photo, heat, seen.seen(width, height))
