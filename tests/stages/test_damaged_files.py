"""Damaged files of a run: what can be made anew is made anew and said, else named; what no one needs stops no one."""

import json
from pathlib import Path

import numpy as np
import pytest

from sightline.run.schema import FILES
from tests.conftest import Command

MADE_BY = {"val": "explain", "calibration": "calibrate", "test": "evaluate"}


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 8
    path.write_bytes(content)


@pytest.mark.parametrize("split", list(MADE_BY))
def test_damaged_predictions_are_named_and_made_anew(sightline: Command, run: Path, split: str):
    path = run / f"predictions/{split}.npz"
    whole = path.read_bytes()
    flip(path)
    answer = sightline(MADE_BY[split], f"run={run}", f"runs_dir={run.parent}", "tracking=none")
    assert answer.status == 0, answer.err
    assert f"{path} is damaged: its checksum is not the one that it was written with; it is made anew" in answer.err
    assert path.read_bytes() == whole


@pytest.mark.slow
def test_predictions_of_other_classes_or_items_are_made_anew(sightline: Command, run: Path):
    """As of earlier versions, which did not say what they were made from."""
    path = run / "predictions/test.npz"
    whole = path.read_bytes()
    with np.load(path) as archive:
        ids, logits, labels = (archive[name] for name in ("ids", "logits", "labels"))
    others = (
        ({"logits": np.tile(logits, 3)}, f"it is of {3 * logits.shape[1]} classes, the run of {logits.shape[1]}"),
        ({"ids": ids[::-1]}, "its items are not those of the test split"),
        ({"logits": logits[:-1]}, "do not fit together"),
        ({"labels": labels + 7}, "labels run from 7"),
    )
    for changed, expected in others:
        np.savez(path, **{"ids": ids, "logits": logits, "labels": labels, **changed})
        answer = sightline("evaluate", f"run={run}", f"runs_dir={run.parent}", "tracking=none")
        assert answer.status == 0, answer.err
        assert expected in answer.err
        assert "it is made anew" in answer.err
        assert path.read_bytes() == whole


def test_a_stage_does_not_stop_for_a_file_that_it_does_not_need(sightline: Command, run: Path):
    for name in ("cost.json", "explain/explain.json", "uncertainty.json", "freezing.json", "tracking.json"):
        (run / name).parent.mkdir(exist_ok=True)
        (run / name).write_text("[")
    (run / "metrics.jsonl").write_text('{"kind": "epoch"}\n')
    flip(run / "predictions/val.npz")
    words = (f"run={run}", f"runs_dir={run.parent}", "mode.stages=[evaluate]", "tracking.log_model=false")
    answer = sightline("evaluate", *words)
    assert answer.status == 0, answer.err
    assert "cost.json is damaged" in answer.err
    assert json.loads((run / "cost.json").read_text())["parameters"] > 0
    answer = sightline("report", f"run={run}", "tracking=none")
    assert answer.status == 1
    assert "mode `explain` writes it anew" in answer.err or "mend that line" in answer.err


@pytest.mark.parametrize(
    "mode",
    [
        "report",
        pytest.param("evaluate", marks=pytest.mark.slow),
        pytest.param("calibrate", marks=pytest.mark.slow),
        "predict",
        pytest.param("compare", marks=pytest.mark.slow),
        pytest.param("uncertainty", marks=pytest.mark.slow),
    ],
)
def test_a_list_where_a_mapping_belongs_is_named(sightline: Command, run: Path, bars: Path, mode: str):
    """Every stored file in turn, for every mode that may read it: made anew, not needed, or named with what to do."""
    words = {
        "predict": (f"input={next(bars.rglob('*.png'))}",),
        "compare": ("compare.resamples=100", f"output={run.parent / 'out'}", "mode.stages=[compare]"),
        "uncertainty": ("uncertainty.passes=2", "mode.stages=[uncertainty]"),
    }.get(mode, (f"mode.stages=[{mode}]",))
    target = f"run=[{run}]" if mode == "compare" else f"run={run}"
    named = []
    for name in sorted(set(FILES) - {"classes.json", "external.json", "comparison.json", "sweep.json"}):
        path = run / name
        whole = path.read_bytes() if path.is_file() else None
        if whole is None:
            continue
        path.write_text('[["not", "this"]]')
        answer = sightline(mode, target, f"runs_dir={run.parent}", "tracking=none", *words)
        assert answer.status in {0, 1}, answer.err
        assert "traceback" not in answer.err.lower(), answer.err
        if answer.status == 1:
            assert f"{name} is damaged" in answer.err
            assert "train the run anew" in answer.err or "writes it anew" in answer.err
            named.append(name)
        path.write_bytes(whole)
    assert named, f"{mode} reads none of them"
