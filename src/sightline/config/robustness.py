"""How a model is measured on images that are not as they should be."""

from typing import Annotated, Literal, Self, get_args

from pydantic import AfterValidator, Field, model_validator

from sightline.config.adversarial import check_budget
from sightline.config.base import Count, Frozen, Seed, UserPath, each_once

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


def _rising(numbers: tuple[int, ...]) -> tuple[int, ...]:
    if list(numbers) != (right := sorted(set(numbers))):
        raise ValueError(f"numbers rise, and each goes in once: take {right} for {list(numbers)}")
    return numbers


Rising = AfterValidator(_rising)


class RobustnessConfig(Frozen):
    """What is done to images, how strongly and to which of them; `quick` is a stage of training as well."""

    name: Literal["default", "quick"]
    split: Literal["val", "test"]
    items: Count | None
    seed: Seed
    corruptions: Annotated[tuple[CorruptionName, ...], each_once("corruption")]
    severities: Annotated[tuple[Severity, ...], Field(min_length=1), Rising]
    constants: Constants | Literal["auto"]
    baseline: UserPath | None
    attacks: Annotated[tuple[AttackName, ...], each_once("attack")]
    attacked: Annotated[int, Field(ge=2)]
    norm: Literal["linf", "l2"]
    budget: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    steps: Count
    restarts: Count
    queries: Count
    noise: Annotated[tuple[NoiseName, ...], each_once("kind of noise")]
    shifts: Annotated[tuple[Count, ...], Rising]
    backgrounds: bool
    rotations: Annotated[tuple[Degrees, ...], Rising]

    @model_validator(mode="after")
    def _the_budget_ends_at_white(self) -> Self:
        check_budget(self.norm, self.budget)
        return self
