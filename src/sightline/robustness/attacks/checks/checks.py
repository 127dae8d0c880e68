"""All checks of a model under attack, in the order in which they are told."""

from collections.abc import Mapping

from sightline.robustness.attacks.attack import Effort
from sightline.robustness.attacks.ball import Ball
from sightline.robustness.attacks.checks.check import Check
from sightline.robustness.attacks.checks.of_effort import black_box_check, effort_checks
from sightline.robustness.attacks.checks.of_gradients import gradient_checks
from sightline.robustness.attacks.checks.of_model import model_checks
from sightline.robustness.attacks.checks.of_results import result_checks
from sightline.robustness.attacks.items import Attacked, Items, Setting, attacked
from sightline.robustness.attacks.pixel_model import PixelModel
from sightline.robustness.attacks.table import ATTACKS

CHECKED = 64
"""Items that are attacked again and again, to see whether trying harder pays."""
PAIR = ("pgd", "square")
"""What is held against each other on them: one attack along gradients, one without."""


def sample_checks(model: PixelModel, items: Items, ball: Ball, effort: Effort, seed: int) -> list[Check]:
    """What can be told from a few items.

    Args:
        model: the classifier.
        items: some, two at least, right or wrong.
        ball: of the attacks.
        effort: of the attacks.
        seed: of the random numbers.
    """
    pair = {name: attacked(model, items, Setting(ATTACKS[name].attack, ball, effort, seed)).fooled for name in PAIR}
    against = black_box_check(pair)
    return [
        *model_checks(model, items, ball.norm),
        *gradient_checks(model, items, ball, seed),
        *effort_checks(model, items, ball, effort, seed),
        *([] if against is None else [against]),
    ]


def all_results_checks(found: Mapping[str, Attacked], ball: Ball, values: int) -> list[Check]:
    """What can be told from everything that attacks have made, by their names; an image has so many values."""
    against = black_box_check({name: one.fooled for name, one in found.items()})
    whole = [] if against is None else [against._replace(name="black_box_all")]
    return [*result_checks(found, ball, values), *whole]
