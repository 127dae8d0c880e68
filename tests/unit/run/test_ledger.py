"""The test lock, and the ledger that tells a new look from the same answers measured again."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sightline.errors import LockedSplitError, UsageError
from sightline.run.folder import Run
from sightline.run.ledger import (
    LEDGER,
    LabelUse,
    LabelUses,
    check_test_lock,
    count_uses,
    new_looks,
    note_test_use,
    note_test_uses,
)
from sightline.run.origin import MADE_FROM


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.create(tmp_path / "runs", "digits-cnn", "abcd1234-s0")


def answers(seed: int) -> dict[str, np.ndarray]:
    return {"ids": np.array(["a", "b"]), "logits": np.random.default_rng(seed).normal(size=(2, 3))}


@pytest.mark.parametrize("stage", [None, "train", "calibrate", "sweep", "explain", "report"])
def test_test_labels_stay_locked(run: Run, stage: str | None):
    with run.entering(stage):  # type: ignore[arg-type]
        with pytest.raises(LockedSplitError, match="peek"):
            check_test_lock(run, "peek")
        with pytest.raises(LockedSplitError, match="peek"):
            note_test_use(run, "peek", [answers(0)])
    assert not run.has(LEDGER)


def test_the_same_answers_again_are_no_new_look(run: Run):
    with run.entering("evaluate"):
        check_test_lock(run, "measure")
        assert run.rows(LEDGER) == []
        for measured in ([answers(0)], [answers(0)], [answers(1), answers(0)], [answers(1)]):
            note_test_use(run, "measure", measured)
        note_test_use(run, "measure", [answers(0) | {MADE_FROM: np.array([["checkpoints/best.pt", "ab"]])}])
    rows = run.rows(LEDGER)
    assert {(row["stage"], row["purpose"]) for row in rows} == {("evaluate", "measure")}
    assert new_looks(rows) == [True, False, True, False, False]
    assert count_uses(rows) == LabelUses(looks=2, again=3)


def test_other_items_and_other_types_are_other_answers(run: Run):
    other_items = answers(0) | {"ids": np.array(["a", "c"])}
    rounded = answers(0) | {"logits": answers(0)["logits"].astype(np.float32)}
    with run.entering("compare"):
        for measured in (answers(0), other_items, rounded):
            note_test_use(run, "compare", [measured])
    assert count_uses(run.rows(LEDGER)) == LabelUses(looks=3, again=0)


def test_lines_of_earlier_versions_count_as_looks():
    old = {"time": "2026-01-01", "stage": "evaluate", "purpose": "measure"}
    new = {**old, "measured": ["ab"]}
    assert new_looks([old, old, new, new]) == [True, True, True, False]  # type: ignore[list-item]


def test_every_use_after_a_torn_line_counts(run: Run):
    with run.entering("evaluate"):
        note_test_use(run, "first", [answers(0)])
        run.append_text(LEDGER, '{"time": "2026-11-2')
        for purpose, seed in (("third", 1), ("fourth", 2)):
            note_test_use(run, purpose, [answers(seed)])
    assert [row["purpose"] for row in run.rows(LEDGER)] == ["first", "third", "fourth"]
    assert count_uses(run.rows(LEDGER)).looks == 3


def closed(*runs: Run) -> Callable[[object, int], bool]:
    """`os.access` where these runs may only be read."""
    return lambda path, _: all(run.path not in (Path(str(path)), *Path(str(path)).parents) for run in runs)


def test_a_ledger_that_cannot_be_written_keeps_lines_out_of_all_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    one, other, at_work = (Run.create(tmp_path, "a", name) for name in ("one", "other", "at-work"))
    uses = [LabelUse(run, "compare", [answers(0)]) for run in (one, other)]
    monkeypatch.setattr("os.access", closed(other))
    with pytest.raises(UsageError, match=f"{other.path}/{LEDGER} cannot be written, so this use"):
        note_test_uses(uses, "compare", at_work)
    assert [run.rows(LEDGER) for run in (one, other, at_work)] == [[], [], []]


def test_answers_that_a_closed_ledger_knows_are_entered_where_the_work_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    one, other, at_work = (Run.create(tmp_path, "a", name) for name in ("one", "other", "at-work"))
    with other.entering("evaluate"):
        note_test_use(other, "measure", [answers(1)])
    monkeypatch.setattr("os.access", closed(other))
    note_test_uses([LabelUse(one, "p", [answers(0)]), LabelUse(other, "p", [answers(1)])], "compare", at_work)
    assert [len(run.rows(LEDGER)) for run in (one, other, at_work)] == [1, 1, 1]
    (row,) = at_work.rows(LEDGER)
    assert row["purpose"] == f"p: {other.path}, which may only be read"
    assert row["measured"] == other.rows(LEDGER)[0]["measured"]
