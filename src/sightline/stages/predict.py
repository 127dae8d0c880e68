"""Prediction: labels and calibrated probabilities for an image, a folder or a list of them."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sightline.config.schema import Config, PredictConfig
from sightline.data.sources.folder import SUFFIXES
from sightline.data.store.decode import DecodeError, decode
from sightline.errors import UsageError
from sightline.inference.model import load_model, load_preprocessing, temperature_of
from sightline.machine.device import pick_device
from sightline.machine.terminal import ProgressBar, console, logger
from sightline.metrics.predictions import softmax
from sightline.run.files import atomic_file
from sightline.run.folder import Run

AT_ONCE = 64


def run(config: Config, run: Run) -> dict[str, float]:
    """Print a line an image; with `output=DIR` also write `predictions.csv` and `predictions.json` there.

    Raises:
        UsageError: there is no input, or no image in it can be read.
    """
    paths = list_inputs(config.input)
    device, preprocessing, temperature = pick_device(config.device), load_preprocessing(run), temperature_of(run)
    model, transform = load_model(run, device), preprocessing.transform()
    rows: list[dict[str, Any]] = []
    with ProgressBar(len(paths), "predicting") as bar, torch.inference_mode():
        for start in range(0, len(paths), AT_ONCE):
            chunk = paths[start : start + AT_ONCE]
            pictures = dict(_readable(chunk, preprocessing.stored_side, config.predict, rows))
            if pictures:
                logits = model(transform(*stack(list(pictures.values()))).to(device)).double().cpu().numpy()
                for path, probabilities in zip(pictures, softmax(logits / temperature), strict=True):
                    rows.append(_row(path, probabilities, preprocessing.class_names, config.predict.top_k))
            bar.update(min(start + AT_ONCE, len(paths)), "predicting")
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


def list_inputs(given: str | Sequence[str] | None) -> list[Path]:
    """The image files of a file, a folder (at any depth) or a list of them, in order.

    Raises:
        UsageError: nothing was given, something is not there, or a folder holds no images.
    """
    if given is None:
        raise UsageError("predict takes input=FILE, input=DIR or input=[A,B,…]")
    paths: list[Path] = []
    for name in [given] if isinstance(given, str) else given:
        path = Path(name)
        if path.is_dir():
            found = sorted(file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file())
            if not found:
                raise UsageError(f"input={name} is a folder without images ({' '.join(sorted(SUFFIXES))})")
            paths += found
        elif path.is_file():
            paths.append(path)
        else:
            raise UsageError(f"input={name} is not there")
    return paths


def stack(pictures: Sequence[NDArray[np.uint8]]) -> tuple[Tensor, Tensor]:
    """One padded batch (n, 3, h, w) of pictures (h, w, 3), and each one's height and width."""
    sizes = np.array([picture.shape[:2] for picture in pictures], dtype=np.int32)
    height, width = sizes.max(axis=0)
    batch = np.zeros((len(pictures), 3, height, width), dtype=np.uint8)
    for place, picture in zip(batch, pictures, strict=True):
        place[:, : picture.shape[0], : picture.shape[1]] = picture.transpose(2, 0, 1)
    return torch.from_numpy(batch), torch.from_numpy(sizes)


def _readable(
    paths: Sequence[Path], side: int, limits: PredictConfig, rows: list[dict[str, Any]]
) -> Iterator[tuple[Path, NDArray[np.uint8]]]:
    """The pictures that open; those that do not become rows with an error."""
    for path in paths:
        try:
            megabytes = path.stat().st_size / 1e6
            if megabytes > limits.max_megabytes:
                raise DecodeError(f"{megabytes:.0f} MB are more than predict.max_megabytes={limits.max_megabytes:g}")
            yield path, decode(path.read_bytes(), side, int(limits.max_megapixels * 1e6)).pixels
        except (DecodeError, OSError) as error:
            rows.append({"path": str(path), "error": str(error)})


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
