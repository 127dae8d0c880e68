"""The test lock and its ledger: which stages may read test labels, and each time that they were read."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sightline.config.stages import STAGES
from sightline.errors import LockedSplitError, UsageError
from sightline.machine.provenance import now
from sightline.run.folder import Run
from sightline.run.origin import MADE_FROM
from sightline.run.records import LedgerRow

LEDGER: Final = "test_ledger.jsonl"


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


@dataclass(frozen=True)
class LabelUse:
    """Test labels that a command holds answers against.

    Attributes:
        run: whose labels they are.
        purpose: what they are wanted for.
        measured: the arrays of each set of predictions.
    """

    run: Run
    purpose: str
    measured: Sequence[Mapping[str, NDArray[Any]]]


def note_test_use(run: Run, purpose: str, measured: Sequence[Mapping[str, NDArray[Any]]]) -> None:
    """Write one line: test labels were read. Called when nothing can refuse any more, and before any number is out.

    Raises:
        LockedSplitError: as `check_test_lock`.
        UsageError: the ledger cannot be written.
    """
    note_test_uses([LabelUse(run, purpose, measured)], run.stage, run)


def note_test_uses(uses: Sequence[LabelUse], stage: str | None, at_work: Run) -> None:
    """Write a line into the ledger of each run, or none at all where one cannot be entered.

    Of a run that may only be read, answers that its ledger knows are no new look: their line goes to the run at work.

    Args:
        uses: of each run.
        stage: at work.
        at_work: the run that the results go to.

    Raises:
        LockedSplitError: as `check_test_lock`.
        UsageError: a ledger can neither be written nor knows the answers.
    """
    rows = []
    for use in uses:
        with use.run.entering(stage or ""):
            check_test_lock(use.run, use.purpose)
        digests = list(dict.fromkeys(map(_digest, use.measured)))
        rows.append(LedgerRow(time=now(), stage=stage or "", purpose=use.purpose, measured=digests))
    may_write = [_may_write(use.run) for use in uses]
    elsewhere: list[LedgerRow] = []
    for use, row, writable in zip(uses, rows, may_write, strict=True):
        if not writable:
            _check_known(use.run, row)
            elsewhere.append({**row, "purpose": f"{row['purpose']}: {use.run.path}, which may only be read"})
    for use, row, writable in zip(uses, rows, may_write, strict=True):
        if writable:
            use.run.append(LEDGER, dict(row))
    for row in elsewhere:
        at_work.append(LEDGER, dict(row))


def _may_write(run: Run) -> bool:
    """Whether a line can be added to the ledger, as far as rights and the drive tell."""
    path = run.path / LEDGER
    return os.access(path if path.exists() else run.path, os.W_OK)


def _check_known(run: Run, row: LedgerRow) -> None:
    """Refuse answers that a ledger which cannot be written does not know.

    Raises:
        UsageError: it does not.
    """
    known = {digest for earlier in run.rows(LEDGER) for digest in earlier.get("measured", ())}
    if not known.issuperset(row["measured"]):
        raise UsageError(
            f"{run.path / LEDGER} cannot be written, so this use of the test labels cannot be entered; "
            "make it writable, or copy the run and take the copy"
        )


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
    """BLAKE2b of 128 bits, in hexadecimal, of named arrays, whatever they were made from."""
    found = blake2b(digest_size=16)
    for name in sorted(arrays.keys() - {MADE_FROM}):
        array = arrays[name]
        found.update(f"{name} {array.dtype.str} {array.shape}".encode())
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()
