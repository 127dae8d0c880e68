"""Whether what a calibration split promises is kept: thresholds of confidence, and conformal sets, with groups too.

    python -m benchmarks.promises

A threshold promises a risk of 5 % but for a chance of 5 %: `broken` is the share of simulated calibrations whose risk,
known from a large sample of the same world, is above that; `given` how often there was a threshold, and `answered` the
mean share of items that it answers. `as items` is what counting items instead of groups would do.
Sets promise 90 %: their mean coverage of an item of a new group, by groups and as items.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import norm

from sightline.calibration.conformal import quantile
from sightline.calibration.selective import ConfidenceAndHits, fit_threshold
from sightline.calibration.temperature import assign_folds

Ints = NDArray[np.int64]
Right = Callable[[NDArray[np.float64], Ints, np.random.Generator], NDArray[np.bool_]]
"""From confidences and the group of each item to which of them are right."""

TARGET, ERROR, ALPHA = 0.05, 0.05, 0.1
SHAPES = {"20 groups of 20": (20, 20), "10 groups of 40": (10, 40), "100 groups of 4": (100, 4), "400 items": (400, 1)}
_POPULATION = 100_000


def bad_groups(share: float, elsewhere: float) -> Right:
    """A share of the groups is wrong as a whole, however sure; the others are wrong here and there."""

    def right(_: NDArray[np.float64], owner: Ints, rng: np.random.Generator) -> NDArray[np.bool_]:
        return ~((rng.random(int(owner.max()) + 1) < share)[owner] | (rng.random(len(owner)) < elsewhere))

    return right


def alike(likeness: float, sharpness: float) -> Right:
    """Items are wrong the more the less sure they are, and share their luck with their group now and then."""

    def right(confidence: NDArray[np.float64], owner: Ints, rng: np.random.Generator) -> NDArray[np.bool_]:
        luck = rng.random(len(owner))
        shared = rng.random(int(owner.max()) + 1)[owner]
        luck = np.where(rng.random(len(owner)) < np.sqrt(likeness), shared, luck)
        return luck < confidence**sharpness

    return right


WORLDS = {
    "5.2 % of groups wrong": bad_groups(0.052, 0.0),
    "3 % of groups wrong, 3 % of the others' items": bad_groups(0.03, 0.03),
    "1 % of groups wrong": bad_groups(0.01, 0.0),
    "1 % of items wrong": bad_groups(0.0, 0.01),
    "alike by 0.3, a little too sure": alike(0.3, 1.3),
    "alike by 0.8, a little too sure": alike(0.8, 1.3),
}


def answers(world: Right, groups: int, size: int, rng: np.random.Generator) -> ConfidenceAndHits:
    """Items of so many groups of one size."""
    owner = np.arange(groups * size) // size
    confidence = expit(rng.normal(2.5, 1.5, len(owner)))
    return ConfidenceAndHits(confidence, world(confidence, owner, rng), owner)


def thresholds(world: Right, groups: int, size: int, draws: int, seed: int) -> dict[str, float]:
    """How often promises are broken, and what they answer."""
    rng = np.random.default_rng(seed)
    known = answers(world, _POPULATION // size, size, rng)
    found: dict[str, list[tuple[bool, bool, float]]] = {"": [], "as items: ": []}
    for _ in range(draws):
        pair = [answers(world, groups, size, rng) for _ in range(2)]
        items = [ConfidenceAndHits(one.confidence, one.right) for one in pair]
        for name, (one, guide) in {"": pair, "as items: ": items}.items():
            threshold = fit_threshold(one, TARGET, ERROR, guide).threshold
            chosen = known.confidence >= threshold
            risk = float((~known.right[chosen]).mean()) if chosen.any() else 0.0
            found[name].append((risk > TARGET, bool(np.isfinite(threshold)), float(chosen.mean())))
    return {
        prefix + name: round(float(np.mean([row[place] for row in rows])), 3)
        for prefix, rows in found.items()
        for place, name in enumerate(("broken", "given", "answered"))
    }


def coverage(groups: int, size: int, draws: int, seed: int) -> dict[str, float]:
    """Mean coverage of an item of a new group, whose score is mostly that of its group."""
    rng = np.random.default_rng(seed)
    owner = np.arange(groups * size) // size
    covered = np.empty((draws, 2))
    for draw in range(draws):
        scores = rng.normal(size=groups)[owner] + 0.3 * rng.normal(size=len(owner))
        bounds = np.array([quantile(scores, ALPHA, owner), quantile(scores, ALPHA)])
        covered[draw] = norm.cdf(bounds / np.hypot(1, 0.3))
    by_groups, as_items = covered.mean(axis=0)
    return {"by groups": round(float(by_groups), 4), "as items": round(float(as_items), 4)}


def order_of_labels(draws: int) -> dict[str, float]:
    """Mean coverage of the half that gives quantiles when the easy class comes first, or last; 82 items."""
    found = {}
    for name, first in (("easy class first", 0), ("hard class first", 1)):
        rng = np.random.default_rng(5)
        covered = 0.0
        for draw in range(draws):
            hard = rng.random(82) < 0.5
            scores = rng.normal(2.0 * hard, 1.0)
            half = assign_folds((hard != first).astype(np.int64), 2, draw) == 1
            bound = quantile(scores[half], ALPHA)
            covered += float(norm.cdf(bound) + norm.cdf(bound - 2)) / 2
        found[name] = round(covered / draws, 4)
    return found | {"theory": round(float(np.ceil(42 * (1 - ALPHA)) / 42), 4)}


def main() -> None:
    """Simulate, print, write all of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results/promises.json"))
    arguments = parser.parse_args()
    draws = arguments.draws
    sets = {name: coverage(*shape, 10 * draws, 3) for name, shape in SHAPES.items()}
    print(sets, order := order_of_labels(20 * draws), flush=True)
    rules: dict[str, dict[str, dict[str, float]]] = {}
    for number, (world, right) in enumerate(WORLDS.items()):
        rules[world] = {}
        for shape, (groups, size) in SHAPES.items():
            rules[world][shape] = thresholds(right, groups, size, draws, number)
            print(world, shape, rules[world][shape], flush=True)
    content = {"draws": draws, "thresholds": rules, "coverage": sets, "order of labels": order}
    arguments.output.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
