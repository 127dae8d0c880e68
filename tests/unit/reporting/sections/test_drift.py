"""What the page says of new images that were held against a run."""

from pathlib import Path

import numpy as np
import pytest

from sightline.metrics.drift.measure import Policy, Sample, measure_drift
from sightline.metrics.drift.statistics import PIXELS
from sightline.reporting.contents import Contents
from sightline.reporting.sections.blocks import Block, Table, Text
from sightline.reporting.sections.drift import blocks
from sightline.run.folder import Run

POLICY = Policy(level=0.05, smallest=0.05, outcome="warn", permutations=999)


def sample(seed: int, *, shift: float = 0, count: int = 90) -> Sample:
    """Images of two classes; shifted ones are brighter and of the second class."""
    rng = np.random.default_rng(seed)
    pixels = rng.normal(100, 20, (count, len(PIXELS))).astype(np.float32)
    pixels[:, 0] += shift
    return Sample(pixels, rng.normal([0, shift / 10], size=(count, 2)).astype(np.float32))


def said(folder: Path, new: Sample) -> list[Block]:
    run = Run(folder)
    run.save_json("drift.json", measure_drift(sample(0), new, ["cat", "dog"], POLICY, "90 images of val"))
    return list(blocks(Contents(run)))


def test_drift_is_told_by_statistic_and_class(tmp_path: Path):
    first, statistics, classes = said(tmp_path, sample(1, shift=30))
    assert isinstance(first, Text)
    assert str(first.text).startswith("The 90 images are unlike those of the run: ")
    assert isinstance(statistics, Table)
    assert isinstance(classes, Table)
    assert "90 new images against 90 images of val" in statistics.caption
    assert {row[0] for row in statistics.rows} >= {"brightness", "classes", "features"}
    assert {row[0] for row in classes.rows} == {"cat", "dog"}


@pytest.mark.parametrize(
    ("count", "words"), [(90, "No difference that matters was found"), (5, "5 images are too few")]
)
def test_without_drift_it_claims_no_more_than_it_knows(tmp_path: Path, count: int, words: str):
    first = said(tmp_path, sample(1, count=count))[0]
    assert isinstance(first, Text)
    assert words in str(first.text)


def test_without_the_file_it_says_nothing(tmp_path: Path):
    assert not list(blocks(Contents(Run(tmp_path))))
