"""What attacks have made lies where it may, reaches as far as it may, and is what they say it is."""

from collections.abc import Iterator, Mapping

from scipy.special import bdtrc

from sightline.robustness.attacks.ball import Ball
from sightline.robustness.attacks.checks.check import Check
from sightline.robustness.attacks.checks.of_model import ROUNDING
from sightline.robustness.attacks.items import Attacked
from sightline.robustness.attacks.table import ATTACKS

SLACK = 1e-6
"""What float32 may add to a distance of at most 1, and to longer ones in proportion."""
USED = {"linf": 0.9, "l2": 0.5}
"""The share of the budget that the farthest image must use; the box may take half of a length."""
CHANCE = 0.05
"""A fall in more than half of the items is told from chance by a sign test at this level."""


def result_checks(found: Mapping[str, Attacked], ball: Ball, values: int) -> list[Check]:
    """Of every item that was attacked, by the name of the attack; an image has so many values."""
    return [check for name, one in found.items() if len(one.fooled) for check in _checks(name, one, ball, values)]


def _checks(name: str, found: Attacked, ball: Ball, values: int) -> Iterator[Check]:
    label = ATTACKS[name].label
    # Compared so that what is no number fails.
    far, out, unlike = (float(values.max()) for values in (found.distance, found.outside, found.unlike))
    inside = far <= ball.radius + SLACK * max(1.0, ball.radius)
    yield Check(f"{name}_ball", inside, f"{label} went {far:.6f} far, of {ball.radius:.6f}")
    yield Check(f"{name}_box", out <= SLACK, f"{label} left 0 to 1 by {abs(out):.1e}")
    reach = min(ball.radius, ball.always_open(values))
    yield Check(f"{name}_reach", far >= USED[ball.norm] * reach, f"{label} used {far / reach:.2f} of the budget")
    yield Check(f"{name}_same", unlike <= ROUNDING, f"logits of {label} differ by {unlike:.1e} when asked for again")
    yield _loss(name, found)


def _loss(name: str, found: Attacked) -> Check:
    """The loss of the truth rises: where the best iterate is kept in each item that stands, else in most items.

    What is mistaken may have a smaller loss: of three answers or more another one can rise beside the truth. One step
    of FGSM may miss where the loss is curved, so few items that stand may all show a fall.
    """
    rise = found.after - found.before
    label = ATTACKS[name].label
    if "steps" in ATTACKS[name].takes:
        rise, before = rise[~found.fooled], found.before[~found.fooled]
        fallen = int((~(rise >= -ROUNDING * (1 + before))).sum())
        seen = f"the loss fell under {label} in {fallen} of {len(rise)} items that stay right"
        return Check(f"{name}_loss", not fallen, seen)
    fallen = int((~(rise >= 0) & ~found.fooled).sum())
    by_chance = float(bdtrc(fallen - 1, len(rise), 0.5)) if fallen else 1.0
    return Check(f"{name}_loss", by_chance >= CHANCE, f"the loss fell under {label} in {fallen} of {len(rise)} items")
