"""Counted randomness: every draw is a pure function of (seed, epoch, counter, stream, slot).

Nothing is carried from one draw to the next, so batch composition, order and worker count change no pixel, and any
step can be replayed.
"""

import hashlib
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Draw = Callable[[int, str], NDArray[np.float32]]
"""`uniform` with seed, epoch and counters filled in: (slots, stream) to (B, slots)."""

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
FIRST = np.uint64(0xBF58476D1CE4E5B9)
SECOND = np.uint64(0x94D049BB133111EB)
"""The constants of SplitMix64: its step, and the factors of its finaliser."""


def uniform(seed: int, epoch: int, counters: NDArray[np.int64], slots: int, stream: str) -> NDArray[np.float32]:
    """Draw `slots` numbers for each image, from a stream of its own.

    SplitMix64 (Steele, Lea and Flood 2014), started for each image at a key mixed from all that names it.

    Args:
        seed: the run's seed.
        epoch: counted from 0.
        counters: (B,) one for each image, which belongs to it and not to its place in the batch.
        slots: how many numbers an image gets; more slots leave the earlier ones as they were.
        stream: what the numbers are for; other streams are unrelated.

    Returns:
        (B, slots) in [0, 1), multiples of 2^-24.
    """
    bits = words(seed, epoch, counters, slots, stream)
    return (bits >> np.uint64(40)).astype(np.float32) * np.float32(2.0**-24)


def words(seed: int, epoch: int, counters: NDArray[np.int64], slots: int, stream: str) -> NDArray[np.uint64]:
    """(B, slots) 64 random bits each; the arguments are those of `uniform`."""
    steps = np.arange(1, slots + 1, dtype=np.uint64) * GOLDEN
    return _mix(starts(seed, epoch, counters, stream)[:, None] + steps)


def starts(seed: int, epoch: int, counters: NDArray[np.int64], stream: str) -> NDArray[np.uint64]:
    """(B,) the key at which the numbers of each image begin."""
    return _mix(_key(seed, epoch, stream) ^ _mix(counters.astype(np.uint64)))


def permutation(seed: int, epoch: int, n: int, stream: str = "order") -> NDArray[np.int64]:
    """The order of `n` items in an epoch: (n,), each of 0 … n-1 once."""
    keys = _mix(_key(seed, epoch, stream) ^ _mix(np.arange(n, dtype=np.uint64)))
    return np.argsort(keys, kind="stable").astype(np.int64)


def _key(seed: int, epoch: int, stream: str) -> np.uint64:
    digest = hashlib.blake2b(f"{seed}/{epoch}/{stream}".encode(), digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little"))


def _mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """SplitMix64's finaliser: a bijection in which every input bit moves about half of the output bits."""
    values = (values ^ (values >> np.uint64(30))) * FIRST
    values = (values ^ (values >> np.uint64(27))) * SECOND
    return values ^ (values >> np.uint64(31))
