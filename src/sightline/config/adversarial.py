"""Training on images that are changed so that the model under training errs."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from sightline.config.base import AutoPositive, Count, Fraction, Frozen

WHITE = 255
"""Budgets and stored images count in steps of which so many lead from black to white."""


def check_budget(norm: Literal["linf", "l2"], budget: float) -> None:
    """Refuse to change single values by more than there is.

    Raises:
        ValueError: the budget goes beyond white.
    """
    if norm == "linf" and budget > WHITE:
        raise ValueError(
            f"budget={budget:g} goes beyond white; with norm=linf it takes up to {WHITE}, usual are 2 to 16"
        )


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

    @model_validator(mode="after")
    def _the_budget_ends_at_white(self) -> Self:
        check_budget(self.norm, self.budget)
        return self

    @property
    def is_on(self) -> bool:
        """Whether images are changed."""
        return self.name != "none"
