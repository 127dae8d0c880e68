"""How a model is measured on images that are not as they should be."""

from typing import Annotated, Literal, Self, get_args

from pydantic import AfterValidator, Field, model_validator

from sightline.config.adversarial import check_budget
from sightline.config.base import Count, Frozen, Seed, UserPath

CorruptionName = Literal[
    "gaussian_noise",
    "shot_noise",
    "impulse_noise",
    "defocus_blur",
    "glass_blur",
    "motion_blur",
    "zoom_blur",
    "snow",
    "frost",
    "fog",
    "brightness",
    "contrast",
    "elastic_transform",
    "pixelate",
    "jpeg_compression",
]
"""What `robustness.corruptions` takes, in the order of Hendrycks and Dietterich (2019)."""
CORRUPTIONS: tuple[CorruptionName, ...] = get_args(CorruptionName)

Constants = Literal["cifar", "imagenet"]
"""The published tables of how strong a corruption is: of CIFAR-10-C for small images, of ImageNet-C for large ones."""

AttackName = Literal["fgsm", "pgd", "apgd", "square"]
"""What `robustness.attacks` takes, the quickest first."""

NoiseName = Literal["gaussian", "uniform", "sign"]
"""What `robustness.noise` takes."""

Severity = Annotated[int, Field(ge=1, le=5)]
Degrees = Annotated[int, Field(ge=1, le=179)]


def _distinct_names(names: tuple[CorruptionName, ...]) -> tuple[CorruptionName, ...]:
    if len(set(names)) < len(names):
        raise ValueError("each corruption goes in once")
    return names


def _distinct_attacks(names: tuple[AttackName, ...]) -> tuple[AttackName, ...]:
    if len(set(names)) < len(names):
        raise ValueError("each attack goes in once")
    return names


def _distinct_noise(names: tuple[NoiseName, ...]) -> tuple[NoiseName, ...]:
    if len(set(names)) < len(names):
        raise ValueError("each kind of noise goes in once")
    return names


def _rising(severities: tuple[int, ...]) -> tuple[int, ...]:
    if list(severities) != sorted(set(severities)):
        raise ValueError("severities rise, each goes in once")
    return severities


def _growing(sizes: tuple[int, ...]) -> tuple[int, ...]:
    if list(sizes) != sorted(set(sizes)):
        raise ValueError("sizes rise, each goes in once")
    return sizes


class RobustnessConfig(Frozen):
    """What is done to images, how strongly and to which of them; `quick` is a stage of training as well."""

    name: Literal["default", "quick"]
    split: Literal["val", "test"]
    items: Count | None
    seed: Seed
    corruptions: Annotated[tuple[CorruptionName, ...], AfterValidator(_distinct_names)]
    severities: Annotated[tuple[Severity, ...], Field(min_length=1), AfterValidator(_rising)]
    constants: Constants | Literal["auto"]
    baseline: UserPath | None
    attacks: Annotated[tuple[AttackName, ...], AfterValidator(_distinct_attacks)]
    attacked: Annotated[int, Field(ge=2)]
    norm: Literal["linf", "l2"]
    budget: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    steps: Count
    restarts: Count
    queries: Count
    noise: Annotated[tuple[NoiseName, ...], AfterValidator(_distinct_noise)]
    shifts: Annotated[tuple[Count, ...], AfterValidator(_growing)]
    backgrounds: bool
    rotations: Annotated[tuple[Degrees, ...], AfterValidator(_growing)]

    @model_validator(mode="after")
    def _the_budget_ends_at_white(self) -> Self:
        check_budget(self.norm, self.budget)
        return self
