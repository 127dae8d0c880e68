"""The test lock and its ledger: which stages may read test labels, and each time that they were read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final, NotRequired, TypedDict

import numpy as np
from numpy.typing import NDArray

from sightline.config.stages import STAGES
from sightline.errors import LockedSplitError
from sightline.machine.provenance import now
from sightline.run.folder import Run

LEDGER: Final = "test_ledger.jsonl"


class LedgerRow(TypedDict):
    """A line of the ledger; `measured` are digests of the answers that the labels were held against.

    Lines of earlier versions do not say what was measured.
    """

    time: str
    stage: str
    purpose: str
    measured: NotRequired[list[str]]


@dataclass(frozen=True)
class LabelUses:
    """How often test labels were read.

    Attributes:
        looks: at answers that no earlier line knows.
        again: at answers that were all measured before: the same weights on the same items.
    """

    looks: int
    again: int


def check_test_lock(run: Run, purpose: str) -> None:
    """Refuse test labels to a stage that fits or chooses something.

    Raises:
        LockedSplitError: the stage at work is one.
    """
    stage = STAGES.get(run.stage or "")
    if stage is None or not stage.reads_test_labels:
        raise LockedSplitError(f"stage {run.stage or 'unknown'} may not read test labels ({purpose})")


def note_test_use(run: Run, purpose: str, measured: Sequence[Mapping[str, NDArray[Any]]]) -> None:
    """Write one line: test labels were read. Called when nothing can refuse any more, and before any number is out.

    Args:
        run: whose labels they are.
        purpose: what they were wanted for.
        measured: the arrays of each set of predictions that was held against the labels.

    Raises:
        LockedSplitError: as `check_test_lock`.
    """
    check_test_lock(run, purpose)
    digests = list(dict.fromkeys(map(_digest, measured)))
    row = LedgerRow(time=now(), stage=run.stage or "", purpose=purpose, measured=digests)
    run.append(LEDGER, dict(row))


def new_looks(rows: Sequence[LedgerRow]) -> list[bool]:
    """Which lines are about answers that no earlier one knows; a line that does not say is taken for one."""
    known: set[str] = set()
    found = []
    for row in rows:
        measured = set(row.get("measured", ()))
        found.append(not measured or not measured <= known)
        known |= measured
    return found


def count_uses(rows: Sequence[LedgerRow]) -> LabelUses:
    """Looks at new answers, and at such as were measured before."""
    new = new_looks(rows)
    return LabelUses(sum(new), len(new) - sum(new))


def _digest(arrays: Mapping[str, NDArray[Any]]) -> str:
    """BLAKE2b of 128 bits, in hexadecimal, of named arrays."""
    found = blake2b(digest_size=16)
    for name, array in sorted(arrays.items()):
        found.update(f"{name} {array.dtype.str} {array.shape}".encode())
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()
