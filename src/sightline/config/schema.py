"""The whole configuration as frozen models; every default lives in `conf/`, none here.

The groups stand in the files beside this one. Checks that span groups stand at the bottom, in `Config`.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from sightline.config.base import Count, Frozen, Seed, UserPath
from sightline.config.data import DataConfig
from sightline.config.later_stages import (
    CalibrationConfig,
    CompareConfig,
    DriftConfig,
    EvaluationConfig,
    ExplainConfig,
    ExportConfig,
    PredictConfig,
    ReportConfig,
    TrackingConfig,
    UncertaintyConfig,
)
from sightline.config.mode import ModeConfig
from sightline.config.model import ModelConfig, learns_masks
from sightline.config.robustness import RobustnessConfig
from sightline.config.segmentation import MultitaskConfig, SegmentationConfig
from sightline.config.stages import STAGES
from sightline.config.sweep import SweepConfig
from sightline.config.targets import problem_of_targets
from sightline.config.training import (
    FreezingConfig,
    ImbalanceConfig,
    OptimizerConfig,
    ProgressiveFreezing,
    SchedulerConfig,
    TrainingConfig,
)
from sightline.config.transforms import TransformsConfig


class Config(Frozen):
    """One composed configuration.

    `run`, `input`, `output`, `runs_dir` and `device` say where and on what; the rest says what.
    """

    run: UserPath | tuple[UserPath, ...] | None
    predictions: UserPath | None
    input: UserPath | tuple[UserPath, ...] | None
    output: UserPath | None
    runs_dir: UserPath
    device: Literal["auto", "cpu", "cuda", "mps"]
    seed: Seed
    seeds: Annotated[tuple[Seed, ...], Field(min_length=1)] | None
    variants: Annotated[tuple[str, ...], Field(min_length=1)] | None
    image_size: Annotated[int, Field(ge=8, le=4096)] | None
    fit: Literal["crop", "letterbox", "squash", "whole"]
    resize: Annotated[int, Field(ge=8)] | Literal["auto", "none"]
    tile: Annotated[int, Field(ge=32, multiple_of=2)] | None
    limit: Count | None
    mode: ModeConfig
    data: DataConfig
    model: ModelConfig
    transforms: TransformsConfig
    freezing: FreezingConfig
    optimizer: OptimizerConfig
    scheduler: SchedulerConfig
    training: TrainingConfig
    imbalance: ImbalanceConfig
    segmentation: SegmentationConfig
    multitask: MultitaskConfig
    evaluation: EvaluationConfig
    calibration: CalibrationConfig
    compare: CompareConfig
    uncertainty: UncertaintyConfig
    robustness: RobustnessConfig
    sweep: SweepConfig
    explain: ExplainConfig
    predict: PredictConfig
    drift: DriftConfig
    export: ExportConfig
    report: ReportConfig
    tracking: TrackingConfig

    @property
    def one_run(self) -> str | None:
        """The run that the command is about, if it names one."""
        return self.run if isinstance(self.run, str) else None

    @property
    def runs(self) -> tuple[str, ...]:
        """All runs that the command names."""
        return (self.run,) if isinstance(self.run, str) else self.run or ()

    @property
    def is_study(self) -> bool:
        """Whether the command asks for several trainings."""
        return self.seeds is not None or self.variants is not None

    @model_validator(mode="after")
    def _several_trainings_need_training(self) -> Self:
        for key, values in (("seeds", self.seeds), ("variants", self.variants)):
            if values is not None and "train" not in self.mode.stages:
                raise ValueError(f"{key} is for modes that train; mode={self.mode.name} does not")
            if values is not None and len(set(values)) < len(values):
                raise ValueError(f"{key} names something twice: {list(values)}")
        if self.is_study and "evaluate" not in self.mode.stages:
            raise ValueError(f"mode={self.mode.name} measures nothing, so seeds and variants cannot be compared")
        return self

    @model_validator(mode="after")
    def _a_study_measures_what_it_compares(self) -> Self:
        if not self.is_study or (column := self.compare.column) is None:
            return self
        if "robustness" not in self.mode.stages:
            raise ValueError(
                f"compare.metric={column} is of mode robustness, which these trainings leave out; add robustness=quick"
            )
        if key := column.missing_in(self.robustness):
            raise ValueError(f"compare.metric={column} would not be measured: {key}; add it there")
        return self

    @model_validator(mode="after")
    def _a_sweep_is_one_search(self) -> Self:
        if self.mode.first.needs == "search" and (self.is_study or self.run is not None):
            key = "run" if self.run is not None else "seeds" if self.seeds is not None else "variants"
            instead = "sweep.name" if key == "run" else "sweep.fresh_seeds" if key == "seeds" else "sweep.space"
            raise ValueError(f"{key} does not go with mode=sweep; {instead} does what it would")
        return self

    @model_validator(mode="after")
    def _a_person_chooses_what_is_registered(self) -> Self:
        if self.tracking.registered_model_name is not None and (self.is_study or self.mode.first.needs == "search"):
            raise ValueError(
                "tracking.registered_model_name is for one model; choose among the runs afterwards: "
                "bash run.sh report run=RUN tracking.registered_model_name=NAME"
            )
        return self

    @model_validator(mode="after")
    def _predictions_stand_for_a_run(self) -> Self:
        if self.predictions is not None and self.mode.first.external_split is None:
            takes = " and ".join(f"mode={name}" for name, stage in STAGES.items() if stage.external_split)
            hint = "; compare takes such folders in run=[…]" if self.mode.first.needs == "finished runs" else ""
            raise ValueError(f"predictions is for {takes}, not mode={self.mode.name}{hint}")
        if self.predictions is not None and self.run is not None:
            raise ValueError("predictions and run exclude each other: both say whose predictions are measured")
        return self

    @model_validator(mode="after")
    def _ood_images_need_a_model(self) -> Self:
        if self.evaluation.ood is not None and self.predictions is not None:
            raise ValueError("evaluation.ood asks the model itself, so it takes run= and not predictions=")
        return self

    @model_validator(mode="after")
    def _one_run_unless_compared(self) -> Self:
        if not isinstance(self.run, str | None) and self.mode.first.needs != "finished runs":
            raise ValueError(f"mode={self.mode.name} takes one run; a list of them is for mode=compare")
        return self

    @model_validator(mode="after")
    def _a_new_run_is_checked_first(self) -> Self:
        stages = self.mode.stages
        if self.mode.first.needs == "new run" and self.run is None and stages[0] != "validate":
            raise ValueError(
                f"mode.stages=[{','.join(stages)}] splits no data: begin with validate, or go on with run=RUN"
            )
        return self

    @model_validator(mode="after")
    def _whole_images_are_for_masks(self) -> Self:
        if self.fit == "whole" and not learns_masks(self.model):
            raise ValueError(
                f"fit=whole is for models of masks; model={self.model.name} takes squares: "
                "fit=crop, fit=letterbox or fit=squash"
            )
        for key, by_default in (("resize", "auto"), ("tile", None)):
            if self.fit != "whole" and getattr(self, key) != by_default:
                raise ValueError(
                    f"{key}={getattr(self, key)} is for fit=whole; fit={self.fit} makes squares of image_size"
                )
        if self.resize not in {"auto", "none"} and self.image_size is not None and int(self.resize) < self.image_size:
            raise ValueError(
                f"resize={self.resize} leaves images smaller than the crops of image_size={self.image_size}; "
                "resize is the shorter side, so image_size is at most that"
            )
        return self

    @model_validator(mode="after")
    def _freezing_needs_learned_weights(self) -> Self:
        if self.freezing.name != "none" and not self.model.has_learned_weights:
            raise ValueError(
                f"freezing={self.freezing.name} would keep random weights of {self.model.name} frozen; "
                "take freezing=none, or give learned weights (model.pretrained=true or model.weights=FILE)"
            )
        return self

    @model_validator(mode="after")
    def _cached_views_can_be_kept(self) -> Self:
        mixing = self.transforms.mixing
        if self.freezing.cached_views and (mixing.mixup_alpha or mixing.cutmix_alpha):
            raise ValueError("freezing.cached_views keeps views of single images; leave MixUp and CutMix off with it")
        if self.freezing.cached_views and self.imbalance.sampler == "balanced":
            raise ValueError("freezing.cached_views counts views by epoch; take imbalance.sampler=shuffled with it")
        return self

    @model_validator(mode="after")
    def _kept_features_know_no_attack(self) -> Self:
        if self.freezing.cached_views and self.training.adversarial.is_on:
            raise ValueError(
                f"freezing.cached_views={self.freezing.cached_views} keeps features of images, and "
                f"training.adversarial={self.training.adversarial.name} changes the images in every step: "
                "leave one of them out"
            )
        return self

    @model_validator(mode="after")
    def _the_teacher_is_another_run(self) -> Self:
        if self.training.teacher == "latest":
            raise ValueError(
                "training.teacher=latest would soon mean the new run itself; give the path of the teacher's run"
            )
        return self

    @model_validator(mode="after")
    def _keys_are_about_what_is_predicted(self) -> Self:
        # A later stage takes the model of its run, and asks then.
        if self.mode.first.needs in {"new run", "search"} and (problem := problem_of_targets(self)):
            raise ValueError(problem)
        return self

    @model_validator(mode="after")
    def _stages_of_unfreezing_happen(self) -> Self:
        if isinstance(self.freezing, ProgressiveFreezing):
            epochs = self.freezing.epochs
            if list(epochs) != sorted(set(epochs)):
                raise ValueError(f"{self.freezing.words} must increase from stage to stage")
            if epochs and epochs[-1] >= self.training.epochs:
                raise ValueError(
                    f"{self.freezing.words} reaches beyond the last epoch: "
                    f"training.epochs={self.training.epochs} counts from 0"
                )
        return self
