"""The content of `robustness.json`."""

from typing import Literal, NotRequired, TypedDict

from sightline.metrics.documents.attacks import Attacks
from sightline.metrics.documents.calibration import SetMethod
from sightline.metrics.documents.interval import IntervalJson


class ShiftedSets(TypedDict):
    """One kind of the run's conformal sets on the images of one condition; their promise does not hold under shift."""

    method: SetMethod
    alpha: float
    coverage: IntervalJson
    mean_size: float


class Condition(TypedDict):
    """What a model is worth under one corruption at one severity; `clean` at 0 is the images as they are.

    Of other conditions `corruption` is the name, and `severity` pixels, degrees, or 0 where there is no size.
    Probabilities are at the run's temperature. The first of the metrics is the one that is averaged over conditions.
    """

    corruption: str
    severity: int
    metrics: dict[str, IntervalJson]
    sets: NotRequired[list[ShiftedSets]]


class CorruptionScore(TypedDict):
    """One corruption, all severities together.

    `score` is the mean over images and severities of what is right of an image: 0 or 1 for a label, the mean IoU of the
    image for a mask. `corruption_error` is 1 less that, over the same of the baseline.
    """

    corruption: str
    score: IntervalJson
    corruption_error: NotRequired[IntervalJson]


class TargetUnderCorruptions(TypedDict):
    """One target: all conditions, the clean one first, each corruption, and the mean of all.

    `mean_corruption_error` is the mean of `corruption_error`; 1 is as good as the baseline. `over_baseline` is `mean`
    less the baseline's, image by image.
    """

    metric: str
    conditions: list[Condition]
    corruptions: list[CorruptionScore]
    mean: NotRequired[IntervalJson]
    mean_corruption_error: NotRequired[IntervalJson]
    over_baseline: NotRequired[IntervalJson]


class Corruptions(TypedDict):
    """How images were corrupted, and what came of it by target; `seed` and `constants` say which pixels these are."""

    constants: Literal["cifar", "imagenet"]
    side: int
    seed: int
    severities: list[int]
    baseline: NotRequired[str]
    notes: list[str]
    targets: dict[str, TargetUnderCorruptions]


class TargetUnderMoves(TypedDict):
    """One target: every `shift` and `rotation` by its size, and all of them.

    The first metric of a condition is the mean over its ways, such as up and down, of what is right of an image;
    `worst_case` is that of its worst way; `consistency` is how much of the answer is that for the image as it is: 0 or
    1 for a label, the mean IoU of both for a mask. For `worst_case` of all the image as it is counts as a way, too.
    """

    metric: str
    clean: IntervalJson
    conditions: list[Condition]
    all: dict[str, IntervalJson]


class Backgrounds(TypedDict):
    """Accuracy of the label of `n` images: as they are, and with the object on the ground of another image.

    That one is of the same class (`same`), which is the control, or of another (`rand`); `gap` is `same` less `rand`,
    image by image.
    """

    n: int
    seed: int
    original: IntervalJson
    same: IntervalJson
    rand: IntervalJson
    gap: IntervalJson


class Robustness(TypedDict):
    """The whole file: `n` images of a split, and what was done to them.

    Where `trusted` is false a check of the attacks has failed, and no number of the file means anything.
    """

    split: str
    n: int
    corruptions: NotRequired[Corruptions]
    moves: NotRequired[dict[str, TargetUnderMoves]]
    backgrounds: NotRequired[Backgrounds]
    attacks: NotRequired[Attacks]
    trusted: NotRequired[bool]
    left_out: NotRequired[str]
