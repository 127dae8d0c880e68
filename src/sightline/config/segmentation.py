"""How masks are trained, and what the losses of several targets weigh against each other."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from sightline.config.base import Fraction, Frozen, NonNegative, Positive


class PixelLossWeights(Frozen):
    """What each loss weighs in the sum that trains; 0 leaves it out."""

    cross_entropy: NonNegative
    dice: NonNegative
    focal: NonNegative
    lovasz: NonNegative
    tversky: NonNegative

    @property
    def is_of_pixels(self) -> bool:
        """Whether a loss takes part that is a mean over pixels, which classes can weigh in."""
        return self.cross_entropy > 0 or self.focal > 0

    @model_validator(mode="after")
    def _something_trains(self) -> Self:
        if not any(self.model_dump().values()):
            raise ValueError("every loss weighs 0, so nothing would train; give one of them a weight")
        return self


class SegmentationConfig(Frozen):
    """The loss of masks."""

    loss: PixelLossWeights
    class_weights: Literal["none", "inverse", "effective"] | Annotated[tuple[Positive, ...], Field(min_length=2)]
    beta: Fraction
    focal_gamma: NonNegative
    tversky_alpha: NonNegative
    tversky_beta: NonNegative
    smooth: NonNegative

    @model_validator(mode="after")
    def _weights_weigh_something(self) -> Self:
        if self.class_weights != "none" and not self.loss.is_of_pixels:
            raise ValueError(
                "class_weights weigh the pixels of cross_entropy and focal, and loss has neither: "
                "give segmentation.loss.cross_entropy a weight, or take segmentation.class_weights=none"
            )
        return self


class TargetWeights(Frozen):
    """What the loss of each target weighs."""

    label: Positive
    mask: Positive


class MultitaskConfig(Frozen):
    """A label and a mask from one network."""

    weights: TargetWeights | Literal["learned"]
