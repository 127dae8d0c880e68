"""What training does to each image."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from sightline.config.base import (
    AutoProbability,
    Count,
    Fraction,
    Frozen,
    NonNegative,
    Positive,
    Probability,
    Range,
    decided,
)


class CropConfig(Frozen):
    """`none` takes the centre; `pad` shifts by up to `padding` of the side; `resized` draws area and shape."""

    name: Literal["none", "pad", "resized"]
    padding: Fraction
    scale: Range
    ratio: Range


class ColourConfig(Frozen):
    """Largest relative change of brightness, contrast and saturation; hue as a fraction of the circle."""

    brightness: NonNegative
    contrast: NonNegative
    saturation: NonNegative
    hue: Annotated[float, Field(ge=0.0, le=0.5)]


class AffineConfig(Frozen):
    """Largest rotation and shear in degrees, translation as a fraction of the side, range of scale."""

    rotation: Annotated[float, Field(ge=0.0, le=180.0)]
    translate: Fraction
    scale: Range
    shear: Annotated[float, Field(ge=0.0, le=60.0)]


def _not_zero(depth: int) -> int:
    if depth == 0:
        raise ValueError("a chain of 0 operations changes nothing; give 1 or more, or -1 to draw 1 to 3 for each chain")
    return depth


class PolicyConfig(Frozen):
    """Which operations an image draws; each key is of the one policy that its comment in `conf/` names.

    RandAugment (`operations` of `magnitude` out of 30), TrivialAugment (one operation of any strength), AutoAugment
    (a pair `learned_on` some data) or AugMix (the image mixed with `mixture_width` chains of operations).
    """

    name: Literal["none", "randaugment", "trivialaugment", "autoaugment", "augmix"]
    operations: Count
    magnitude: Annotated[float, Field(ge=0.0, le=30.0)]
    learned_on: Literal["imagenet", "cifar10", "svhn"]
    severity: Annotated[int, Field(ge=1, le=10)]
    mixture_width: Annotated[int, Field(ge=1, le=100)]
    chain_depth: Annotated[int, Field(ge=-1, le=100), AfterValidator(_not_zero)]
    alpha: Positive
    all_ops: bool


class MixingConfig(Frozen):
    """MixUp and CutMix: Beta parameters (0 is off), how often, and the fraction of training after which both stop."""

    mixup_alpha: NonNegative
    cutmix_alpha: NonNegative
    probability: Probability
    stop_at: Probability


class TransformsConfig(Frozen):
    """What training does to each image; evaluation only resizes and takes the centre."""

    name: str
    crop: CropConfig
    horizontal_flip: AutoProbability
    flip_alternates: bool
    vertical_flip: Probability
    affine: AffineConfig
    colour: ColourConfig
    policy: PolicyConfig
    erasing: Probability
    mixing: MixingConfig

    @property
    def is_deterministic(self) -> bool:
        """Whether an image gives the same pixels in every epoch."""
        off = (
            decided(self.horizontal_flip),
            self.vertical_flip,
            self.affine.rotation,
            self.affine.translate,
            self.affine.shear,
            *self.colour.model_dump().values(),
            self.erasing,
            self.mixing.mixup_alpha,
            self.mixing.cutmix_alpha,
        )
        still = self.crop.name == "none" and self.policy.name == "none" and self.affine.scale == (1.0, 1.0)
        return still and not any(off)
