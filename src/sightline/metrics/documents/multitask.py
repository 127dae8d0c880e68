"""The content of `evaluation.json` and `calibration.json` for a label and a mask: those of each, side by side."""

from typing import NotRequired, TypedDict

from sightline.metrics.documents.calibration import Calibration
from sightline.metrics.documents.evaluation import Evaluation
from sightline.metrics.documents.interval import IntervalJson
from sightline.metrics.documents.segmentation import MaskCalibration, MaskEvaluation


class MultitaskEvaluation(TypedDict):
    """The whole of `evaluation.json`; a target that no image of the split bears has no part, `metrics` are of all."""

    split: str
    n: int
    metrics: NotRequired[dict[str, IntervalJson]]
    label: NotRequired[Evaluation]
    mask: NotRequired[MaskEvaluation]


class MultitaskCalibration(TypedDict):
    """The whole of `calibration.json`; a target that too few images of the split bear has no part."""

    split: str
    n: int
    label: NotRequired[Calibration]
    mask: NotRequired[MaskCalibration]
