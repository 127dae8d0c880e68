"""Which items an epoch sees, and in which order: a pure function of (seed, epoch)."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sightline.data.randomness import permutation

Ints = NDArray[np.int64]


class Order(NamedTuple):
    """The items of an epoch, one after the other.

    Attributes:
        places: (m,) of the items in the list that is ordered, 0 … n-1.
        repeats: (m,) how often an item was seen before in this epoch, so that it can be augmented anew each time.
    """

    places: Ints
    repeats: Ints


def shuffled(seed: int, epoch: int, n: int) -> Order:
    """Every item once."""
    return Order(permutation(seed, epoch, n), np.zeros(n, dtype=np.int64))


def balanced(seed: int, epoch: int, labels: Ints) -> Order:
    """Every class equally often, about as many items together as there are.

    The items of a class come in rounds, each round in an order of its own, and an epoch goes on where the one before it
    ended: no item is seen twice more often than another of its class.

    Args:
        seed: the run's seed.
        epoch: counted from 0.
        labels: (n,) the class of each item.
    """
    classes = np.unique(labels)
    share = -(-len(labels) // len(classes))
    places = []
    repeats = []
    for label in classes:
        members = np.flatnonzero(labels == label)
        rounds, within = np.divmod(np.arange(epoch * share, (epoch + 1) * share), len(members))
        first = int(rounds[0])
        last = int(rounds[-1])
        orders = np.stack([permutation(seed, r, len(members), f"class {label}") for r in range(first, last + 1)])
        places.append(members[orders[rounds - first, within]])
        repeats.append(rounds - first)
    mixed = permutation(seed, epoch, share * len(classes))
    return Order(np.concatenate(places)[mixed], np.concatenate(repeats)[mixed])
