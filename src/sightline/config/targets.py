"""Which keys are about a target that the model does not predict."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, Protocol

from sightline.config.later_stages import CompareConfig, EvaluationConfig, ExplainConfig
from sightline.config.mode import ModeConfig
from sightline.config.model import ModelConfig
from sightline.config.overrides import key_of, root_of
from sightline.config.robustness import RobustnessConfig
from sightline.config.segmentation import SegmentationConfig
from sightline.config.sweep import SweepConfig
from sightline.config.training import ImbalanceConfig, TrainingConfig
from sightline.config.transforms import TransformsConfig
from sightline.metrics.catalogue import METRICS, MONITORED, monitored


class Groups(Protocol):
    """The groups of a configuration that know of targets; `Config` has them all."""

    @property
    def mode(self) -> ModeConfig: ...  # noqa: D102 - each is as in `Config`
    @property
    def model(self) -> ModelConfig: ...  # noqa: D102
    @property
    def transforms(self) -> TransformsConfig: ...  # noqa: D102
    @property
    def training(self) -> TrainingConfig: ...  # noqa: D102
    @property
    def imbalance(self) -> ImbalanceConfig: ...  # noqa: D102
    @property
    def segmentation(self) -> SegmentationConfig: ...  # noqa: D102
    @property
    def evaluation(self) -> EvaluationConfig: ...  # noqa: D102
    @property
    def compare(self) -> CompareConfig: ...  # noqa: D102
    @property
    def sweep(self) -> SweepConfig: ...  # noqa: D102
    @property
    def explain(self) -> ExplainConfig: ...  # noqa: D102
    @property
    def robustness(self) -> RobustnessConfig: ...  # noqa: D102


MEASURED_ON: Final[Mapping[str, tuple[str, ...]]] = {"classification": ("label",), "segmentation": ("mask",)}
"""The targets that the metrics of a task are about."""

ABOUT: Final[Mapping[str, tuple[str, ...]]] = {
    "imbalance": ("label",),
    "evaluation.ood": ("label",),
    "evaluation.slices": ("label",),
    "segmentation": ("mask",),
    "explain.mask_class": ("mask",),
    "multitask": ("label", "mask"),
}
"""Keys, or groups of them, that are for models which predict all of these targets."""


_POLICIES: Final = {
    **dict.fromkeys(("operations", "magnitude"), "randaugment"),
    "learned_on": "autoaugment",
    **dict.fromkeys(("severity", "mixture_width", "chain_depth", "alpha", "all_ops"), "augmix"),
}
"""The policy that each key of `transforms.policy` is for."""


def _is_no(policy: str) -> Callable[[Groups], bool]:
    return lambda config: config.transforms.policy.name != policy


_NO_LOSS: Final = "segmentation.loss.{0}=0, give it a weight"
_Idle = tuple[Callable[[Groups], bool], str]
_NO_ATTACK: Final[_Idle] = (lambda config: not config.robustness.attacks, "robustness.attacks=[], name one")
_NO_CORRUPTION: Final[_Idle] = (
    lambda config: not config.robustness.corruptions,
    "robustness.corruptions=[], name one",
)
_NO_STEPS: Final[_Idle] = (
    lambda config: not {"pgd", "apgd"} & set(config.robustness.attacks),
    "it is for pgd and apgd, and robustness.attacks has neither",
)
IDLE: Final[Mapping[str, _Idle]] = {
    "segmentation.focal_gamma": (lambda config: not config.segmentation.loss.focal, _NO_LOSS.format("focal")),
    "segmentation.tversky_alpha": (lambda config: not config.segmentation.loss.tversky, _NO_LOSS.format("tversky")),
    "segmentation.tversky_beta": (lambda config: not config.segmentation.loss.tversky, _NO_LOSS.format("tversky")),
    "segmentation.smooth": (
        lambda config: not (config.segmentation.loss.dice or config.segmentation.loss.tversky),
        "segmentation.loss.dice=0 and segmentation.loss.tversky=0, give one of them a weight",
    ),
    **dict.fromkeys(
        [f"training.adversarial.{key}" for key in ("norm", "budget", "steps", "step_size", "clean")],
        (lambda config: not config.training.adversarial.is_on, "no image is attacked; add training.adversarial=pgd"),
    ),
    "segmentation.beta": (
        lambda config: config.segmentation.class_weights != "effective",
        "it is for segmentation.class_weights=effective",
    ),
    "imbalance.beta": (
        lambda config: config.imbalance.class_weights != "effective",
        "it is for imbalance.class_weights=effective",
    ),
    **dict.fromkeys(("robustness.attacked", "robustness.norm", "robustness.budget"), _NO_ATTACK),
    "robustness.noise": (
        lambda config: bool(config.robustness.noise) and not config.robustness.attacks,
        "robustness.attacks=[], name one",
    ),
    **dict.fromkeys(("robustness.steps", "robustness.restarts"), _NO_STEPS),
    "robustness.queries": (
        lambda config: "square" not in config.robustness.attacks,
        "it is for square, which robustness.attacks does not have",
    ),
    **dict.fromkeys(("robustness.severities", "robustness.constants", "robustness.baseline"), _NO_CORRUPTION),
    **{
        f"transforms.policy.{key}": (_is_no(policy), f"it is for transforms.policy.name={policy}")
        for key, policy in _POLICIES.items()
    },
}
"""Keys without an effect while another one is as it is: when that holds, and what is said of it."""

_OF_ATTACKS: Final = ("attacks", "attacked", "norm", "budget", "steps", "restarts", "queries")
_FOR_LABELS: Final = "attacks are for models that predict a class for each image and nothing else"


def _is_unfit_for_attacks(config: Groups) -> bool:
    return bool(config.robustness.attacks) and config.model.targets != ("label",)


UNFIT: Final[Mapping[str, _Idle]] = {
    **dict.fromkeys([f"robustness.{key}" for key in _OF_ATTACKS], (_is_unfit_for_attacks, _FOR_LABELS)),
    "robustness.noise": (
        lambda config: bool(config.robustness.noise) and _is_unfit_for_attacks(config),
        _FOR_LABELS,
    ),
    "robustness.backgrounds": (
        lambda config: config.robustness.backgrounds and not {"label", "mask"} <= set(config.model.targets),
        "it is for models that predict a class for each image and for each pixel",
    ),
}
"""Keys without an effect on what a model predicts: likewise."""


def problem_of_targets(config: Groups) -> str:
    """Which key asks for what a model of this task does not do, in one line; empty if none does.

    What is `off` asks for nothing.
    """
    predicted = config.model.targets
    return next((problem for needed, problem in _asked(config) if not set(needed) <= set(predicted)), "") or next(
        (problem for problem in _against_masks(config) if "mask" in predicted), ""
    )


def problem_of_overrides(config: Groups, overrides: Iterable[str]) -> str:
    """Which key was typed that is about a target that the model does not predict; empty if none was."""
    predicted = config.model.targets
    for override in overrides:
        for needed in (ABOUT.get(key_of(override), ()), ABOUT.get(root_of(override), ()), _compared(config, override)):
            if not set(needed) <= set(predicted):
                return _about(override, needed, config)
    return ""


def problem_of_idle(config: Groups, overrides: Iterable[str]) -> str:
    """Which key was typed that has no effect while another one, or the model, is as it is; empty if none was."""
    for override in overrides:
        for table in (UNFIT, IDLE):
            is_idle, why = table.get(key_of(override), (_never, ""))
            if is_idle(config):
                return f"{override} has no effect: {why}"
    return ""


def _never(_: Groups) -> bool:
    return False


def _compared(config: Groups, override: str) -> tuple[str, ...]:
    """The targets that a typed `compare.metric` is about; none where it fits every task."""
    if key_of(override) != "compare.metric":
        return ()
    if column := config.compare.column:
        return column.needs
    metric = METRICS.get(config.compare.metric)
    return MEASURED_ON[metric.task] if metric else ()


def _about(what: str, needed: Iterable[str], config: Groups) -> str:
    return (
        f"{what} is for models that predict {' and '.join(_WORDS[one] for one in needed)}; "
        f"model={config.model.name} predicts {' and '.join(_WORDS[one] for one in config.model.targets)}"
    )


_WORDS: Final = {"label": "a class for each image", "mask": "a class for each pixel"}


def _asked(config: Groups) -> Iterator[tuple[tuple[str, ...], str]]:
    """The targets that keys need, and what is said where one is not predicted."""
    rare, evaluation, label = config.imbalance, config.evaluation, ("label",)
    for key, is_on in (
        ("imbalance.class_weights", rare.class_weights != "none"),
        ("imbalance.sampler", rare.sampler != "shuffled"),
        ("imbalance.focal_gamma", rare.focal_gamma > 0),
        ("imbalance.logit_adjustment", rare.logit_adjustment > 0),
    ):
        if is_on:
            yield label, f"{_about(key, label, config)}: segmentation.class_weights and segmentation.loss are for masks"
    for key, value in (("evaluation.ood", evaluation.ood), ("evaluation.slices", evaluation.slices)):
        if value:
            yield label, _about(key, label, config)
    if config.explain.mask_class is not None:
        yield ("mask",), _about("explain.mask_class", ("mask",), config)
    columns = {"training.monitor": config.training.monitor}
    if config.mode.first.needs == "search":
        columns["sweep.metric"] = config.sweep.metric
    for key, column in columns.items():
        if column != MONITORED[0]:  # every task has a loss
            targets = MEASURED_ON[monitored(column).task]
            yield targets, _about(f"{key}={column}", targets, config)


def _against_masks(config: Groups) -> Iterator[str]:
    """What is not done to masks."""
    if config.transforms.mixing.mixup_alpha or config.transforms.mixing.cutmix_alpha:
        yield "MixUp and CutMix cannot mix masks: set transforms.mixing.mixup_alpha=0 transforms.mixing.cutmix_alpha=0"
    if config.transforms.policy.name == "augmix":
        yield (
            "transforms.policy.name=augmix mixes versions of an image that moved apart, and no mask fits them all: "
            "take transforms=autoaugment, randaugment or trivialaugment"
        )
    if config.training.label_smoothing and not config.segmentation.loss.cross_entropy:
        yield (
            "training.label_smoothing is for cross-entropy, and segmentation.loss.cross_entropy=0: "
            "give it a weight, or leave the smoothing out"
        )
    if config.evaluation.ood is not None:
        yield (
            "evaluation.ood asks models that predict a class for each image and nothing else; "
            f"model={config.model.name} predicts masks as well: leave it out"
        )
