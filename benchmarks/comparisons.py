"""Are systems that are equal told apart no oftener than promised, and those that differ often enough?

    python -m benchmarks.comparisons [--draws 1000] [--screen 100] [--workers 2]

- equal: in every world of `worlds.py`, two equally good ways of training with 1 and 1, 3 and 3, 5 and 5, or 1 and 5
  seeds, by six metrics; and the same where trainings themselves differ in how good they are. How often are they told
  apart at 5 %, and what is the smallest p-value?
  A setting in which no metric tells more than 3 % apart in the first `--screen` draws gets no more of them.
- power: models that answer 6 % of 10,000 items differently, equal ones and some that differ by one point; and worlds in
  which one of two is better, by the six metrics: how often is that found, and do the limits hold the true difference?
"""

import argparse
import json
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # one core a process, before numpy starts its threads
    os.environ[name] = "1"

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from scipy.special import expit, logit  # noqa: E402
from scipy.stats import norm  # noqa: E402

from benchmarks.processes import machine_facts  # noqa: E402
from benchmarks.worlds import BINS, Sample, World, even, grouped, long_tail, many_classes, two_classes, worlds  # noqa: E402
from sightline.metrics.catalogue import METRICS  # noqa: E402
from sightline.metrics.comparison.compare import compare  # noqa: E402
from sightline.metrics.comparison.judged import Answers  # noqa: E402
from sightline.metrics.comparison.pairs import pair_of  # noqa: E402
from sightline.metrics.comparison.systems import System, measure, units_of_classes  # noqa: E402
from sightline.metrics.documents.comparison import Pair  # noqa: E402
from sightline.metrics.intervals.resampling import Resampling  # noqa: E402
from sightline.metrics.predictions import Predictions  # noqa: E402

RESULTS = Path(__file__).parent / "results"
LEVEL, SWAPS = 0.95, 1000
SEEDS = ((1, 1), (3, 3), (5, 5), (1, 5))
JUDGED = ("accuracy", "balanced_accuracy", "f1_macro", "log_loss", "brier", "ece")
DRIFTS = {"drift 0.1": 0.1, "drift 0.3": 0.3}
"""Standard deviations of the log-odds by which trainings differ in how often they are right."""
GAIN, DISAGREEING = 0.01, 0.06


def main() -> None:
    """Run all, write the results and show them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--screen", type=int, default=100)
    parser.add_argument("--workers", type=int, default=None)
    arguments = parser.parse_args()
    began = perf_counter()
    where = machine_facts()
    RESULTS.mkdir(exist_ok=True)
    with ProcessPoolExecutor(arguments.workers) as pool:
        found: dict[str, Any] = {"one_point": _one_point(pool, arguments.draws), "equal": [], "better": []}
        for world, seeds in better():
            found["better"].append(_found(pool, world, seeds, arguments.screen))
        for kind, world, seeds in settings():
            found["equal"].append(_counted(pool, kind, world, seeds, arguments.screen, arguments.draws))
            text = json.dumps({"where": where, "seconds": perf_counter() - began, **found}, indent=1)
            (RESULTS / "comparisons.json").write_text(text + "\n")
    print(json.dumps(summary(found), indent=1))


def settings() -> Iterator[tuple[str, World, tuple[int, int]]]:
    """Equal ways of training: in every world; and where seeds differ in how good they are, in some."""
    for seeds in SEEDS:
        for world in worlds():
            yield "alike", world, seeds
    for world in (two_classes(0.2, 300), long_tail(300), even(0.8, 1000), grouped(30, 240)):
        for seeds in SEEDS[1:]:
            for kind in DRIFTS:
                yield kind, world, seeds


def better() -> Iterator[tuple[World, tuple[int, int]]]:
    """Worlds in which one of two ways is better: its log-odds of being right are higher by a half."""
    for world in (two_classes(0.1, 300), long_tail(1000), many_classes(), even(0.8, 300), grouped(30, 240)):
        for seeds in SEEDS[:2]:
            yield world, seeds


def _counted(
    pool: ProcessPoolExecutor, kind: str, world: World, seeds: tuple[int, int], screen: int, draws: int
) -> dict[str, Any]:
    """By metric, the share of draws that are told apart, the smallest p-value and the mean width of the limits."""
    one = partial(equal_pairs, kind, world, seeds)
    pairs = list(pool.map(one, range(screen), chunksize=10))
    if any(_apart(pairs, metric) > 0.03 for metric in JUDGED):
        pairs += pool.map(one, range(screen, draws), chunksize=10)
    row: dict[str, Any] = {"world": world.name, "kind": kind, "seeds": list(seeds), "draws": len(pairs)}
    row |= {
        "apart": {metric: _apart(pairs, metric) for metric in JUDGED},
        "smallest_p": {},
        "undefined": {},
        "width": {},
    }
    for metric in JUDGED:
        known = [pair[metric] for pair in pairs if pair[metric] is not None]
        row["smallest_p"][metric] = min((p for p, _ in known), default=None)
        row["width"][metric] = float(np.mean([width for _, width in known])) if known else None
        row["undefined"][metric] = 1 - len(known) / len(pairs)
    return row


def _apart(pairs: list[dict[str, tuple[float, float] | None]], metric: str) -> float:
    """The share that is told apart; what is not defined is not."""
    known = [pair[metric] for pair in pairs]
    return sum(one is not None and one[0] < 1 - LEVEL for one in known) / len(pairs)


def equal_pairs(kind: str, world: World, seeds: tuple[int, int], draw: int) -> dict[str, tuple[float, float] | None]:
    """Of one draw, by metric: p-value and width of the limits, or None where it is not defined."""
    rng = np.random.default_rng([draw, sum(world.name.encode()), *seeds])
    ways = world.draw_ways(2, seeds, rng) if kind == "alike" else drifting(world, seeds, (0.0, 0.0), DRIFTS[kind], rng)
    found: dict[str, tuple[float, float] | None] = {}
    systems, groups = predicted(ways), ways[0][0].groups
    for metric in JUDGED:
        pair = judged(systems, groups, metric, draw)
        known = pair is not None and pair["p_value"] is not None
        found[metric] = (pair["p_value"], pair["high"] - pair["low"]) if known else None  # type: ignore[index, operator]
        if known:
            assert (pair["low"] <= 0 <= pair["high"]) == (pair["p_value"] >= 1 - LEVEL), pair  # type: ignore[index, operator]
    return found


def predicted(ways: list[list[Sample]]) -> list[list[Answers]]:
    """As `compare` takes them."""
    return [[Answers.of(one.predictions(), BINS) for one in way] for way in ways]


def judged(systems: list[list[Answers]], groups: NDArray[np.int64] | None, metric: str, seed: int) -> Pair | None:
    """Two ways compared as `compare` does it; None where the metric is not defined."""
    first = systems[0][0].scored
    resampling = Resampling(LEVEL, SWAPS, seed, groups)
    a, b = (measure(name, answers, METRICS[metric], resampling) for name, answers in zip("ab", systems, strict=True))
    if not (np.isfinite(a.values).all() and np.isfinite(b.values).all()):
        return None
    truth = units_of_classes(first.labels, first.binned.classes, groups)
    return pair_of(a, b, METRICS[metric], truth, resampling)


def drifting(
    world: World, seeds: tuple[int, int], gains: tuple[float, float], drift: float, rng: np.random.Generator
) -> list[list[Sample]]:
    """Two ways on the same items whose trainings differ in how good they are, by log-odds around each way's gain."""
    shared = world.draw(rng)
    ways = []
    for count, gain in zip(seeds, gains, strict=True):
        members = []
        for _ in range(count):
            shift = gain + drift * rng.normal()
            one = replace(world, recall=tuple(expit(logit(np.array(world.recall)) + shift)), cache={})
            own = one._answers(shared.labels, shared.groups, rng)
            members.append(replace(shared, probabilities=own))
        ways.append(members)
    return ways


def _found(pool: ProcessPoolExecutor, world: World, seeds: tuple[int, int], draws: int) -> dict[str, Any]:
    """By metric, how often the better way is found, how often the limits hold the true difference, and their width."""
    tops = [replace(world, recall=tuple(expit(logit(np.array(world.recall)) + gain)), cache={}) for gain in (0.5, 0.0)]
    truths = [one.truth() for one in tops]
    truth = {metric: truths[0][metric] - truths[1][metric] for metric in JUDGED if metric != "ece"}
    rows = list(pool.map(partial(_better_pairs, world, seeds), range(draws), chunksize=20))
    row: dict[str, Any] = {"world": world.name, "seeds": list(seeds), "truth": truth, "found": {}, "held": {}}
    row["width"] = {}
    for metric in truth:
        known = [one[metric] for one in rows if one[metric] is not None]
        row["found"][metric] = float(np.mean([p < 1 - LEVEL for p, _, _ in known]))
        row["held"][metric] = float(np.mean([low <= truth[metric] <= high for _, low, high in known]))
        row["width"][metric] = float(np.mean([high - low for _, low, high in known]))
    return row


def _better_pairs(world: World, seeds: tuple[int, int], draw: int) -> dict[str, tuple[float, float, float] | None]:
    rng = np.random.default_rng([draw, sum(world.name.encode()), *seeds, 7])
    ways = drifting(world, seeds, (0.5, 0.0), 0.0, rng)
    found: dict[str, tuple[float, float, float] | None] = {}
    systems, groups = predicted(ways), ways[0][0].groups
    for metric in JUDGED:
        pair = judged(systems, groups, metric, draw)
        known = pair is not None and pair["p_value"] is not None
        found[metric] = (pair["p_value"], pair["low"], pair["high"]) if known else None  # type: ignore[index, assignment]
    return found


def _one_point(pool: ProcessPoolExecutor, draws: int) -> dict[str, float]:
    """Shares of comparisons that reject, of equal models and of one that is better by a point; what theory says."""
    equal, gain = (
        float(np.mean(list(pool.map(partial(rejected, 10_000, by), range(draws), chunksize=10)))) for by in (0.0, GAIN)
    )
    deviation = np.sqrt((DISAGREEING - GAIN**2) / 10_000)
    power = float(norm.sf(norm.ppf(0.5 + LEVEL / 2) - GAIN / deviation))
    return {"n": 10_000, "gain": GAIN, "equal_rejected": equal, "gain_found": gain, "gain_found_in_theory": power}


def rejected(n: int, gain: float, seed: int) -> bool:
    """Whether two models are told apart that answer 6 % of the items differently, one of them better by `gain`."""
    rng = np.random.default_rng([seed, n])
    only = [(DISAGREEING + gain) / 2, (DISAGREEING - gain) / 2]
    kind = rng.choice(4, size=n, p=[*only, 0.9, 0.1 - DISAGREEING])
    systems = [System(name, (_answers((kind == index) | (kind == 2)),)) for index, name in enumerate("ab")]
    (pair,) = compare(systems, metric="accuracy", resampling=Resampling(LEVEL, 100, seed), bins=BINS)["pairs"]
    assert pair["p_value"] is not None
    return bool(pair["p_value"] < 1 - LEVEL)


def _answers(right: NDArray[np.bool_]) -> Predictions:
    labels = np.zeros(len(right), dtype=np.int64)
    logits = np.where(right, 1.0, -1.0)[:, None] * np.array([1.0, -1.0])
    return Predictions(np.arange(len(right)).astype(str), logits.astype(np.float32), labels)


def summary(found: dict[str, Any]) -> dict[str, Any]:
    """By seeds and metric the mean and the largest share that is told apart, and where; the smallest p-value of all."""
    rows: dict[str, Any] = {}
    for kind in ("alike", *DRIFTS):
        for seeds in SEEDS:
            of = [row for row in found["equal"] if row["kind"] == kind and tuple(row["seeds"]) == seeds]
            for metric in JUDGED if of else ():
                worst = max(of, key=lambda row: row["apart"][metric])
                mean = float(np.mean([row["apart"][metric] for row in of]))
                rows[f"{kind} {seeds[0]}, {seeds[1]} {metric}"] = [mean, worst["apart"][metric], worst["world"]]
    smallest = min(p for row in found["equal"] for p in row["smallest_p"].values() if p is not None)
    return {"apart": rows, "smallest_p": smallest, "better": found["better"], "one_point": found["one_point"]}


if __name__ == "__main__":
    main()
