"""Prediction: what the model says of an image, a folder or a list of them."""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path

from sightline.config.schema import Config
from sightline.errors import UsageError
from sightline.inference.inputs import list_inputs
from sightline.inference.predictor import Predictor
from sightline.machine.device import pick_device
from sightline.machine.terminal import ProgressBar, console, logger
from sightline.machine.text import printable, storable
from sightline.run.folder import Run
from sightline.run.row_files import RowFiles
from sightline.tasks.results import JsonRow, PredictionRows
from sightline.tasks.table import task_of_run


def run(config: Config, run: Run) -> dict[str, float]:
    """Print a line an image; with `output=DIR` also write `predictions.csv` and `predictions.json` there.

    Raises:
        UsageError: there is no input, or no image in it can be read.
    """
    paths, task = list_inputs(config.input), task_of_run(run)
    predictor = Predictor.load(run, pick_device(config.device), task.heads)
    writer = task.prediction_rows(config, run)
    columns = ["path", *writer.columns, "error"]
    output = None if config.output is None else Path(config.output)
    held: list[JsonRow] = []
    failed = answered = 0
    with nullcontext() if output is None else RowFiles(output, "predictions", columns) as files:
        for rows in _predict(config, predictor, writer, paths):
            if files is not None:
                files.add(rows)
            unread = sum("error" in row for row in rows)
            failed += unread
            answered += len(rows) - unread
            held += rows
            if answered:  # where none can be read, one line says so
                _show(held, writer)
                held = []
        if not answered:
            if files is not None:
                files.discard()
            raise UsageError(f"input: none of {failed} images could be read; {held[0]['path']}: {held[0]['error']}")
    if not run.has("calibration.json"):
        logger.warning("the run is not calibrated: these probabilities are the network's own (mode `calibrate`)")
    if output is not None:
        logger.info("predictions of %s are in %s", _counted(answered, failed), output)
    return {"images": float(answered), "failed": float(failed)}


def _predict(
    config: Config, predictor: Predictor, writer: PredictionRows, paths: Sequence[Path]
) -> Iterator[list[JsonRow]]:
    """A row for every file in the order of `paths`, some at a time: the answer, or what is wrong with the file."""
    done = 0
    with ProgressBar(len(paths), "predicting") as bar:
        for files in predictor.predict_files(paths, config.predict):
            answers = iter(() if files.outputs is None else writer.rows(files.outputs))
            yield [
                {"path": storable(str(path)), "error": storable(files.errors[place])}
                if place in files.errors
                else {"path": storable(str(path)), **next(answers)}
                for place, path in enumerate(files.paths)
            ]
            done += len(files)
            bar.update(done, "predicting")


def _counted(answered: int, failed: int) -> str:
    """`1 image`, `8 images, and what is wrong with 1 unreadable file,`."""
    images = f"{answered:,} image{'s' * (answered != 1)}"
    files = f"{failed:,} unreadable file{'s' * (failed != 1)}"
    return f"{images}, and what is wrong with {files}," if failed else images


def _show(rows: Sequence[JsonRow], writer: PredictionRows) -> None:
    for row in rows:
        line = f"unreadable: {row['error']}" if "error" in row else writer.line(row)
        console.print(printable(f"{row['path']}  {line}"), markup=False)
