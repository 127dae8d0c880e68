"""Runs made before the rooms of `src` were moved are read, measured again, explained, compared, and gone on with."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits

from tests.conftest import Command
from tests.invariants.comparing import CLOCKS

RUNS = Path(__file__).parent / "runs"
NOT_KEPT = ("evaluation.ood=null",)
"""The unknown images of the finished run are not kept with it."""
ON_ANOTHER_MACHINE = 1e-3
"""How far logits may move: sums of convolutions are ordered otherwise where a processor has other instructions."""


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the old runs, in the folder of which their paths speak."""
    copy = Path(shutil.copytree(RUNS, tmp_path / "runs"))
    monkeypatch.chdir(copy)
    return copy


def load(path: Path) -> Any:
    """What a file holds, without what it was made from, which old ones do not say."""
    found = json.loads(path.read_text())
    return {key: value for key, value in found.items() if key != "made_from"} if isinstance(found, dict) else found


def unlike(found: Any, stored: Any, where: str = "", **tolerance: float) -> list[str]:
    """Where two contents differ: in structure, in words, or in numbers by more than a tolerance."""
    if isinstance(stored, dict) and isinstance(found, dict) and list(found) == list(stored):
        parts = [(f"{where}.{key}", found[key], stored[key]) for key in stored]
    elif isinstance(stored, list) and isinstance(found, list) and len(found) == len(stored):
        parts = [(f"{where}[{place}]", *pair) for place, pair in enumerate(zip(found, stored, strict=True))]
    else:
        equal = found == (pytest.approx(stored, **tolerance) if isinstance(stored, float) else stored)
        return [] if equal else [f"{where}: {found}, was {stored}"]
    return [line for name, one, other in parts for line in unlike(one, other, name, **tolerance)]


def without_limits(content: Any) -> Any:
    """Without the limits of intervals and how they were found, which have changed since (decision 26)."""
    if isinstance(content, list):
        return [without_limits(one) for one in content]
    if not isinstance(content, dict):
        return content
    dropped = {"accuracy_low", "accuracy_high"}
    if content.keys() & {"level", "risk"}:
        dropped |= {"low", "high", "method"}
    return {key: without_limits(one) for key, one in content.items() if key not in dropped}


def rows(run: Path) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [{key: value for key, value in row.items() if key not in CLOCKS} for row in found]


def logits(path: Path) -> np.ndarray:
    with np.load(path) as archive:
        found: np.ndarray = archive["logits"]
    return found


def test_its_report_shows_all_that_it_holds(sightline: Command, old: Path):
    answer = sightline("report", "run=finished", "runs_dir=.")
    assert answer.status == 0, answer.err
    page = (old / "finished/report.html").read_text()
    for words in ("Sets that hold the truth", "Other ways to answer", "Unknown images"):
        assert words in page
    assert not unlike(load(old / "finished/evaluation.json"), load(RUNS / "finished/evaluation.json"))


def test_its_predictions_give_the_numbers_that_they_gave(sightline: Command, old: Path):
    for mode in ("evaluate", "calibrate"):
        answer = sightline(mode, "run=finished", "runs_dir=.", *NOT_KEPT)
        assert answer.status == 0, answer.err
    stored, found = (without_limits(load(folder / "finished/evaluation.json")) for folder in (RUNS, old))
    del stored["ood"], stored["suspects"]
    assert found.pop("suspects")["count"] == 0, "this model is wrong too often to name labels"
    views, before = found.pop("tta"), stored.pop("tta")
    _say_that_there_is_no_precision(stored)
    assert len(found.pop("notes")) == len(stored.pop("notes"))
    found["per_class"] = _without_what_came_later(found["per_class"], stored["per_class"])
    found["calibrated"] = _without_what_came_later(found["calibrated"], stored["calibrated"])
    for name in ("metrics", "per_class", "confusion"):
        assert not unlike(found[name], stored[name], rel=1e-6)
    assert not unlike(found, stored, rel=1e-3, abs=1e-5), "temperatures are fitted anew"
    assert not unlike(views, before, rel=0.05, abs=0.05), "these are predicted anew"
    found, stored = (without_limits(load(folder / "finished/calibration.json")) for folder in (old, RUNS))
    assert set(stored) < set(found)
    for name in ("split", "n", "bins", "before"):
        assert not unlike(found[name], stored[name], rel=1e-4, abs=1e-6)
    for name in ("null", "reliability"):
        assert not unlike(found[name]["before"], stored[name]["before"], rel=1e-4, abs=1e-6)


def _without_what_came_later(found: Any, stored: Any) -> Any:
    """Calibration is told with more keys than it was, and its halves are dealt from another start."""
    if isinstance(stored, dict):
        return {key: _without_what_came_later(found[key], stored[key]) for key in stored}
    if isinstance(stored, list):
        return [_without_what_came_later(*pair) for pair in zip(found, stored, strict=True)]
    return found


def _say_that_there_is_no_precision(stored: dict[str, Any]) -> None:
    """Of a class that is never predicted it was 0; since then it is not defined."""
    counts = np.sum(stored["confusion"], axis=0)
    for row in (row for row, count in zip(stored["per_class"], counts, strict=True) if not count):
        row["precision"] |= {"value": None}


def test_its_weights_answer_as_they_did(sightline: Command, old: Path):
    """The model is built and loaded anew, and sees the same pixels."""
    shutil.rmtree(old / "finished/predictions")
    answer = sightline("calibrate", "run=finished", "runs_dir=.")
    assert answer.status == 0, answer.err
    for split in ("val", "calibration"):
        found, stored = (logits(folder / f"finished/predictions/{split}.npz") for folder in (old, RUNS))
        np.testing.assert_allclose(found, stored, rtol=ON_ANOTHER_MACHINE, atol=ON_ANOTHER_MACHINE)


def test_it_explains_as_it_did(sightline: Command, old: Path):
    answer = sightline("explain", "run=finished", "runs_dir=.", "explain.classes=10", "explain.per_class=6")
    assert answer.status == 0, answer.err
    now, before = (load(folder / "finished/explain/explain.json") for folder in (old, RUNS))
    (method,) = now["methods"]
    assert (method["name"], method["layer"]) == (before["method"], before["layer"])
    for key in ("method", "layer", "kind", "split"):
        assert now[key] == before[key]
    rows = {item["id"]: item for item in now["items"]}  # others are chosen today, and their probability is calibrated
    shared = [item for item in before["items"] if item["id"] in rows]
    assert len(shared) >= 3, "the stored ones, among six right and six wrong images of each class"
    for item in shared:
        same = ("id", "label", "prediction", "target", "right")
        assert {key: rows[item["id"]][key] for key in same} == {key: item[key] for key in same}
    with np.load(old / "finished/explain/maps.npz") as found, np.load(RUNS / "finished/explain/maps.npz") as stored:
        for item in shared:
            map_now, map_then = found["maps"][rows[item["id"]]["map"]], stored["maps"][item["map"]]
            np.testing.assert_allclose(map_now, map_then, atol=0.02)


def test_it_answers_for_a_file(sightline: Command, old: Path):
    with np.load(old / "finished/predictions/test.npz") as archive:
        name, expected = str(archive["ids"][0]), int(archive["logits"][0].argmax())
    pixels = (load_digits().images[int(name)] * 255 / 16).astype(np.uint8)
    Image.fromarray(pixels).save(old / "digit.png")
    answer = sightline("predict", "run=finished", "runs_dir=.", "input=digit.png", "output=answers")
    assert answer.status == 0, answer.err
    (row,) = load(old / "answers/predictions.json")
    assert row["label"] == str(expected)


def test_it_is_asked_in_other_ways(sightline: Command, old: Path):
    answer = sightline("uncertainty", "run=finished", "runs_dir=.", "uncertainty.passes=3")
    assert answer.status == 0, answer.err
    found, stored = (without_limits(load(folder / "finished/uncertainty.json")) for folder in (old, RUNS))
    ways, before = ({way["name"]: way for way in content["ways"]} for content in (found, stored))
    assert list(ways) == ["plain", "views", "dropout"]
    for name, way in ways.items():
        assert list(way["metrics"]) == list(before[name]["metrics"])
        accuracies = (content["metrics"]["accuracy"]["value"] for content in (way, before[name]))
        assert not unlike(*accuracies, rel=0.05, abs=0.05), "the others hang on a temperature of twenty images"


def test_it_is_compared(sightline: Command, old: Path):
    systems = f"run=[finished,{old}/finished/uncertainty/dropout]"
    answer = sightline("compare", systems, "compare.resamples=100", "runs_dir=.", "output=anew")
    assert answer.status == 0, answer.err
    found = load(old / "anew/comparison.json")
    evaluation = load(RUNS / "finished/evaluation.json")
    assert evaluation["metrics"]["accuracy"]["value"] in {row["value"] for row in found["systems"]}
    assert set(found) == {*load(RUNS / "compared/comparison.json"), "about"}


def test_a_comparison_is_reported(sightline: Command, old: Path):
    answer = sightline("report", "run=compared", "runs_dir=.")
    assert answer.status == 0, answer.err
    assert "freezing=progressive" in (old / "compared/report.html").read_text()


def test_a_stopped_training_goes_on_to_the_end_it_had(sightline: Command, old: Path):
    """In the middle of its first epoch, the head alone training on features that were kept."""
    words = [word for word in load(old / "stopped/provenance.json")["command"][1:] if not word.startswith("runs_dir=")]
    answer = sightline(*words, "run=stopped", "runs_dir=.")
    assert answer.status == 0, answer.err
    assert "going on after step 5" in answer.out
    assert not unlike(rows(old / "stopped"), rows(RUNS / "undisturbed"), rel=0.01, abs=0.01)
    found, stored = (logits(run / "predictions/test.npz") for run in (old / "stopped", RUNS / "undisturbed"))
    np.testing.assert_allclose(found, stored, atol=0.05)
    assert load(old / "stopped/freezing.json") == load(RUNS / "undisturbed/freezing.json")
    before, after = (torch.load(run / "stopped/checkpoints/last.pt", weights_only=True) for run in (RUNS, old))
    assert list(after) == list(before)
    renamed = {"parts": "micro_batches"}
    assert list(after["progress"]) == [renamed.get(key, key) for key in before["progress"]]
