"""How many items stay right whatever is tried: of all, and of those that are right as they are."""

from collections.abc import Mapping

import numpy as np

from sightline.config.robustness import NoiseName
from sightline.metrics.documents.attacks import AttackScores, NoiseScores, RobustShares
from sightline.metrics.intervals.interval import undefined
from sightline.metrics.intervals.resampling import Resampling
from sightline.robustness.attacks.attack import Effort
from sightline.robustness.attacks.items import Flags
from sightline.robustness.attacks.noise import NOISES
from sightline.robustness.attacks.table import ATTACKS


def robust_shares(right: Flags, fooled: Flags, resampling: Resampling) -> RobustShares:
    """Robust accuracy on all items and among the right ones, with limits.

    Args:
        right: (n,) whether an item is right as it is.
        fooled: (right items,) whether an attack made it wrong.
        resampling: level and groups of the n items.
    """
    robust = right.copy()
    robust[right] = ~fooled
    among = resampling.among(right).share(~fooled) if right.any() else undefined(resampling.level)
    return {"of_all": resampling.share(robust).to_json(), "of_right": among.to_json()}


def scores(right: Flags, fooled: Mapping[str, Flags], effort: Effort, resampling: Resampling) -> list[AttackScores]:
    """Of each attack by itself; see `robust_shares`."""
    return [
        {
            "name": name,
            "label": ATTACKS[name].label,
            "effort": ATTACKS[name].effort(effort),
            "robust": robust_shares(right, flags, resampling),
        }
        for name, flags in fooled.items()
    ]


def noise_scores(right: Flags, noise: Mapping[NoiseName, Flags], resampling: Resampling) -> list[NoiseScores]:
    """Accuracy under each kind of noise, and how many of the right items stay right.

    Args:
        right: (n,) whether an item is right as it is.
        noise: (n,) by kind, whether it is right under it.
        resampling: level and groups of the n items.
    """
    return [
        {
            "name": name,
            "label": NOISES[name].label,
            "accuracy": resampling.share(hits).to_json(),
            "of_right": robust_shares(right, ~hits[right], resampling)["of_right"],
        }
        for name, hits in noise.items()
    ]


def worst(right: Flags, fooled: Mapping[str, Flags], resampling: Resampling) -> RobustShares:
    """An item is robust where no attack at all made it wrong (the minimum for each item, as AutoAttack counts)."""
    return robust_shares(right, np.any(list(fooled.values()), axis=0), resampling)
