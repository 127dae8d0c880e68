"""Do the intervals of masks hold what they claim?

    python -m benchmarks.masks [--draws 1000]

Samples of 30, 100 and 300 images are drawn from populations of images of unlike sizes, in some of which classes are
rare; how often does each 95 % interval hold the population's score, how wide is it, and how often does that of a
percentile bootstrap of images hold it?
"""

import argparse
import json
import os
import re
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # one core a process, before numpy starts its threads
    os.environ[name] = "1"

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from benchmarks.processes import machine_facts  # noqa: E402
from sightline.metrics.catalogue import MASKS, METRICS, measured_of  # noqa: E402
from sightline.metrics.intervals.resampling import Resampling  # noqa: E402
from sightline.metrics.scores import pixels  # noqa: E402
from sightline.metrics.segmentation.scoring import SHARES, ScoredMasks  # noqa: E402

RESULTS = Path(__file__).parent / "results"
LEVEL, RESAMPLES, POPULATION = 0.95, 300, 50_000
SIZES = (30, 100, 300)
FEW = 4
"""Intervals of a class are counted where at least so many images of a sample hold it."""


@dataclass(frozen=True)
class MaskWorld:
    """A population of images with five classes, each image as its confusion matrix.

    Attributes:
        name: what it is called.
        sides: of the images, in pixels.
        shares: how many images have each side.
        presence: (5,) the share of images that hold each class.
        quality: two parameters of the beta distribution of how well an image is answered.
        hardness: (5,) what each class multiplies that with.
        group: how many images a group has; they share three quarters of what makes them hard.
    """

    name: str
    sides: tuple[int, ...]
    shares: tuple[float, ...]
    presence: tuple[float, ...]
    quality: tuple[float, float]
    hardness: tuple[float, ...] = (1.0, 0.95, 0.9, 0.8, 0.6)
    group: int = 1

    @cached_property
    def population(self) -> NDArray[np.int64]:
        """(POPULATION, 5, 5)."""
        rng = np.random.default_rng(1)
        side = rng.choice(self.sides, p=self.shares, size=POPULATION)
        holds = rng.random((POPULATION, 5)) < self.presence
        area = rng.gamma(1.0, 1.0, (POPULATION, 5)) * (4, 2, 1, 0.5, 0.2) * holds
        count = np.floor(area / area.sum(axis=1, keepdims=True) * (side**2)[:, None]).astype(np.int64)
        well = rng.beta(*self.quality, POPULATION // self.group).repeat(self.group)
        if self.group > 1:
            well = 0.75 * well + 0.25 * rng.beta(*self.quality, POPULATION)
        well = np.where(side == min(self.sides), 0.85 * well, well)  # small images are harder
        right = rng.binomial(count, np.clip(well[:, None] * self.hardness * rng.beta(8, 0.8, (POPULATION, 5)), 0, 1))
        goes = rng.dirichlet([0.5] * 5, POPULATION) * (holds + 0.02)
        found = np.zeros((POPULATION, 5, 5), dtype=np.int64)
        for truth in range(5):
            share = goes.copy()
            share[:, truth] = 0
            share /= share.sum(axis=1, keepdims=True)
            found[:, truth] = rng.multinomial(count[:, truth] - right[:, truth], share)
            found[:, truth, truth] += right[:, truth]
        return found

    @cached_property
    def truth(self) -> dict[str, Any]:
        """Scores of the population, and of each class in it."""
        scored = ScoredMasks(self.population)
        right, truth, predicted = (scored.total[name] for name in ("right", "truth", "predicted"))
        return {
            **scored.values(),
            "iou": pixels.iou(scored.total),
            "dice": pixels.dice(scored.total),
            "precision": right / predicted,
            "recall": right / truth,
        }


UNLIKE = ((32, 64, 128, 256), (0.4, 0.3, 0.2, 0.1))
COMMON, RARE = (1.0, 0.9, 0.8, 0.7, 0.6), (1.0, 0.8, 0.5, 0.3, 0.15)


def worlds() -> list[MaskWorld]:
    """Images of one size and of unlike sizes; classes that are common or rare; a good, a fair and a sure model."""
    return [
        MaskWorld("one size, common classes", (64,), (1.0,), COMMON, (12, 1.2)),
        MaskWorld("unlike sizes, common classes, good", *UNLIKE, COMMON, (12, 1.2)),
        MaskWorld("unlike sizes, common classes, fair", *UNLIKE, COMMON, (3, 1.5)),
        MaskWorld("unlike sizes, rare classes, good", *UNLIKE, RARE, (12, 1.2)),
        MaskWorld("unlike sizes, rare classes, fair", *UNLIKE, RARE, (3, 1.5)),
        MaskWorld("unlike sizes, common classes, sure", *UNLIKE, COMMON, (60, 0.6), (1.0, 1.0, 0.99, 0.98, 0.95)),
        MaskWorld("unlike sizes, groups of five", *UNLIKE, COMMON, (3, 1.5), group=5),
        MaskWorld("a twentieth holds 80 % of the pixels", (64, 560), (0.95, 0.05), COMMON, (12, 1.2)),
    ]


def hits(world: MaskWorld, n: int, seed: int) -> dict[str, tuple[bool, bool, float, bool]]:
    """Of one sample: whether each limit holds the truth, the width, and whether a percentile bootstrap holds it.

    The truth of a mean over classes is that over the classes which the sample holds: no sample tells of others.
    """
    rng = np.random.default_rng([seed, n])
    units = rng.integers(POPULATION // world.group, size=n // world.group)
    rows = (units[:, None] * world.group + np.arange(world.group)).ravel()
    groups = np.repeat(np.arange(len(units)), world.group) if world.group > 1 else None
    scored = ScoredMasks(world.population[rows])
    resampling = Resampling(LEVEL, RESAMPLES, seed, groups)
    found, truth, plain = {}, truth_of(world, scored), percentiles(scored, resampling)
    images = (scored.sums["truth"] > 0).sum(axis=1)
    for name, one in scored.intervals(resampling).items():
        low, high = plain.get(name, (np.nan, np.nan))
        found[name] = (one.low <= truth[name], truth[name] <= one.high, one.high - one.low, low <= truth[name] <= high)
    for share in SHARES:
        for index, one in enumerate(scored.of_classes(share, resampling)):
            if images[index] >= FEW and np.isfinite(one.value):
                right = world.truth[share][index]
                found[f"{share} {index}"] = (one.low <= right, right <= one.high, one.high - one.low, False)
    return found


def truth_of(world: MaskWorld, scored: ScoredMasks) -> dict[str, float]:
    """The population's scores, means being over the classes of the sample."""
    held = {"recall": scored.total["truth"] > 0}
    means = {f"mean_{share}": float(world.truth[share][held.get(share, scored.occurs)].mean()) for share in SHARES}
    return {**world.truth, **means}


def percentiles(scored: ScoredMasks, resampling: Resampling) -> dict[str, tuple[float, float]]:
    """Limits of a percentile bootstrap of images, the way most people take it."""
    rng = np.random.default_rng(resampling.seed)
    groups = scored.groups(resampling)
    n = scored.sums["truth"].shape[1]
    codes = np.arange(n) if groups is None else groups
    units = int(codes.max()) + 1
    weights = rng.multinomial(units, np.full(units, 1 / units), size=RESAMPLES).T[codes].astype(np.float64)
    sums = {name: each @ weights for name, each in scored.sums.items()}
    samples = {}
    for name in measured_of(MASKS):
        metric = METRICS[name]
        if metric.score is None:
            samples[name] = scored.by_image[name] @ weights / weights.sum(axis=0)
        else:
            samples[name] = metric.score(sums)
    ends = {name: np.nanquantile(each, [0.5 - LEVEL / 2, 0.5 + LEVEL / 2]) for name, each in samples.items()}
    return {name: (float(low), float(high)) for name, (low, high) in ends.items()}


def coverage(draws: int, only: str = "") -> list[dict[str, Any]]:
    """Share of samples whose interval holds the truth, by world, number of images and score."""
    found = []
    for world in worlds():
        if only not in world.name:
            continue
        assert world.truth
        with ProcessPoolExecutor(2) as pool:
            for n in SIZES:
                rows = list(pool.map(partial(hits, world, n), range(draws), chunksize=50))
                found.append({"world": world.name, "images": n, "scores": summary(rows)})
                held = "  ".join(f"{name} {one['held']:.3f}" for name, one in found[-1]["scores"].items())
                print(f"{world.name}, {n}: {held}", flush=True)
    return found


def summary(rows: list[dict[str, tuple[bool, bool, float, bool]]]) -> dict[str, dict[str, float]]:
    """Of all samples, by score."""
    names = [*measured_of(MASKS), *(f"{share} {index}" for share in SHARES for index in range(5))]
    found = {}
    for name in names:
        taken = np.array([row[name] for row in rows if name in row], dtype=np.float64)
        if len(taken) < len(rows) / 10:
            continue
        above, below, width, plain = taken.T
        found[name] = {
            "held": float((above * below).mean()),
            "too_high": float(1 - above.mean()),
            "too_low": float(1 - below.mean()),
            "width": float(width.mean()),
            "percentile": float(plain.mean()),
            "samples": len(taken),
        }
        if name not in METRICS:  # no bootstrap was asked for a class
            del found[name]["percentile"]
    return found


def as_json(content: dict[str, Any]) -> str:
    """JSON with a line for each score, and shares and widths to 4 digits: chance moves shares by far more."""
    rows = [
        row | {"scores": {name: {key: round(x, 4) for key, x in one.items()} for name, one in row["scores"].items()}}
        for row in content["worlds"]
    ]
    text = json.dumps(content | {"worlds": rows}, indent=1) + "\n"
    return re.sub(r'\{\s+"held"[^}]*\}', lambda found: " ".join(found[0].split()), text)


def main() -> None:
    """Run it, write its results and show them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--only", default="", help="part of the name of a world; nothing is written then")
    arguments = parser.parse_args()
    found = coverage(arguments.draws, arguments.only)
    if not arguments.only:
        where = machine_facts()
        content = {"where": where, "draws": arguments.draws, "worlds": found}
        (RESULTS / "mask_intervals.json").write_text(as_json(content))


if __name__ == "__main__":
    main()
