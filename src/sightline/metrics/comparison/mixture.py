"""What several answers to the same items say together, and how much they contradict each other."""

from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr

Reals = NDArray[np.float64]

_SMALLEST = float(np.finfo(np.float32).tiny)


class Mixture:
    """The mean of members' probabilities, added up one by one so that no more than two are in memory.

    The entropy of the mean is the whole uncertainty of an answer; the mean of the members' entropies is what each of
    them finds ambiguous in the image; the mutual information of answer and member, their difference, is what the
    members disagree about (Depeweg et al. 2018). All are in nats.
    """

    def __init__(self) -> None:
        self.members = 0
        self._sum: Reals | None = None
        self._entropies: Reals | None = None

    def add(self, probabilities: Reals) -> Self:
        """Count a member: (n, classes)."""
        entropies = entr(probabilities).sum(axis=1)
        if self._sum is None or self._entropies is None:
            self._sum, self._entropies = probabilities.copy(), entropies
        else:
            self._sum += probabilities
            self._entropies += entropies
        self.members += 1
        return self

    @property
    def probabilities(self) -> Reals:
        """(n, classes) mean over the members."""
        assert self._sum is not None, "no member was added"
        mean: Reals = self._sum / self.members
        return mean

    @property
    def logits(self) -> NDArray[np.float32]:
        """(n, classes) logarithms of the mean: logits that a temperature can be fitted to."""
        return np.log(np.maximum(self.probabilities, _SMALLEST)).astype(np.float32)

    @property
    def entropy(self) -> Reals:
        """(n,) of the mean."""
        found: Reals = entr(self.probabilities).sum(axis=1)
        return found

    @property
    def mutual_information(self) -> Reals:
        """(n,) of answer and member; 0 where all members agree."""
        assert self._entropies is not None, "no member was added"
        return np.maximum(self.entropy - self._entropies / self.members, 0.0)
