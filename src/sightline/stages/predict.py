"""Prediction: what the model says of an image, a folder or a list of them."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path

from sightline.config.schema import Config
from sightline.inference.images import photo_at
from sightline.inference.inputs import distinct_stems, list_inputs
from sightline.inference.model import CALIBRATION
from sightline.inference.reference import NewImages
from sightline.machine.terminal import ProgressBar, console, logger
from sightline.machine.text import printable
from sightline.run.attached_files import AttachedFiles
from sightline.run.folder import Run
from sightline.run.row_files import RowFiles
from sightline.stages.drifting import drift_line
from sightline.tasks.answers import Answer, Model, check_any
from sightline.tasks.results import JsonRow, PredictionRows
from sightline.tasks.table import model_of_run


def run(config: Config, run: Run) -> dict[str, float]:
    """Print a line an image; with `output=DIR` also write `predictions.csv` and `predictions.json` there.

    Raises:
        UsageError: there is no input, or no image in it can be read.
    """
    paths, model = list_inputs(config.input), model_of_run(config, run)
    columns = ["path", *model.writer.columns, "error"]
    output = None if config.output is None else Path(config.output)
    named = zip(paths, distinct_stems(paths), strict=True)
    held: list[Answer] = []
    failed = answered = 0
    seen = NewImages()
    with nullcontext() if output is None else RowFiles(output, "predictions", columns) as files:
        for rows in _predict(model, paths, seen):
            if files is not None:
                files.add([_filed(row, model, files.attached, *next(named)) for row in rows])
            unread = sum("error" in row for row in rows)
            failed += unread
            answered += len(rows) - unread
            held += rows
            if answered:  # where none can be read, one line says so
                if answered == len(rows) - unread:
                    _show_head(model.writer, is_calibrated=run.has(CALIBRATION))
                _show(held, model.writer)
                held = []
        if not answered and files is not None:
            files.discard()
        check_any(held)
    if output is not None:
        logger.info("predictions of %s are in %s", _counted(answered, failed), output)
    if line := drift_line(config, run, seen):
        logger.warning("drift: %s", line)
    return {"images": float(answered), "failed": float(failed)}


def _filed(row: Answer, model: Model, attached: AttachedFiles, path: Path, stem: str) -> JsonRow:
    """An answer as the files hold it; what belongs to it is written beside them."""
    if "error" in row:
        return row
    photo = partial(photo_at, path, model.limits, model.predictor.preprocessing.white)
    written, files = model.writer.filed(row, stem, photo)
    for name, content in files.items():
        attached.add(name, content)
    return written


def _predict(model: Model, paths: Sequence[Path], seen: NewImages) -> Iterator[list[Answer]]:
    """The answers of the model, some at a time, and how far they are."""
    done = 0
    with ProgressBar(len(paths), "predicting") as bar:
        for rows in model.answers(paths, seen.add):
            yield rows
            done += len(rows)
            bar.update(done, "predicting")


def _counted(answered: int, failed: int) -> str:
    """`1 image`, `8 images, and what is wrong with 1 unreadable file,`."""
    images = f"{answered:,} image{'s' * (answered != 1)}"
    files = f"{failed:,} unreadable file{'s' * (failed != 1)}"
    return f"{images}, and what is wrong with {files}," if failed else images


def _show_head(writer: PredictionRows, *, is_calibrated: bool) -> None:
    """Say what the answers are worth, before the first of them."""
    for line in writer.head:
        logger.log(logging.INFO if is_calibrated else logging.WARNING, "%s", line)


def _show(rows: Sequence[Answer], writer: PredictionRows) -> None:
    for row in rows:
        line = f"unreadable: {row['error']}" if "error" in row else writer.line(row)
        console.print(printable(f"{row['path']}  {line}"), markup=False)
