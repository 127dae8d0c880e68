"""Prediction: what the model says of an image, a folder or a list of them."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path

from sightline.config.schema import Config
from sightline.errors import UsageError
from sightline.inference.inputs import list_inputs
from sightline.inference.predictor import Predictor
from sightline.machine.device import pick_device
from sightline.machine.terminal import ProgressBar, console, logger
from sightline.machine.text import printable, storable
from sightline.run.files import atomic_file
from sightline.run.folder import Run
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
    rows = _predict(config, predictor, writer, paths)
    failed = [row for row in rows if "error" in row]
    if len(failed) == len(rows):
        raise UsageError(f"input: none of {len(rows)} images could be read; {failed[0]['path']}: {failed[0]['error']}")
    for row in rows:
        line = f"unreadable: {row['error']}" if "error" in row else writer.line(row)
        console.print(printable(f"{row['path']}  {line}"), markup=False)
    if not run.has("calibration.json"):
        logger.warning("the run is not calibrated: these probabilities are the network's own (mode `calibrate`)")
    if config.output is not None:
        _write(Path(config.output), rows, writer.columns)
    return {"images": float(len(rows)), "failed": float(len(failed))}


def _predict(config: Config, predictor: Predictor, writer: PredictionRows, paths: Sequence[Path]) -> list[JsonRow]:
    """A row for every file: the answer, or what is wrong with the file."""
    rows: list[JsonRow] = []
    done = 0
    with ProgressBar(len(paths), "predicting") as bar:
        for files in predictor.predict_files(paths, config.predict):
            rows += [{"path": storable(str(path)), "error": storable(reason)} for path, reason in files.unreadable]
            if files.outputs is not None:
                predicted = zip(files.paths, writer.rows(files.outputs), strict=True)
                rows += [{"path": storable(str(path)), **row} for path, row in predicted]
            done += len(files)
            bar.update(done, "predicting")
    return rows


def _write(folder: Path, rows: Sequence[JsonRow], columns: Sequence[str]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"output={folder} cannot be written: {error.strerror}") from error
    table = io.StringIO()
    writer = csv.DictWriter(table, ["path", *columns, "error"], extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    contents = {"predictions.csv": table.getvalue(), "predictions.json": json.dumps(rows, indent=2) + "\n"}
    for name, content in contents.items():
        with atomic_file(folder / name) as stream:
            stream.write(content.encode())
    logger.info("predictions of %d images are in %s", len(rows), folder)
