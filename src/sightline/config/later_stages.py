"""What a later stage may set anew: from evaluation to report and tracking."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from sightline.config.base import AUTO, Count, Frozen, Level, Positive, Resamples, Small, each_once
from sightline.config.columns import Column, OrColumn, column_of
from sightline.config.data import DataConfig
from sightline.metrics.catalogue import MEASURED, first_of


class EvaluationConfig(Frozen):
    """Intervals, galleries and the map of embeddings."""

    batch_size: Count
    tta: Literal["none", "flip", "flip_shift", "shift"]
    level: Level
    resamples: Resamples
    gallery: Count
    tsne_items: Annotated[int, Field(ge=10)]
    ood: DataConfig | None
    slices: tuple[str, ...]


class CalibrationConfig(Frozen):
    """Bins of the calibration errors, intervals, and what conformal sets and thresholds promise."""

    bins: Annotated[int, Field(ge=2)]
    level: Level
    resamples: Resamples
    alphas: Annotated[tuple[Small, ...], Field(min_length=1)]
    target_risks: tuple[Small, ...]
    risk_error: Small


class CompareConfig(Frozen):
    """Which metric decides, and how sure its intervals are."""

    metric: Annotated[str, OrColumn((*MEASURED, AUTO))]
    level: Level
    resamples: Resamples

    @property
    def column(self) -> Column | None:
        """The column of mode `robustness` that decides; None where predictions do."""
        return column_of(self.metric)

    def metric_of(self, task: str) -> str:
        """What decides between systems of a task: what its report begins with, unless a metric is named."""
        return first_of(task) if self.metric == AUTO else self.metric


class UncertaintyConfig(Frozen):
    """Other ways to answer: views, dropout left on, an ensemble of runs."""

    passes: Annotated[int, Field(ge=2)]
    views: Literal["auto", "flip", "flip_shift", "shift"]
    ensemble: tuple[str, ...]


ExplanationName = Literal[
    "gradcam",
    "gradcam_plus_plus",
    "layercam",
    "eigencam",
    "saliency",
    "smoothgrad",
    "integrated_gradients",
    "occlusion",
    "rise",
    "attention",
    "rollout",
]
"""What `explain.methods` takes; `explain/methods.py` has them."""


class ExplainConfig(Frozen):
    """Methods, images of each class, the class of a mask and the one it is set against, and what is measured."""

    methods: Annotated[tuple[ExplanationName, ...], Field(min_length=1), each_once("method")]
    per_class: Count
    classes: Count
    mask_class: str | None
    versus: str | None
    quality: Literal["auto", "light", "full", "none"]


class DriftConfig(Frozen):
    """From what on new images are called unlike those of the run, and what follows."""

    level: Small
    smallest: Annotated[float, Field(ge=0, lt=1)]
    policy: Literal["warn", "refuse"]
    permutations: Annotated[int, Field(ge=999, le=100_000)]


class ExportConfig(Frozen):
    """What a model is written as, by how many images that is judged, and how far a probability may lie apart."""

    formats: Annotated[tuple[Literal["onnx"], ...], Field(min_length=1)]
    items: Count
    tolerance: Annotated[float, Field(gt=0, le=0.01)]


class ReportConfig(Frozen):
    """The page."""

    title: str | None


class TrackingConfig(Frozen):
    """Where the run is mirrored: `mlflow` (its environment variables win over `uri`) or `none`."""

    name: Literal["mlflow", "none"]
    uri: str | None
    experiment: str
    log_model: bool
    registered_model_name: Annotated[str, Field(min_length=1)] | None

    @model_validator(mode="after")
    def _a_registered_model_is_logged(self) -> Self:
        if self.registered_model_name is not None and not (self.name == "mlflow" and self.log_model):
            raise ValueError(
                "registered_model_name takes tracking=mlflow with log_model=true: MLflow registers what was logged"
            )
        return self


class PredictConfig(Frozen):
    """How many labels a prediction lists, how often sets and answers may be wrong, and how large an image may be."""

    top_k: Count
    alpha: Small | None
    risk: Small | None
    max_megabytes: Positive
    max_megapixels: Positive
