"""The content of `evaluation.json` and `calibration.json` for a class for every pixel.

Intervals are about images: these are resampled, or whole groups of them, never pixels.
"""

from typing import Literal, NotRequired, TypedDict

from sightline.metrics.documents.calibration import BeforeAndAfter, ReliabilityBin, TemperatureFit
from sightline.metrics.documents.interval import IntervalJson

MaskClassScores = TypedDict(
    "MaskClassScores",
    {
        "class": str,
        "pixels": int,
        "predicted": int,
        "images": int,
        "iou": IntervalJson,
        "dice": IntervalJson,
        "precision": IntervalJson,
        "recall": IntervalJson,
    },
)
"""A class over all images: pixels of it, pixels that were called it, and images whose truth holds it.

IoU and Dice are null where it is neither true nor predicted anywhere, precision where it is never predicted, recall
where no pixel is of it.
"""


class Pixels(TypedDict):
    """Pixels of the images that are measured: those that count, and those that the truth says to ignore."""

    counted: int
    ignored: int


class ImageScores(TypedDict):
    """One image: mean IoU and Dice over the classes that occur in it, and the share of its pixels named correctly.

    Null for an image all pixels of which are ignored; such images are not among the extremes.
    """

    id: str
    pixels: int
    iou: float
    dice: float
    accuracy: float


class ImageExtremes(TypedDict):
    """Some images by their IoU: the worst first, those around the median, the best first."""

    worst: list[ImageScores]
    median: list[ImageScores]
    best: list[ImageScores]


class MeasuredMasks(TypedDict):
    """What follows from confusion matrices alone.

    `metrics` holds what is computed from all pixels together (`mean_iou`, `mean_dice`, `mean_precision`, `mean_recall`
    over the classes that occur; `micro_iou`, `micro_dice`, `pixel_accuracy` with every pixel counting the same) and,
    beside it, means over images (`image_iou`, `image_dice`, `image_accuracy`). `absent` names classes that are neither
    true nor predicted anywhere, which no mean is about. `n` images are measured; `unlabelled` counts those without a
    mask, or without a pixel that counts, which are left out. Rows of `confusion` are the truth, columns what was
    predicted.
    """

    n: int
    unlabelled: int
    pixels: Pixels
    metrics: dict[str, IntervalJson]
    per_class: list[MaskClassScores]
    absent: list[str]
    confusion: list[list[int]]
    images: ImageExtremes
    notes: list[str]


class MaskViews(TypedDict):
    """The same metrics with logits averaged over test-time views."""

    views: str
    metrics: dict[str, IntervalJson]


SetsOf = Literal["pixel", "class"]
"""What a threshold keeps to: the pixels of an image, or those of one class in it."""


class MaskSets(TypedDict):
    """Sets of classes for every pixel, which on average miss no more than `alpha` of the truth of an image.

    A class is in the set of a pixel if its probability is at least a threshold. Of `pixel` sets there is one
    `threshold`, and what is kept below `alpha` is the share of an image's pixels whose class their set lacks. Of
    `class` sets there is one for each class, and it is the share of the pixels of that class in an image that holds it
    (its false-negative share); null is a class that so few images hold that nothing can be promised, and then it is in
    every set.

    `promise` says it in words, `empty_promise` what cannot be promised, or "". `missed` is what it came to on images
    that fitted none, the mean over images with limits, and `size` the mean number of classes in a set; of `class` sets
    `missed_by_class` has one for each class, null where no image holds it, and `missed` is their mean.
    """

    of: SetsOf
    alpha: float
    threshold: float | list[float | None] | None
    promise: str
    empty_promise: str
    missed: NotRequired[IntervalJson]
    missed_by_class: NotRequired[list[IntervalJson]]
    size: NotRequired[IntervalJson]


class MaskCalibration(TypedDict):
    """The content of `calibration.json`: a temperature and sets, from sampled pixels of whole images.

    `n` images with `pixels` sampled ones; `n_temperature` images fitted the temperature and `n_promises` others the
    sets, which were measured on `judged_on` images of validation (0 is none). `before` and `after` are `log_loss`,
    `brier`, `ece` of the sampled pixels, cross-fitted, `gain` is the second less the first, and `sampling` says how
    pixels were chosen.
    """

    split: str
    n: int
    pixels: int
    n_temperature: int
    n_promises: int
    n_groups: int | None
    sampling: str
    temperature: float
    temperature_fit: TemperatureFit
    bins: int
    before: dict[str, IntervalJson]
    after: dict[str, IntervalJson]
    gain: dict[str, IntervalJson]
    reliability: BeforeAndAfter[list[ReliabilityBin]]
    sets: list[MaskSets]
    judged_on: int
    notes: list[str]


class CalibratedMasks(TypedDict):
    """What temperature and sets of `calibration.json` are worth on these images, by `pixels` sampled ones.

    `cross_fitted`: these images fitted them, so each half is judged at the temperature of the other and sets are not
    judged.
    """

    pixels: int
    temperature: float
    cross_fitted: bool
    before: dict[str, IntervalJson]
    metrics: dict[str, IntervalJson]
    reliability: list[ReliabilityBin]
    sets: list[MaskSets]


class MaskEvaluation(MeasuredMasks):
    """The whole of `evaluation.json`; `measured_at` says at which size masks were compared, in words."""

    split: str
    class_names: list[str]
    measured_at: str
    tta: NotRequired[MaskViews]
    calibrated: NotRequired[CalibratedMasks]
