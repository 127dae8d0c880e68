"""Training on images that are changed so that the model under training errs."""

from typing import Annotated, Literal

from pydantic import Field

from sightline.config.base import AutoPositive, Count, Fraction, Frozen


class AdversarialConfig(Frozen):
    """`pgd` trains on what projected gradient ascent makes of the images (Madry et al. 2018); `none` on the images.

    Budget and step size count in steps of which 255 lead from black to white.
    """

    name: Literal["none", "pgd"]
    norm: Literal["linf", "l2"]
    budget: Annotated[float, Field(gt=0.0)]
    steps: Count
    step_size: AutoPositive
    clean: Fraction

    @property
    def is_on(self) -> bool:
        """Whether images are changed."""
        return self.name != "none"
