"""Prediction: labels and calibrated probabilities for an image, a folder or a list of them."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from sightline.config.schema import Config
from sightline.errors import UsageError
from sightline.inference.inputs import list_inputs
from sightline.inference.model import temperature_of
from sightline.inference.predictor import Predictor
from sightline.machine.device import pick_device
from sightline.machine.terminal import ProgressBar, console, logger
from sightline.run.files import atomic_file
from sightline.run.folder import Run


def run(config: Config, run: Run) -> dict[str, float]:
    """Print a line an image; with `output=DIR` also write `predictions.csv` and `predictions.json` there.

    Raises:
        UsageError: there is no input, or no image in it can be read.
    """
    paths = list_inputs(config.input)
    predictor, temperature = Predictor.load(run, pick_device(config.device)), temperature_of(run)
    names, rows, done = predictor.preprocessing.class_names, list[dict[str, Any]](), 0
    with ProgressBar(len(paths), "predicting") as bar:
        for files in predictor.predict_files(paths, config.predict):
            rows += [{"path": str(path), "error": reason} for path, reason in files.unreadable]
            if files.outputs is not None:
                probabilities = softmax(files.outputs.double().cpu().numpy() / temperature, axis=1)
                for path, row in zip(files.paths, probabilities, strict=True):
                    rows.append(_row(path, row, names, config.predict.top_k))
            done += len(files)
            bar.update(done, "predicting")
    failed = [row for row in rows if "error" in row]
    if len(failed) == len(rows):
        raise UsageError(f"input: none of {len(rows)} images could be read; {failed[0]['path']}: {failed[0]['error']}")
    for row in rows:
        console.print(_line(row), markup=False)
    if not run.has("calibration.json"):
        logger.warning("the run is not calibrated: these probabilities are the network's own (mode `calibrate`)")
    if config.output is not None:
        _write(Path(config.output), rows)
    return {"images": float(len(rows)), "failed": float(len(failed))}


def _row(path: Path, probabilities: NDArray[np.float64], names: Sequence[str], top_k: int) -> dict[str, Any]:
    order = np.argsort(-probabilities, kind="stable")[:top_k]
    top = [{"label": names[index], "probability": float(probabilities[index])} for index in order]
    return {"path": str(path), **top[0], "top": top}


def _line(row: dict[str, Any]) -> str:
    if "error" in row:
        return f"{row['path']}  unreadable: {row['error']}"
    return f"{row['path']}  " + "  ".join(f"{entry['label']} {entry['probability']:.1%}" for entry in row["top"])


def _write(folder: Path, rows: Sequence[dict[str, Any]]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"output={folder} cannot be written: {error.strerror}") from error
    table = io.StringIO()
    writer = csv.DictWriter(table, ["path", "label", "probability", "error"], extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    contents = {"predictions.csv": table.getvalue(), "predictions.json": json.dumps(rows, indent=2) + "\n"}
    for name, content in contents.items():
        with atomic_file(folder / name) as stream:
            stream.write(content.encode())
    logger.info("predictions of %d images are in %s", len(rows), folder)
