"""Explanation of new images: for each the answer, and what speaks for it over the photo at its own size."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sightline.config.schema import Config
from sightline.data.sources.remarks import counted
from sightline.inference.images import photo_at
from sightline.inference.inputs import distinct_stems, list_inputs
from sightline.inference.predictor import PredictedImages
from sightline.machine.signals import check_stop
from sightline.machine.terminal import console, logger
from sightline.machine.text import printable, storable
from sightline.reporting.figures.overlay import overlay
from sightline.run.attached_files import AttachedFiles
from sightline.run.folder import Run
from sightline.stages.explaining.explained import Asked, head_of, questions
from sightline.tasks.answers import Answer, Model, check_any
from sightline.tasks.table import model_of_run, task_of_run
from sightline.tasks.task import Task

FOLDER: Final = "explain/input/"
"""Of the run, where no output= names another place."""
ROWS: Final = "explanations"
"""Of the list of answers and overlays, without suffix."""


def explain_input(config: Config, run: Run) -> dict[str, float]:
    """Write an overlay for each image of `input=`, and `explanations.json`; nothing else of the run is touched.

    Overlays of a second method and of further ones lie in folders of their names.

    Raises:
        UsageError: there is no input, or no image in it can be read.
    """
    paths, task, model = list_inputs(config.input), task_of_run(run), model_of_run(config, run)
    folder = run.path / FOLDER if config.output is None else Path(config.output)
    asked, attached = Asked(config.explain.methods), AttachedFiles(folder, ROWS)
    try:
        rows = _explained(config, asked, task, model, paths, attached)
        check_any(rows)
    except BaseException:
        attached.discard()
        raise
    for line in model.head:
        logger.info("%s", line)
    for row in rows:
        said = f"unreadable: {row['error']}" if "error" in row else model.writer.line(row)
        console.print(printable(f"{row['path']}  {said}"), markup=False)
    content = {**head_of(asked, model.predictor.network), "images": rows}
    with attached.replacing():
        Run(folder).save_json(f"{ROWS}.json", content)
    failed = sum("error" in row for row in rows)
    images = counted(len(rows) - failed, "image")
    logger.info("explain: %s, %s, in %s", asked.said(model.predictor.network), images, folder)
    return {"images": float(len(rows) - failed), "failed": float(failed)}


def _explained(
    config: Config, asked: Asked, task: Task, model: Model, paths: Sequence[Path], attached: AttachedFiles
) -> list[Answer]:
    """A row for each image, its overlays attached."""
    stems, rows = iter(distinct_stems(paths)), list[Answer]()
    for part in model.predictor.predict_images(paths, model.limits):
        answers, maps = iter(_answers(model, part)), iter(_maps(config, asked, task, model, part))
        for number, path in enumerate(map(Path, map(str, part.images))):
            check_stop()
            name = f"{next(stems)}.png"
            row: Answer = {"path": storable(str(path))}
            if number in part.errors:
                row["error"] = storable(part.errors[number])
            else:
                question, heats = next(maps)
                drawn = _drawn(model, path, heats)
                names = {one: name if one == asked.left[0] else f"{one}/{name}" for one in drawn}
                for one, content in drawn.items():
                    attached.add(names[one], content)
                row |= {key: value for key, value in next(answers).items() if not isinstance(value, np.ndarray)}
                row |= question
                if empty := [one for one, heat in heats.items() if not heat.any()]:
                    row["empty"] = empty
                    logger.warning("%s: nothing speaks for %s by %s", path, question["explained"], ", ".join(empty))
                row["overlay"] = name
                if len(names) > 1:
                    row["overlays"] = names
            rows.append(row)
    return rows


def _answers(model: Model, part: PredictedImages) -> Sequence[Answer]:
    return () if part.outputs is None else model.writer.rows(part.outputs, part.sizes)


def _maps(
    config: Config, asked: Asked, task: Task, model: Model, part: PredictedImages
) -> Sequence[tuple[dict[str, str], dict[str, NDArray[np.float32]]]]:
    """Of each image that could be read what its map is about, and (side, side) what speaks for it, by method."""
    if part.outputs is None or part.squares is None:
        return ()
    predictor = model.predictor
    targets, score = task.explained(config, part.outputs)
    images = predictor.preprocessing.transform().normalise(part.squares).to(predictor.device)
    maps = asked.maps(predictor.network, images, targets.to(predictor.device), score)
    asked_of = questions(config, task, targets)
    return [(asked_of[number], {name: heats[number] for name, heats in maps.items()}) for number in range(len(images))]


def _drawn(model: Model, path: Path, maps: dict[str, NDArray[np.float32]]) -> dict[str, bytes]:
    """The overlays of a file that was read just now, by method."""
    seen = model.predictor.preprocessing
    photo = photo_at(path, model.limits, seen.white)
    height, width = photo.shape[:2]
    return {name: overlay(photo, heat, seen.seen(width, height)) for name, heat in maps.items()}
