"""Photos of any shape, whole: training and evaluation see the squares that two lines of Python do."""

import json
from pathlib import Path

import numpy as np
import pytest

import sightline as package
from tests.conftest import Command
from tests.end_to_end.photos import take_photos
from tests.end_to_end.test_agreement import SAME, WORDS, measured, probabilities


@pytest.mark.parametrize("fit", ["letterbox", pytest.param("squash", marks=pytest.mark.slow)])
def test_a_run_sees_the_same_squares_from_training_to_predict(sightline: Command, tmp_path: Path, fit: str):
    take_photos(tmp_path / "all", 30)
    words = (*WORDS, "data=folder", f"data.root={tmp_path}/all", "tracking=none", f"runs_dir={tmp_path}/runs")
    answer = sightline(*words, f"fit={fit}", "transforms=aggressive")
    assert answer.status == 0, answer.err
    run = (tmp_path / "runs/latest").resolve()
    assert json.loads((run / "preprocessing.json").read_text())["fit"] == fit
    expected = measured(run)
    found = probabilities(package.load(run).predict([tmp_path / "all" / name for name in expected]))
    assert np.abs(found - np.array(list(expected.values()))).max() < SAME
