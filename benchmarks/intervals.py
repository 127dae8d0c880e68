"""Do the intervals hold what they claim, and what do they cost?

    python -m benchmarks.intervals coverage [--draws 1000]
    python -m benchmarks.intervals speed

- coverage: samples are drawn from the populations of `benchmarks.worlds`; how often does each 95 % interval hold their
  scores, and how wide is it beside that of a percentile bootstrap?
- speed: 1,000 resamples of all scores; of accuracy, macro-F1 and ECE beside `scipy.stats.bootstrap`; on one core.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # one core a process, before numpy starts its threads
    os.environ[name] = "1"

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from scipy.special import softmax  # noqa: E402
from scipy.stats import bootstrap  # noqa: E402
from sklearn.metrics import accuracy_score, f1_score  # noqa: E402

from benchmarks.processes import machine_facts  # noqa: E402
from benchmarks.worlds import BINS, World, even, worlds  # noqa: E402
from sightline.metrics.catalogue import measured_of  # noqa: E402
from sightline.metrics.classification.binned import BinnedPredictions  # noqa: E402
from sightline.metrics.classification.resampled import score_sums  # noqa: E402
from sightline.metrics.classification.scoring import Scored  # noqa: E402
from sightline.metrics.intervals.resampling import Resampling  # noqa: E402

RESULTS = Path(__file__).parent / "results"
CLASSES, LEVEL, RESAMPLES = 10, 0.95, 300
SHOWN = (
    "accuracy", "balanced_accuracy", "precision_macro", "recall_macro", "f1_macro", "f1_weighted", "roc_auc_ovr",
    "log_loss", "brier", "ece", "ece_debiased",
)  # fmt: skip
PERCENTILES = 200
"""Resamples of the percentile bootstrap whose width stands beside."""


def main() -> None:
    """Run one of the two, write its results and show them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["coverage", "speed", "speed-one"])
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--only", nargs="*", default=[], help="parts of the names of worlds; nothing is written then")
    parser.add_argument("--shape", nargs=2, type=int, default=(10_000, 10), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.what == "speed-one":
        print(json.dumps(time_all(*arguments.shape)))
        return
    found = coverage(arguments.draws, arguments.only) if arguments.what == "coverage" else speed()
    if not arguments.only:
        where = machine_facts()
        RESULTS.mkdir(exist_ok=True)
        path = RESULTS / f"intervals_{arguments.what}.json"
        path.write_text(json.dumps({"where": where, **found}, indent=1) + "\n")
    if arguments.what == "speed":
        print(json.dumps(found, indent=1))


def coverage(draws: int, only: Sequence[str] = ()) -> dict[str, Any]:
    """Share of samples whose interval holds the truth, by world and score."""
    found: list[dict[str, Any]] = []
    with ProcessPoolExecutor() as pool:
        for world in worlds():
            if only and not any(part in world.name for part in only):
                continue
            world.truth()
            found.append(_summary(world, list(pool.map(partial(_hits, world), range(draws), chunksize=10))))
            _show(found[-1])
    return {"draws": draws, "worlds": found}


def _hits(world: World, seed: int) -> dict[str, tuple[bool, bool, float, float]]:
    """Whether each limit holds the truth, how wide they are, and how wide a percentile bootstrap's would be.

    The truth of a mean over classes is that over the classes which this sample has: no sample tells of others.
    """
    sample = world.draw(np.random.default_rng([seed, world.n]))
    scored = Scored(BinnedPredictions.of(sample.probabilities, BINS), sample.labels)
    resampling = Resampling(LEVEL, RESAMPLES, seed, sample.groups)
    found = scored.intervals(resampling, only=SHOWN)
    truth = world.truth_of(sample)
    plain = _percentile_widths(scored, resampling)
    return {
        name: (
            one.low <= truth[name] + 1e-12,
            truth[name] <= one.high + 1e-12,
            one.high - one.low,
            plain.get(name, 0.0),
        )
        for name, one in found.items()
        if np.isfinite(one.low) and np.isfinite(truth[name])
    }


def _percentile_widths(scored: Scored, resampling: Resampling) -> dict[str, float]:
    """Width of the percentile bootstrap of items, or of whole groups, the way most people take it."""
    rng = np.random.default_rng(resampling.seed)
    groups = resampling.groups if resampling.groups is not None else np.arange(len(scored.labels))
    units = int(groups.max()) + 1
    weights = rng.multinomial(units, np.full(units, 1 / units), size=PERCENTILES).T[groups].astype(np.float64)
    metrics = [metric for metric in scored.metrics(SHOWN) if metric.name != "roc_auc_ovr"]
    with np.errstate(divide="ignore", invalid="ignore"):
        samples = score_sums(scored.binned, metrics, scored.binned.contributions(scored.labels) @ weights)
    ends = {name: np.nanquantile(each, [0.5 - LEVEL / 2, 0.5 + LEVEL / 2]) for name, each in samples.items()}
    return {name: float(high - low) for name, (low, high) in ends.items()}


def _summary(world: World, hits: list[dict[str, tuple[bool, bool, float, float]]]) -> dict[str, Any]:
    """Of all draws of a world, by score."""
    scores = {}
    for name in SHOWN:
        rows = [hit[name] for hit in hits if name in hit]
        if not rows:
            continue
        above, below, width, plain = (np.array(column, dtype=np.float64) for column in zip(*rows, strict=True))
        scores[name] = {
            "held": float((above * below).mean()),
            "too_high": float(1 - above.mean()),
            "too_low": float(1 - below.mean()),
            "withheld": 1 - len(rows) / len(hits),
            "width": float(width.mean()),
            "percentile_width": float(plain.mean()),
        }
    smallest = world.n * min(world.shares) / sum(world.shares)
    return {"world": world.name, "n": world.n, "smallest_class": round(smallest, 2), "scores": scores}


def _show(row: dict[str, Any]) -> None:
    held = "  ".join(f"{name} {one['held']:.3f}" for name, one in row["scores"].items())
    print(f"{row['world']:38} {held}", flush=True)


def speed() -> dict[str, Any]:
    """Seconds and memory of all intervals, in fresh processes on one core; of the small shape a median."""
    own = Path(__file__).resolve()

    def alone(n: int, classes: int) -> dict[str, float]:
        command = [sys.executable, "-m", f"benchmarks.{own.stem}", "speed-one", "--shape", str(n), str(classes)]
        done = subprocess.run(command, cwd=own.parents[1], check=True, capture_output=True, text=True)
        found: dict[str, float] = json.loads(done.stdout)
        return found

    small = sorted((alone(10_000, 10) for _ in range(5)), key=lambda found: found["seconds"])[2]
    return {"10000x10": small, "50000x1000": alone(50_000, 1000), "scipy": beside_scipy()}


def time_all(n: int, classes: int) -> dict[str, float]:
    """Seconds of 1,000 resamples of all scores (with 1,000 classes, of all but the areas under ROC curves)."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(n, classes))
    labels = rng.integers(classes, size=n)
    logits[np.arange(n), labels] += np.log(classes)
    probabilities = softmax(1.2 * logits, axis=1)
    del logits
    began = perf_counter()
    wanted = [name for name in measured_of("classification") if name != "roc_auc_ovr" or classes <= 100]
    Scored(BinnedPredictions.of(probabilities, BINS), labels).intervals(Resampling(LEVEL, 1000, 0), only=wanted)
    seconds = perf_counter() - began
    return {"seconds": seconds, "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20}


def beside_scipy() -> dict[str, Any]:
    """Accuracy, macro-F1 and ECE at 10,000 items, 1,000 resamples, in turn, on one core; medians of three.

    scipy calls scikit-learn's scores, as people do, or ones written for speed with numpy's counting. It takes
    percentiles, and once what it takes by default, BCa, which calls every score 10,000 times more.
    """
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    sample = even(0.63, 10_000, CLASSES).draw(np.random.default_rng(0))
    probabilities, labels = sample.probabilities, sample.labels
    answers = labels, probabilities.argmax(axis=1), probabilities.max(axis=1)
    wanted = ("accuracy", "f1_macro", "ece")
    seconds: dict[str, list[float]] = {"sightline": [], "scipy, scikit-learn": [], "scipy, numpy": []}
    for seed in range(3):
        began = perf_counter()
        scored = Scored(BinnedPredictions.of(probabilities, BINS), labels)
        scored.intervals(Resampling(LEVEL, 1000, seed), only=wanted)
        seconds["sightline"].append(perf_counter() - began)
        for name, scores in PEERS.items():
            began = perf_counter()
            for score in scores:
                items = (np.arange(len(labels)),)
                bootstrap(
                    items, partial(score, *answers), n_resamples=1000, vectorized=False, method="percentile", rng=seed
                )
            seconds[name].append(perf_counter() - began)
    began = perf_counter()
    for score in PEERS["scipy, scikit-learn"]:
        items = (np.arange(len(labels)),)
        bootstrap(items, partial(score, *answers), n_resamples=1000, vectorized=False, batch=500, rng=0)
    seconds["scipy, scikit-learn, BCa"] = [perf_counter() - began]
    found = {name: float(np.median(each)) for name, each in seconds.items()}
    return {"seconds": found, "ratios": {name: each / found["sightline"] for name, each in found.items()}}


def _accuracy(
    labels: NDArray[np.int64], predicted: NDArray[np.int64], _: NDArray[np.float64], items: NDArray[np.int64]
) -> float:
    return float((labels[items] == predicted[items]).mean())


def _f1(
    labels: NDArray[np.int64], predicted: NDArray[np.int64], _: NDArray[np.float64], items: NDArray[np.int64]
) -> float:
    truth, answer = labels[items], predicted[items]
    right = np.bincount(truth[truth == answer], minlength=CLASSES)
    either = np.bincount(truth, minlength=CLASSES) + np.bincount(answer, minlength=CLASSES)
    return float((2 * right / either).mean())


def _sklearn_accuracy(
    labels: NDArray[np.int64], predicted: NDArray[np.int64], _: NDArray[np.float64], items: NDArray[np.int64]
) -> float:
    return float(accuracy_score(labels[items], predicted[items]))


def _sklearn_f1(
    labels: NDArray[np.int64], predicted: NDArray[np.int64], _: NDArray[np.float64], items: NDArray[np.int64]
) -> float:
    return float(f1_score(labels[items], predicted[items], average="macro"))


def _ece(
    labels: NDArray[np.int64],
    predicted: NDArray[np.int64],
    confidence: NDArray[np.float64],
    items: NDArray[np.int64],
) -> float:
    sure = confidence[items]
    gaps = (labels[items] == predicted[items]) - sure
    where = np.clip(np.ceil(sure * BINS).astype(np.int64) - 1, 0, BINS - 1)
    return float(np.abs(np.bincount(where, gaps, minlength=BINS)).sum() / len(items))


PEERS = {"scipy, scikit-learn": (_sklearn_accuracy, _sklearn_f1, _ece), "scipy, numpy": (_accuracy, _f1, _ece)}

if __name__ == "__main__":
    main()
