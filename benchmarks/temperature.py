"""Whether a temperature helps or harms: what it costs and gains on new items, in worlds where that is known.

    python -m benchmarks.temperature
    python -m benchmarks.temperature --draws 200 --worlds mistakes

In every world `draws` calibration halves of each size are simulated; the temperature that they give is judged on a
large sample of the same world. `excess` is the mean log loss above that of T = 1, which should be no more than .002;
`gain` is what the best temperature of the world saves, and `kept` how much of it is kept on average. `likeliest` is the
excess of the likeliest temperature, without a prior; `held` how often the 95 % limits hold the best temperature.
"""

import argparse
import json
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from benchmarks.worlds import World, even, long_tail, two_classes
from sightline.calibration.temperature import describe_temperature, fit_temperature

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]
Draw = Callable[[int, np.random.Generator], tuple[Reals, Ints]]
"""From a number of items to their logits and labels."""

SIZES = (10, 20, 50, 100, 200)
TEMPERATURES = np.linspace(math.log(1e-2), math.log(1e2), 121)
LIMITS_EVERY = 5
"""Of how many halves one is asked for its limits, which take longer."""

_POPULATION = 20_000


def shifted(classes: int, sharpness: float, temperature: float) -> Draw:
    """Logits of a calibrated model times a number: with 1 it is calibrated, above it is too sure."""

    def draw(n: int, rng: np.random.Generator) -> tuple[Reals, Ints]:
        logits = sharpness * rng.normal(size=(n, classes))
        labels = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
        return temperature * logits, labels

    return draw


def useless(classes: int, sharpness: float) -> Draw:
    """Labels that have nothing to do with the logits."""
    return lambda n, rng: (sharpness * rng.normal(size=(n, classes)), rng.integers(classes, size=n))


def separable(classes: int, sharpness: float) -> Draw:
    """Every answer is right, none is sure."""

    def draw(n: int, rng: np.random.Generator) -> tuple[Reals, Ints]:
        logits = sharpness * rng.normal(size=(n, classes))
        return logits, logits.argmax(axis=1)

    return draw


def mistakes(share: float, lead: float, classes: int = 3) -> Draw:
    """Answers too unsure, but for a share that is far too sure and half of it wrong: no temperature mends both."""

    def draw(n: int, rng: np.random.Generator) -> tuple[Reals, Ints]:
        labels = rng.integers(classes, size=n)
        sure = rng.random(n) < share
        answer = np.where(sure & (rng.random(n) < 0.5), (labels + 1) % classes, labels)
        logits = 0.3 * rng.normal(size=(n, classes))
        logits[np.arange(n), answer] += np.where(sure, lead, 1.5)
        return logits, labels

    return draw


def of_world(world: World) -> Draw:
    """The logarithms of a world's probabilities."""

    def draw(n: int, rng: np.random.Generator) -> tuple[Reals, Ints]:
        sample = world.resized(n).draw(rng)
        return np.log(np.maximum(sample.probabilities, 1e-30)), sample.labels

    return draw


def worlds() -> Iterator[tuple[str, Draw]]:
    """All of them, by name."""
    for classes, sharpness in ((2, 1.0), (2, 3.0), (10, 1.0), (10, 3.0), (10, 6.0)):
        for temperature in (0.3, 0.5, 0.8, 1.0, 1.25, 2.0, 4.0):
            yield (
                f"{classes} classes, sharpness {sharpness:g}, times {temperature:g}",
                shifted(classes, sharpness, temperature),
            )
    for classes in (2, 10):
        yield f"useless, {classes} classes", useless(classes, 2.0)
        for sharpness in (0.3, 1.0, 3.0):
            yield f"separable, {classes} classes, sharpness {sharpness:g}", separable(classes, sharpness)
    for world in (two_classes(0.1, 100), long_tail(100), even(0.5, 100), even(0.95, 100), even(0.9999, 100)):
        yield world.name.split(", n =")[0], of_world(world)
    for share in (0.02, 0.05, 0.1):
        for lead in (5.0, 10.0):
            yield f"mistakes, {100 * share:g} % of lead {lead:g}", mistakes(share, lead)


def losses(logits: Reals, labels: Ints) -> Reals:
    """(temperatures,) mean log loss of a sample at each of `TEMPERATURES`."""
    own = logits[np.arange(len(labels)), labels]
    inverse = np.exp(-TEMPERATURES)
    return np.array([float((logsumexp(logits * one, axis=1) - own * one).mean()) for one in inverse])


def measure(draw: Draw, n: int, draws: int, curve: Reals, rng: np.random.Generator) -> dict[str, float]:
    """What temperatures from n items do to new ones.

    Args:
        draw: of the world.
        n: items of a half.
        draws: how many halves.
        curve: (temperatures,) log loss of the population.
        rng: of all draws.
    """
    at_one = float(np.interp(0.0, TEMPERATURES, curve))
    best = float(TEMPERATURES[curve.argmin()])
    halves = [draw(n, rng) for _ in range(draws)]
    described = [describe_temperature(*half, 0.95) for half in halves[::LIMITS_EVERY]]
    excess, likeliest = (
        np.interp(np.log(found), TEMPERATURES, curve) - at_one
        for found in ([fit_temperature(*half) for half in halves], [one.likeliest for one in described])
    )
    gain = at_one - float(curve.min())
    inner = abs(best) < TEMPERATURES[-1]
    held = [one.low * 0.98 <= math.exp(best) <= one.high * 1.02 for one in described]
    return {
        "excess": round(float(excess.mean()), 5),
        "error": round(float(excess.std() / math.sqrt(draws)), 5),
        "likeliest": round(float(likeliest.mean()), 5),
        "gain": round(gain, 5),
        "kept": round(float(-excess.mean() / gain), 3) if gain > 0.02 else math.nan,
        "held": round(float(np.mean(held)), 3) if inner else math.nan,
    }


def summary(rows: Mapping[str, Mapping[str, Mapping[str, float]]]) -> dict[str, dict[str, float]]:
    """By size: the largest excess over the worlds, and how much of what can be gained is kept."""
    found = {}
    for n in map(str, SIZES):
        cells = {name: row[n] for name, row in rows.items()}
        plain = [cell for name, cell in cells.items() if not name.startswith("mistakes")]
        worth = [cell for cell in cells.values() if cell["gain"] > 0.02]
        found[n] = {
            "largest_excess": max(cell["excess"] for cell in plain),
            "largest_excess_mistakes": max(
                (cell["excess"] for name, cell in cells.items() if name.startswith("mistakes")), default=math.nan
            ),
            "largest_excess_likeliest": max(cell["likeliest"] for cell in plain),
            "kept": round(-sum(cell["excess"] for cell in worth) / sum(cell["gain"] for cell in worth), 3),
            "kept_median": round(float(np.median([cell["kept"] for cell in worth])), 3),
            "held_least": min(cell["held"] for cell in cells.values() if not math.isnan(cell["held"])),
        }
    return found


def main() -> None:
    """Simulate, print the summary, write all of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--worlds", default="", help="only those whose name holds this")
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results/temperature.json"))
    arguments = parser.parse_args()
    rows: dict[str, dict[str, dict[str, float]]] = {}
    for number, (name, draw) in enumerate(worlds()):
        if arguments.worlds in name:
            rng = np.random.default_rng([7, number])
            curve = losses(*draw(_POPULATION, rng))
            rows[name] = {str(n): measure(draw, n, arguments.draws, curve, rng) for n in SIZES}
            print(name, {n: (cell["excess"], cell["kept"]) for n, cell in rows[name].items()}, flush=True)
    found = {"draws": arguments.draws, "summary": summary(rows), "worlds": rows}
    print(json.dumps(found["summary"], indent=1))
    arguments.output.write_text(json.dumps(found, indent=1).replace("NaN", "null") + "\n")


if __name__ == "__main__":
    main()
