from pathlib import Path

import pytest

from sightline.reporting.contents import Contents
from sightline.reporting.sections.blocks import Gallery, Table, Text
from sightline.reporting.sections.classification.suspects import HEADER, blocks, suspect_table
from sightline.run.folder import Run
from sightline.run.photos import PHOTOS, Photos


def test_suspect_labels_are_cut_to_the_gravest():
    item = {"id": "a.png", "label": "cat", "rather": "dog", "label_probability": 0.001, "rather_probability": 0.98}
    rows = suspect_table({"count": 30, "items": [item] * 30}).rows
    assert rows == [["a.png", "cat", "dog", "0.10 %", "98.00 %"]] * 10
    assert len(rows[0]) == len(HEADER)


@pytest.mark.parametrize(("low", "named"), [(0.45, False), (0.74, False), (0.76, True)])
def test_a_weak_model_names_no_labels(tmp_path: Path, low: float, named: bool):
    item = {"id": "a.png", "label": "cat", "rather": "dog", "label_probability": 0.001, "rather_probability": 0.98}
    run = Run(tmp_path)
    run.save_json("evaluation.json", {
        "metrics": {"accuracy": {"value": low + 0.02, "low": low, "high": low + 0.04}},
        "confusion": [[40, 10], [5, 45]],
        "suspects": {"count": 3, "items": [item, item | {"id": "b.png"}]},
    })  # fmt: skip
    run.save_arrays(PHOTOS, **Photos("/pics/", {"b.png": b"photo"}, {}).to_arrays())
    found = list(blocks(Contents(run)))
    assert any(isinstance(block, Table) for block in found) == named, "half way from 50 % to 100 % is 75 %"
    shown = [photo for block in found if isinstance(block, Gallery) for photo in block.photos]
    assert [(photo.name, photo.truth, photo.answer, photo.confidence) for photo in shown] == (
        [("b.png", "cat", "dog", "98.0 %")] if named else []
    )
    said = [block.text for block in found if isinstance(block, Text)]
    assert ("None are named" in str(said[0])) != named
    assert ("confident learning" in str(said[0])) == named
