"""The attacks there are. A new one is a file beside this one and a line in the table."""

from collections.abc import Mapping
from dataclasses import dataclass

from sightline.robustness.attacks.apgd import apgd
from sightline.robustness.attacks.attack import Attack, Effort
from sightline.robustness.attacks.fgsm import fgsm
from sightline.robustness.attacks.pgd import pgd
from sightline.robustness.attacks.square import square


@dataclass(frozen=True)
class Listed:
    """An attack, and what is worth knowing of it.

    Attributes:
        label: what it is called.
        source: where it was published.
        attack: the function.
        takes: what of an `Effort` it takes.
        gradients: whether it looks at gradients; else it sees answers alone.
    """

    label: str
    source: str
    attack: Attack
    takes: tuple[str, ...]
    gradients: bool = True

    def effort(self, effort: Effort) -> dict[str, int]:
        """How hard it tries, of what it takes."""
        return {name: getattr(effort, name) for name in self.takes}


ATTACKS: Mapping[str, Listed] = {
    "fgsm": Listed("FGSM", "Goodfellow et al. 2015", fgsm, ()),
    "pgd": Listed("PGD", "Madry et al. 2018", pgd, ("steps", "restarts")),
    "apgd": Listed("APGD-CE", "Croce and Hein 2020", apgd, ("steps", "restarts")),
    "square": Listed("Square", "Andriushchenko et al. 2020", square, ("queries",), gradients=False),
}
"""By the names that `robustness.attacks` takes, the quickest first."""
