"""What other tools call logits or probabilities, as logits that numbers can follow from."""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sightline.errors import UsageError

Reals = NDArray[np.float64]
Place = Callable[[int], str]
"""From the number of a row to where it stands, for messages."""

ROUNDING: Final = 0.02
"""How far a row of rounded probabilities may sum from 1."""
SMALLEST: Final = float(np.finfo(np.float64).eps)
"""What stands in for a probability of 0, as in scikit-learn's `log_loss`."""


def from_logits(values: Reals, place: Place, remedy: str) -> tuple[NDArray[np.float32], list[str]]:
    """(n, classes) float32 of what was said to be logits, and notes on what was changed.

    Args:
        values: (n, classes), where -inf is the logarithm of a probability of 0.
        place: names a row.
        remedy: what to write where they are probabilities.

    Raises:
        UsageError: a value is NaN or too large, a row knows no class, or all rows are probabilities or percentages.
    """
    if len(values) and (values >= 0).all():
        sums = _sums(values)
        for total, word in ((1.0, "probabilities"), (100.0, "percentages")):
            if (np.abs(sums - total) <= ROUNDING * total).all():
                divide = "" if total == 1.0 else f"divide them by {total:g} and "
                raise UsageError(
                    f"{place(0)}: its values, as those of every row, are at least 0 and sum to {total:g}, so they are "
                    f"{word} and no logits; {divide}{remedy}"
                )
    logits, notes = _finite(values, place)
    if len(values) and values.min() >= 0 and values.max() <= 1:
        notes.append(
            "All values lie between 0 and 1, as logits seldom do: where they are answers of one sigmoid a class, "
            "take what went into it."
        )
    return logits, notes


def from_probabilities(values: Reals, place: Place) -> tuple[NDArray[np.float32], list[str]]:
    """(n, classes) float32, the logarithms of (n, classes) probabilities, and notes on what was changed.

    Raises:
        UsageError: a row is not between 0 and 1, or does not sum to 1.
    """
    sums = _sums(values)
    within = ((values >= 0) & (values <= 1 + ROUNDING)).all(axis=1) & (np.abs(sums - 1) <= ROUNDING)
    if not within.all():
        row = int(np.argmin(within))
        listed = ", ".join(f"{value:g}" for value in values[row][:4]) + (" …" if values.shape[1] > 4 else "")
        raise UsageError(f"{place(row)}: {listed} sums to {sums[row]:g}; probabilities are 0 to 1 and sum to 1")
    with np.errstate(divide="ignore"):
        return _finite(np.log(values), place)


def _sums(values: Reals) -> Reals:
    """(n,) of each row: infinite or NaN, without a warning, where values are not what they should be."""
    with np.errstate(over="ignore", invalid="ignore"):
        sums: Reals = values.sum(axis=1)
        return sums


def _finite(values: Reals, place: Place) -> tuple[NDArray[np.float32], list[str]]:
    """Values with a floor in place of -inf.

    It lies `SMALLEST` of the row's probability down, or at the row's lowest value if that is lower still, so that the
    order stays.
    """
    lowest = np.isneginf(values)
    with np.errstate(over="ignore"):
        logits = values.astype(np.float32)
    wrong = (~np.isfinite(logits) & ~lowest).any(axis=1) | lowest.all(axis=1)
    if wrong.any():
        raise UsageError(f"{place(int(np.argmax(wrong)))}: it takes finite logits, or -inf for a probability of 0")
    if not lowest.any():
        return logits, []
    rows = np.flatnonzero(lowest.any(axis=1))
    largest = values[rows].max(axis=1)
    floor = largest + np.log(np.exp(values[rows] - largest[:, None]).sum(axis=1) * SMALLEST)
    floor = np.minimum(floor, np.where(lowest[rows], np.inf, values[rows]).min(axis=1))
    logits[rows] = np.where(lowest[rows], floor[:, None], values[rows]).astype(np.float32)
    note = (
        f"{int(lowest.sum()):,} probabilities of 0 in {len(rows):,} items count as {SMALLEST:.2g}, or as the lowest of "
        "their item: where one of them is the truth, log_loss follows from that floor."
    )
    return logits, [note]
