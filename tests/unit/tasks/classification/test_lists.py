import csv
from pathlib import Path

import numpy as np
import pytest

from sightline.metrics.classification.suspects import suspect_labels
from sightline.metrics.predictions import Predictions
from sightline.run.folder import Run
from sightline.run.photos import PHOTOS, Photos, jpeg
from sightline.tasks.classification import lists

NAMES = ('cat, "small"', "dog")


@pytest.fixture
def predictions() -> Predictions:
    logits = np.array([[3, 0], [0, 2], [4, 0], [1, 0]], dtype=np.float32)
    return Predictions(np.array(["a/0.jpg", "a/1.jpg", "b/2.jpg", "b/3.jpg"]), logits, np.array([0, 0, 1, 1]))


def table(path: Path, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader((path / "examples" / f"{name}.csv").read_text().splitlines()))


def write(run: Run, predictions: Predictions, temperature: float) -> None:
    found = suspect_labels(predictions, temperature, NAMES)
    lists.list_examples(run, "test", predictions, temperature, NAMES, found)


def test_mistakes_are_listed_the_surest_first_with_files_and_calibrated_confidence(
    tmp_path: Path, predictions: Predictions
):
    run = Run(tmp_path)
    picture = jpeg(np.zeros((8, 8, 3), dtype=np.uint8))
    run.save_arrays(PHOTOS, **Photos("/pics/", {"a/0.jpg": picture, "b/3.jpg": picture}, {}).to_arrays())
    write(run, predictions, 2.0)
    found = run.load_json("examples/examples.json")
    assert [one["id"] for one in found["mistakes"]] == ["b/2.jpg", "a/1.jpg", "b/3.jpg"]
    assert [one["id"] for one in found["right"]] == ["a/0.jpg"], "of those that have a photo"
    assert (found["wrong"], found["n"]) == (3, 4)
    rows = table(tmp_path, "mistakes")
    assert [row["file"] for row in rows] == ["/pics/b/2.jpg", "/pics/a/1.jpg", "/pics/b/3.jpg"]
    assert rows[0]["predicted"] == NAMES[0]
    assert float(rows[0]["confidence"]) == pytest.approx(1 / (1 + np.exp(-2)), abs=1e-6)
    assert float(rows[0]["confidence"]) + float(rows[0]["label_probability"]) == pytest.approx(1, abs=1e-5)


def test_the_page_lists_some_and_the_table_all(
    tmp_path: Path, predictions: Predictions, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(lists, "MOST", 1)
    write(Run(tmp_path), predictions, 1.0)
    assert len(Run(tmp_path).load_json("examples/examples.json")["mistakes"]) == 1
    rows = table(tmp_path, "mistakes")
    assert [(row["id"], row["file"]) for row in rows] == [("b/2.jpg", ""), ("a/1.jpg", ""), ("b/3.jpg", "")]
    look = table(tmp_path, "second_look")
    assert {row["id"] for row in look} <= {row["id"] for row in rows}
