"""How often drift is seen where there is none, and where there is: the test split of CIFAR-10 against a trained run.

    python -m benchmarks.drift --cifar DIR --run RUN [--simulations 1000] [--quick]

DIR holds test/<class>/*; RUN is a classifier that was trained on train/ of it and calibrated. The model answers the
test images once for each condition; a simulation then draws rows.

- No drift: reference and new images are drawn anew from the pool of the run's held-out images and the test images, so
  that nothing but chance tells them apart. Alarms at 5 % must lie within the binomial interval. Beside it, the same
  with the run's own reference, which a user has: its own chance is then in every simulation. And what SciPy's
  Kolmogorov-Smirnov tests of the pixel statistics give on the same draws, corrected after Bonferroni or Holm.
- Drift: brightness + 5/255, a 2 x 2 blur, JPEG of quality 30, a camera of gamma 0.8, animals twice as often as
  vehicles; found in how many of the simulations, by the run's own reference.
"""

import argparse
import io
import json
from collections.abc import Callable, Mapping
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy.stats import binom, ks_2samp

from benchmarks.processes import machine_facts, tell
from sightline.data.image_statistics import image_statistics
from sightline.inference.predictor import Predictor
from sightline.inference.reference import load_reference
from sightline.metrics.drift.measure import Policy, Sample, measure_drift
from sightline.run.folder import Run

RESULTS: Final = Path(__file__).parent / "results/drift.json"
SIZES: Final = (50, 200, 1000)
LEVEL: Final = 0.05
PERMUTATIONS: Final = 999
REDRAWN: Final = 600
"""Images of a reference that is drawn anew."""
VEHICLES: Final = ("airplane", "automobile", "ship", "truck")
CHUNK: Final = 500
Images = NDArray[np.uint8]


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cifar", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--simulations", type=int, default=1000, help="without drift, of each size")
    parser.add_argument("--with-drift", type=int, default=200, help="of each condition")
    parser.add_argument("--kept", type=Path, help="an .npz file: what the model saw and said, for a next call")
    parser.add_argument("--quick", action="store_true", help="few images and draws, nothing written: does it work?")
    parser.add_argument("--output", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    run = Run.open(str(arguments.run), Path())
    reference = load_reference(run)
    predictor = Predictor.load(run, torch.device("cpu"))
    images, labels, names = test_images(arguments.cifar, 20 if arguments.quick else 1)
    seen = kept(arguments.kept, predictor, images)
    many, some = (10, 5) if arguments.quick else (arguments.simulations, arguments.with_drift)
    found: dict[str, Any] = {"where": machine_facts(), "images": len(images), "reference": len(reference.sample)}
    found |= {"level": LEVEL, "permutations": PERMUTATIONS}
    found["no drift"] = {str(n): without_drift(reference.sample, seen["none"], n, many) for n in _sizes(len(images))}
    for n, rates in found["no drift"].items():
        tell(f"no drift, n = {n}", rates)
    found["drift"] = {}
    for name in (*list(seen)[1:], "class mix"):
        drawn = seen.get(name, seen["none"])
        weights = _mixed(labels, names) if name == "class mix" else None
        found["drift"][name] = {
            str(n): with_drift(reference.sample, drawn, n, some if n == 200 else some // 2, weights)
            for n in _sizes(len(images))[:2]
        }
        tell(name, found["drift"][name])
    if not arguments.quick:
        arguments.output.write_text(json.dumps(found, indent=1) + "\n")


def test_images(folder: Path, step: int) -> tuple[Images, NDArray[np.int64], list[str]]:
    """(n, 3, 32, 32), their classes and the names of these."""
    names = sorted(path.name for path in (folder / "test").iterdir())
    files = [(path, label) for label, name in enumerate(names) for path in sorted((folder / "test" / name).iterdir())]
    images = np.stack([np.asarray(Image.open(path).convert("RGB")) for path, _ in files[::step]])
    return images.transpose(0, 3, 1, 2).copy(), np.array([label for _, label in files[::step]]), names


def _brighter(images: Images) -> Images:
    return np.clip(images.astype(np.int16) + 5, 0, 255).astype(np.uint8)


def _blurred(images: Images) -> Images:
    """Each pixel the mean of itself and its neighbours to the right and below, edges repeated."""
    wide = np.pad(images.astype(np.int16), ((0, 0), (0, 0), (0, 1), (0, 1)), mode="edge")
    total = wide[:, :, 1:, 1:] + wide[:, :, :-1, 1:] + wide[:, :, 1:, :-1] + wide[:, :, :-1, :-1]
    return ((total + 2) // 4).astype(np.uint8)


def _saved(images: Images) -> Images:
    """As JPEGs of quality 30."""
    found = np.empty_like(images)
    for place, image in zip(found, images, strict=True):
        stream = io.BytesIO()
        Image.fromarray(image.transpose(1, 2, 0)).save(stream, "JPEG", quality=30)
        place[:] = np.asarray(Image.open(stream)).transpose(2, 0, 1)
    return found


def _other_camera(images: Images) -> Images:
    return (255 * (np.arange(256) / 255) ** 0.8).round().astype(np.uint8)[images]


CONDITIONS: Final[Mapping[str, Callable[[Images], Images]]] = {
    "none": lambda images: images,
    "brightness + 5/255": _brighter,
    "blur 2 x 2": _blurred,
    "JPEG 30": _saved,
    "gamma 0.8": _other_camera,
}


def kept(file: Path | None, predictor: Predictor, images: Images) -> dict[str, Sample]:
    """What the model sees and says of the images under each condition: as the file has it, else asked and written."""
    if file is not None and file.is_file():
        arrays = np.load(file)
        return {name: Sample(arrays[f"{name}_p"], arrays[f"{name}_l"]) for name in CONDITIONS}
    found = {name: samples_of(predictor, change(images)) for name, change in CONDITIONS.items()}
    if file is not None:
        named = {"p": "pixels", "l": "logits"}
        np.savez(file, **{f"{name}_{end}": getattr(found[name], key) for name in found for end, key in named.items()})
    return found


def samples_of(predictor: Predictor, images: Images) -> Sample:
    """What the run's model sees and says of all images."""
    pixels, logits = [], []
    for start in range(0, len(images), CHUNK):
        squares = predictor.square([image.transpose(1, 2, 0) for image in images[start : start + CHUNK]])
        pixels.append(image_statistics(squares.numpy()))
        outputs = predictor.outputs(squares)
        assert isinstance(outputs, torch.Tensor), "the run is of a classifier"
        logits.append(outputs.numpy())
    return Sample(np.concatenate(pixels), np.concatenate(logits))


def without_drift(reference: Sample, test: Sample, n: int, simulations: int) -> dict[str, Any]:
    """Shares of simulations with an alarm, by way, and the binomial interval of 95 % around the level."""
    ask = partial(_one_without, _joined(reference, test), n)
    fresh, bonferroni = np.mean(_each(ask, simulations), axis=0).tolist()
    few = max(5, simulations // 10)
    own = np.mean(_each(partial(_one_of_own, reference, test, n), few))
    low, high = (binom.ppf(q, simulations, LEVEL) / simulations for q in (0.025, 0.975))
    return {
        "alarms": fresh,
        "interval": [low, high],
        "within": bool(low <= fresh <= high),
        "simulations": simulations,
        "Kolmogorov-Smirnov tests of pixels, Bonferroni or Holm": bonferroni,
        f"alarms with the run's own reference, {few} simulations": float(own),
    }


def _one_without(pool: Sample, n: int, number: int) -> tuple[bool, bool]:
    """Whether ours raises an alarm where there is no drift, and whether SciPy's tests do."""
    rng = np.random.default_rng([n, number])
    drawn = rng.permutation(len(pool))[: REDRAWN + n]
    before, now = _some(pool, drawn[:REDRAWN]), _some(pool, drawn[REDRAWN:])
    tests = [ks_2samp(before.pixels[:, k], now.pixels[:, k]).pvalue for k in range(before.pixels.shape[1])]
    # Holm's first step is Bonferroni's: both raise the same alarms.
    return _measured(before, now, number)["outcome"] == "warn", bool(min(tests) * len(tests) <= LEVEL)


def _one_of_own(reference: Sample, test: Sample, n: int, number: int) -> bool:
    rng = np.random.default_rng([3, n, number])
    outcome: str = _measured(reference, _some(test, rng.choice(len(test), n, replace=False)), number)["outcome"]
    return outcome == "warn"


def with_drift(
    reference: Sample, images: Sample, n: int, simulations: int, weights: NDArray[np.float64] | None
) -> dict[str, float]:
    """The share of simulations in which drift is found, and how often each statistic is among what drifted."""
    results = _each(partial(_one_with, reference, images, n, weights), simulations)
    by: dict[str, int] = {}
    for name in (name for matter in results for name in matter):
        by[name] = by.get(name, 0) + 1
    named = {name: count / simulations for name, count in sorted(by.items(), key=lambda one: -one[1])}
    return {"found": sum(map(bool, results)) / simulations, **named}


def _one_with(reference: Sample, images: Sample, n: int, weights: NDArray[np.float64] | None, number: int) -> list[str]:
    """The statistics that drifted in one simulation."""
    rng = np.random.default_rng([7, n, number])
    rows = rng.choice(len(images), n, replace=False, p=weights)
    return [row["name"] for row in _measured(reference, _some(images, rows), number)["statistics"] if row["matters"]]


def _each(simulate: Callable[[int], Any], simulations: int) -> list[Any]:
    """What each simulation gives, on every core."""
    with get_context("fork").Pool() as pool:
        return pool.map(simulate, range(simulations), chunksize=20)


def _measured(before: Sample, now: Sample, seed: int) -> Any:
    assert before.logits is not None
    names = [str(label) for label in range(before.logits.shape[1])]
    return measure_drift(before, now, names, Policy(LEVEL, LEVEL, "warn", PERMUTATIONS, seed))


def _joined(first: Sample, second: Sample) -> Sample:
    assert first.logits is not None, "calibrate the run: its predictions are needed"
    assert second.logits is not None
    return Sample(np.concatenate([first.pixels, second.pixels]), np.concatenate([first.logits, second.logits]))


def _some(sample: Sample, rows: NDArray[np.int64]) -> Sample:
    assert sample.logits is not None
    return Sample(sample.pixels[rows], sample.logits[rows])


def _mixed(labels: NDArray[np.int64], names: list[str]) -> NDArray[np.float64]:
    """Chances of the images under which each animal comes twice as often as each vehicle."""
    weights = np.where(np.isin(np.array(names)[labels], VEHICLES), 1.0, 2.0)
    found: NDArray[np.float64] = weights / weights.sum()
    return found


def _sizes(images: int) -> list[int]:
    return [n for n in SIZES if n <= images // 3]


if __name__ == "__main__":
    main()
