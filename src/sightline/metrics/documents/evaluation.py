"""The content of `evaluation.json` for one label an image."""

from typing import NotRequired, TypedDict

from sightline.metrics.documents.calibration import ConformalSets
from sightline.metrics.documents.interval import IntervalJson

ClassScores = TypedDict(
    "ClassScores",
    {
        "class": str,
        "support": int,
        "precision": IntervalJson,
        "recall": IntervalJson,
        "f1": IntervalJson,
        "roc_auc": float | None,
        "roc_auc_limits": NotRequired[IntervalJson],
    },
)
"""The scores of one class; `roc_auc` is null where the class has no items, or all of them."""


class Measured(TypedDict):
    """What follows from predictions alone; rows of `confusion` are the truth, columns what was predicted."""

    metrics: dict[str, IntervalJson]
    per_class: list[ClassScores]
    confusion: list[list[int]]
    notes: list[str]


class TestTimeViews(TypedDict):
    """The same metrics with logits averaged over views."""

    views: str
    metrics: dict[str, IntervalJson]


class MeasuredThreshold(TypedDict):
    """A threshold of `calibration.json` with the share answered and the share of wrong answers on these items.

    `answered` is `coverage` with its limits; a rule that never answers has none.
    """

    target_risk: float
    threshold: float | None
    coverage: float
    answered: NotRequired[IntervalJson]
    risk: IntervalJson | None
    risk_bound: float | None
    error: float


class Calibrated(TypedDict):
    """What temperature, sets and thresholds of `calibration.json` are worth on these items.

    `before` and `null_before` are the same at temperature 1. `null_high` is what a calibrated model exceeds in 5 % of
    samples. `cross_fitted`: these items fitted the temperature, so
    each half of them is judged at that of the other, and sets and thresholds are not judged.
    """

    temperature: float
    cross_fitted: NotRequired[bool]
    before: NotRequired[dict[str, IntervalJson]]
    null_before: NotRequired[dict[str, float]]
    metrics: dict[str, IntervalJson]
    null: dict[str, float]
    null_high: NotRequired[dict[str, float]]
    conformal: list[ConformalSets]
    selective: list[MeasuredThreshold]


class Detection(TypedDict):
    """How well a score tells two kinds of items apart."""

    auroc: IntervalJson
    aupr_in: IntervalJson
    aupr_out: IntervalJson
    fpr95: IntervalJson


class OutOfDistribution(TypedDict):
    """Images of another kind against those of the split, by the score that should tell them apart."""

    data: dict[str, str | None]
    n_known: int
    n_unknown: int
    n_fitted: int
    scores: dict[str, Detection]


class SliceDifference(IntervalJson):
    """Accuracy of a slice less that of all other items, which is `rest`."""

    rest: float


class Slice(TypedDict):
    """Accuracy where a column has a value; without a difference where all items have it."""

    column: str
    value: str
    n: int
    accuracy: IntervalJson
    difference: NotRequired[SliceDifference]


class SuspectLabel(TypedDict):
    """An item whose label the model contradicts."""

    id: str
    label: str
    rather: str
    label_probability: float
    rather_probability: float


class SuspectLabels(TypedDict):
    """How many labels are suspect, and the gravest of them; `reason` says why none are named of a weak model."""

    count: int
    items: list[SuspectLabel]
    reason: NotRequired[str]


class RiskCoverage(TypedDict):
    """The area under the risk-coverage curve, and the curve with its band."""

    aurc: IntervalJson
    coverage: list[float]
    risk: list[float]
    low: list[float]
    high: list[float]


class Evaluation(Measured):
    """The whole file; files of earlier versions lack keys that came later."""

    split: str
    n: int
    class_names: list[str]
    tta: NotRequired[TestTimeViews]
    calibrated: NotRequired[Calibrated]
    ood: NotRequired[OutOfDistribution]
    slices: NotRequired[list[Slice]]
    suspects: NotRequired[SuspectLabels]
    risk_coverage: NotRequired[RiskCoverage]
