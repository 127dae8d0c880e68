"""Drift: whether new images differ from the reference, in what, how much, and whether that matters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sightline.metrics.documents.drift import ClassShare, Drift, DriftRow
from sightline.metrics.drift.effects import distance, effect
from sightline.metrics.drift.features import features, witness
from sightline.metrics.drift.permutation import Tested, Way, cut_columns, permutation_test
from sightline.metrics.drift.statistics import CHANNELS, CLASSES, CONFIDENCE, FEATURES, PIXELS
from sightline.metrics.drift.words import class_words, in_words
from sightline.metrics.intervals.interval import Interval, z_score

LEAST: Final = 20
"""Images below which nothing is judged."""
PIXEL_FAMILY: Final = "pixels"
ANSWER_FAMILY: Final = "answers"
FEATURE_FAMILY: Final = "features"
"""What is seen, what is answered, and all that the model says: each may raise a third of the false alarms."""
MOST: Final = 5000
"""Images of each sample that are compared; of more, so many evenly drawn."""


@dataclass(frozen=True)
class Sample:
    """Some images.

    Attributes:
        pixels: (n, statistics) of what the model sees, in the order of `PIXELS`.
        logits: (n, classes) what it says; None where that is not compared.
    """

    pixels: NDArray[np.float32]
    logits: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.pixels)

    def thinned(self) -> "Sample":
        """At most `MOST` of them, evenly drawn."""
        if len(self) <= MOST:
            return self
        kept = evenly(len(self), MOST)
        return Sample(self.pixels[kept], None if self.logits is None else self.logits[kept])


@dataclass(frozen=True)
class Policy:
    """What counts.

    Attributes:
        level: how often images without drift may raise an alarm, over all statistics.
        smallest: distance below which a difference is told and raises none.
        outcome: of an alarm, `warn` or `refuse`.
        permutations: how many are drawn.
        seed: of the draw.
    """

    level: float
    smallest: float
    outcome: str
    permutations: int
    seed: int = 0


def evenly(count: int, most: int) -> NDArray[np.int64]:
    """At most so many places of a list, evenly drawn."""
    return np.arange(count) if count <= most else np.linspace(0, count - 1, most).round().astype(np.int64)


def measure_drift(reference: Sample, new: Sample, names: Sequence[str], policy: Policy, origin: str = "") -> Drift:
    """Compare new images with the reference: one test over all statistics, and how large each difference is.

    Args:
        reference: images that the model was not fitted to.
        new: images to be judged; their order does not matter, and each is taken to be drawn by itself.
        names: of the classes.
        policy: what counts.
        origin: of the reference, for the reader.
    """
    reference, new = reference.thinned(), new.thinned()
    found: Drift = {
        "n": len(new),
        "n_reference": len(reference),
        "reference": origin,
        "outcome": "unjudged",
        "policy": policy.outcome,
        "level": policy.level,
        "smallest": policy.smallest,
        "permutations": policy.permutations,
        "p": None,
        "statistics": [],
        "classes": [],
        "notes": [],
    }
    ways = ways_of(reference, new) if min(len(new), len(reference)) >= LEAST else {}
    if not ways:
        return found
    result = permutation_test(ways, len(new), policy.permutations, policy.seed)
    classes = _class_shares(reference, new, names, policy.level)
    rows = _rows(ways, result, reference, new, classes, policy)
    rows.sort(key=lambda row: (not row["matters"], not row["drifted"], -row["distance"]))
    found["p"], found["statistics"], found["classes"] = result.p, rows, classes
    found["outcome"] = policy.outcome if any(row["matters"] for row in rows) else "pass"
    return found


def ways_of(reference: Sample, new: Sample) -> dict[str, Way]:
    """What is compared: every statistic that is not the same for all images, and what the model says."""
    found = {
        name: Way(cut_columns(values), "distance", PIXEL_FAMILY if name in PIXELS else ANSWER_FAMILY)
        for name, (first, second) in numbers_of(reference, new).items()
        if len(np.unique(values := np.concatenate([first, second]))) > 1
    }
    if "saturation" not in found:  # all of them are grey
        found = {name: way for name, way in found.items() if name not in CHANNELS}
    if reference.logits is None or new.logits is None:
        return found
    logits = np.concatenate([reference.logits, new.logits])
    predicted = logits.argmax(axis=1)
    seen = np.unique(predicted)
    if len(seen) > 1:
        found[CLASSES] = Way((predicted[:, None] == seen).astype(np.float32), "shares", ANSWER_FAMILY)
    found[FEATURES] = Way(features(logits), "kernel", FEATURE_FAMILY)
    return found


def numbers_of(reference: Sample, new: Sample) -> dict[str, tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """By statistic, its numbers of the reference and of the new images."""
    found = {name: (reference.pixels[:, k], new.pixels[:, k]) for k, name in enumerate(PIXELS)}
    if reference.logits is not None and new.logits is not None:
        found[CONFIDENCE] = (confidence(reference.logits), confidence(new.logits))
    return found


def confidence(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n,) the largest probability of each image."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    largest: NDArray[np.float32] = (1 / np.exp(shifted).sum(axis=1)).astype(np.float32)
    return largest


def _rows(
    ways: Mapping[str, Way],
    result: Tested,
    reference: Sample,
    new: Sample,
    classes: Sequence[ClassShare],
    policy: Policy,
) -> list[DriftRow]:
    """A row for each statistic."""
    numbers, rows = numbers_of(reference, new), list[DriftRow]()
    for name in ways:
        row: DriftRow = {
            "name": name,
            "distance": 0.0,
            "p": result.corrected[name],
            "p_alone": result.raw[name],
            "drifted": result.corrected[name] <= policy.level,
            "matters": False,
            "words": "",
        }
        if name == CLASSES:
            row["distance"] = sum(abs(one["new"] - one["reference"]) for one in classes) / 2
            row["words"] = class_words(classes)
        elif name == FEATURES:
            row["distance"] = distance(*map(np.sort, witness(ways[name].columns, len(new))))
            row["words"] = "the model answers otherwise"
        else:
            size = effect(*numbers[name], level=1 - policy.level)
            row |= {"distance": size.distance, "reference": size.reference, "new": size.new}
            row["difference"] = Interval(*size.difference, 1 - policy.level, "Welch").to_json()
            row["delta"] = Interval(*size.delta, 1 - policy.level, "Cliff's delta, DeLong").to_json()
            row["words"] = in_words(name, size)
        row["matters"] = row["drifted"] and row["distance"] >= policy.smallest
        rows.append(row)
    return rows


def _class_shares(reference: Sample, new: Sample, names: Sequence[str], level: float) -> list[ClassShare]:
    """How often each class is predicted, and the quotient of both shares with its limits (Katz, half a case added)."""
    if reference.logits is None or new.logits is None:
        return []
    width, shares = z_score(1 - level), list[ClassShare]()
    before, now = (
        np.bincount(sample.argmax(axis=1), minlength=len(names)) for sample in (reference.logits, new.logits)
    )
    for name, first, second in zip(names, before.tolist(), now.tolist(), strict=True):
        m, n = len(reference), len(new)
        ratio = float(np.log((second + 0.5) / (n + 0.5)) - np.log((first + 0.5) / (m + 0.5)))
        error = width * float(np.sqrt(max(0.0, 1 / (second + 0.5) - 1 / (n + 0.5) + 1 / (first + 0.5) - 1 / (m + 0.5))))
        value, low, high = (float(np.exp(ratio + side)) for side in (0, -error, error))
        found = Interval(value, low, high, 1 - level, "Katz, half a case added").to_json()
        shares.append({"name": name, "reference": first / m, "new": second / n, "ratio": found})
    return shares
