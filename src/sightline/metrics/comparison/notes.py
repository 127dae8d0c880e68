"""What a reader must know about the numbers of a comparison."""

from collections.abc import Sequence

from sightline.metrics.comparison.variance import Measured
from sightline.metrics.documents.comparison import About, Pair
from sightline.metrics.intervals.resampling import Resampling


def about(systems: Sequence[Measured]) -> About:
    """What is ranked: ways of training, where each has as many seeds and more than one; else trained models."""
    seeds = {system.seeds for system in systems}
    return "ways of training" if len(seeds) == 1 and min(seeds) > 1 else "trained models"


def notes(systems: Sequence[Measured], pairs: Sequence[Pair], resampling: Resampling) -> list[str]:
    """One sentence or two each."""
    return [*_about_seeds(systems), *_about_groups(resampling), *_about_pairs(pairs)]


def _about_seeds(systems: Sequence[Measured]) -> list[str]:
    alone = [system.name for system in systems if system.seeds == 1]
    seeds = sorted({system.seeds for system in systems})
    found = []
    if alone:
        who = "each system" if len(alone) == len(systems) else ", ".join(alone)
        found.append(
            f"One training of {who}: what is said is about these trained models, not about what another seed would "
            "give. Train each with several seeds to compare ways of training."
        )
    if len(alone) < len(systems):
        found.append(
            "Where a system was trained with several seeds, its value is their mean and the interval is about the way "
            "of training: it holds the variance of seeds and that of items."
        )
    if len(seeds) > 1:
        counts = f"{', '.join(map(str, seeds[:-1]))} and {seeds[-1]}"
        found.append(f"Seeds are unequal ({counts}): this ranks trained models and their means, not ways of training.")
    if alone and len(alone) < len(systems):
        found.append("A system with one seed is given the variance of seeds of the one that it is compared with.")
    return found


def _about_groups(resampling: Resampling) -> list[str]:
    groups = resampling.n_groups
    if groups is None:
        return []
    count = f"{groups} group" + ("s" if groups > 1 else "")
    return [f"Items come in {count}; whole groups were left out and swapped, so they count and not the items."]


def _about_pairs(pairs: Sequence[Pair]) -> list[str]:
    found = []
    if len(pairs) > 1:
        found.append(
            f"p-values of {len(pairs)} pairs are adjusted after Holm. Limits of a difference are given twice: of the "
            "pair alone, and adjusted (Bonferroni) so that they hold for all pairs at once."
        )
    reasons = dict.fromkeys(reason for pair in pairs if (reason := pair.get("reason")))
    return [*found, *(f"No difference is judged: {reason}." for reason in reasons)]
