"""Two or more systems that say a class of every pixel, compared on the same images: pairs by id, images as units."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from sightline.errors import UsageError
from sightline.metrics.catalogue import MASKS, METRICS, measured_of
from sightline.metrics.comparison.compare import Contest, compared
from sightline.metrics.comparison.judged import Judged
from sightline.metrics.comparison.systems import measure_judged
from sightline.metrics.documents.comparison import Comparison
from sightline.metrics.intervals.ratios import added_up
from sightline.metrics.intervals.resampling import Resampling
from sightline.metrics.metric import Metric
from sightline.metrics.scores.sums import Reals, sums_of_confusion
from sightline.metrics.segmentation.evaluation import check_masks
from sightline.metrics.segmentation.predictions import MaskPredictions
from sightline.metrics.segmentation.scoring import ScoredMasks

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class MaskSystem:
    """One way of training, and the masks of each of its members on the same images.

    Attributes:
        name: what it is called.
        members: one or more.
        groups: (n,) the group of each image of the first member, or None where it knows of none.
        class_names: in the order of the confusion matrices, or None where it knows of none.
    """

    name: str
    members: tuple[MaskPredictions, ...]
    groups: NDArray[np.str_] | None = None
    class_names: tuple[str, ...] | None = None


def compare_masks(systems: Sequence[MaskSystem], *, metric: str, resampling: Resampling) -> Comparison:
    """Measure systems on the same images, each against each: the content of `comparison.json`.

    Args:
        systems: one or more, their images in any order.
        metric: one of those that `evaluate` reports of masks.
        resampling: how intervals are found; its groups are those of the images of the very first member.

    Raises:
        UsageError: images, their masks or classes differ, names repeat, or the metric is not one of masks.
    """
    if metric not in (taken := measured_of(MASKS)):
        raise UsageError(f"compare.metric={metric} is no metric of masks; it takes {', '.join(taken)}")
    systems = aligned_masks(systems)
    known, seed = METRICS[metric], resampling.seed
    scored = [[ScoredMasks(member.confusions) for member in system.members] for system in systems]
    measured = [
        measure_judged(system.name, tuple(judged(one, known, resampling.groups) for one in own), seed)
        for system, own in zip(systems, scored, strict=True)
    ]
    none = np.zeros(0, dtype=np.int64)
    return compared(Contest(known, measured, scored, none, len(systems[0].members[0])), resampling)


def judged(scored: ScoredMasks, metric: Metric, groups: Ints | None) -> Judged:
    """A metric of one member as a function of what each image, or group, adds.

    Args:
        scored: its masks for n images.
        metric: which.
        groups: (n,) the group of each image as integers from 0, or None.
    """
    if metric.score is None:
        each = np.zeros(len(scored.counted))
        each[scored.counted] = scored.by_image[metric.name]
        rows = np.stack([each, scored.counted.astype(np.float64)], axis=1)
        return Judged(csr_array(added_up(rows, groups).T), lambda sums: sums[0] / sums[1], linear=True)
    sums = sums_of_confusion(scored.confusions.astype(np.float64))
    rows = np.concatenate([sums["right"], sums["truth"], sums["predicted"]]).T
    return Judged(csr_array(added_up(rows, groups).T), _score(metric), linear=False)


def _score(metric: Metric) -> Callable[[Reals], Reals]:
    """From (3 classes, columns) sums to (columns,) values."""
    score = metric.score
    assert score is not None, f"{metric.name} has no score"

    def values(sums: Reals) -> Reals:
        right, truth, predicted = np.split(sums, 3)
        return score({"right": right, "truth": truth, "predicted": predicted})

    return values


def aligned_masks(systems: Sequence[MaskSystem]) -> list[MaskSystem]:
    """The same systems with the images of all members in the order of the very first, classes matched by name.

    Raises:
        UsageError: there are none; a name repeats; images, their masks or classes differ.
    """
    if not systems or not all(system.members for system in systems):
        raise UsageError("there is nothing to compare")
    names = [system.name for system in systems]
    if repeated := {name for name in names if names.count(name) > 1}:
        raise UsageError(f"two systems are called {min(repeated)}")
    for system in systems:
        for member in system.members:
            check_masks(member)
    reference = next((system for system in systems if system.class_names), systems[0])
    systems = [_in_classes(system, reference) for system in systems]
    first = systems[0].members[0]
    return [
        replace(system, members=tuple(_in_order(member, first, system.name, names[0]) for member in system.members))
        for system in systems
    ]


def _in_classes(system: MaskSystem, reference: MaskSystem) -> MaskSystem:
    """The system with its classes in the order of another."""
    width, wanted = (one.members[0].confusions.shape[1] for one in (system, reference))
    if width != wanted:
        raise UsageError(
            f"{system.name} knows {width} classes and {reference.name} {wanted}; compare what answers the same question"
        )
    own, names = system.class_names, reference.class_names
    if own is None or names is None or own == names:
        return system
    if sorted(own) != sorted(names):
        only = next(name for name in own if name not in names)
        raise UsageError(
            f"{system.name} and {reference.name} name their classes differently: {only} is not known to "
            f"{reference.name}, which has {', '.join(names[:10])}; name the classes of both alike"
        )
    order = np.array([own.index(name) for name in names])
    place = np.argsort(order)
    members = tuple(
        replace(
            one,
            confusions=one.confusions[:, order][:, :, order],
            pixel_logits=one.pixel_logits[:, order],
            pixel_labels=place[one.pixel_labels],
        )
        for one in system.members
    )
    return replace(system, members=members, class_names=names)


def _in_order(member: MaskPredictions, first: MaskPredictions, name: str, first_name: str) -> MaskPredictions:
    """The images in the order of `first`, without the sampled pixels."""
    place = {item: index for index, item in enumerate(member.ids.tolist())}
    wanted = first.ids.tolist()
    lacking = [item for item in wanted if item not in place]
    surplus = len(place) - (len(wanted) - len(lacking))
    if lacking or surplus:
        example = lacking[0] if lacking else next(item for item in place if item not in set(wanted))
        raise UsageError(
            f"{name} and {first_name} were measured on different images: {len(lacking)} of {len(wanted)} are missing "
            f"and {surplus} are new, such as {example}; compare runs of the same data and split"
        )
    order = np.array([place[item] for item in wanted], dtype=np.int64)
    confusions = member.confusions[order]
    differ = (confusions.sum(axis=2) != first.confusions.sum(axis=2)).any(axis=1)
    if differ.any():
        raise UsageError(
            f"{name} and {first_name} know {int(differ.sum())} of the same images with different masks, such as "
            f"{wanted[int(np.argmax(differ))]}: other pixels of a class, or another size; measure both at one size"
        )
    none = np.zeros(0, dtype=np.int64)
    return MaskPredictions(
        first.ids, confusions, member.ignored[order], np.zeros((0, confusions.shape[1]), np.float32), none, none
    )
