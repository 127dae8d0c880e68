"""Explanations: a map for each of a few images, and what they are of."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image

from sightline.data.image_file import size_of
from sightline.reporting import figures
from sightline.run.lock import LOCK
from sightline.run.ownership import MARKER
from tests.conftest import Command, draw_shape
from tests.stages.conftest import Stage, load, looks_at_test_labels, times

UNREAD = {"log.txt", LOCK, MARKER}


def test_it_leaves_a_map_for_every_image(stage: Stage, run: Path, bars: Path, monkeypatch: pytest.MonkeyPatch):
    shown, draw = list[Any](), figures.explanations

    def drawn(pictures: Any, *args: Any, **named: Any) -> bytes:
        shown.append((pictures, named["seen"]))
        return draw(pictures, *args, **named)

    monkeypatch.setattr(figures, "explanations", drawn)
    looks = looks_at_test_labels(run)
    written = stage("explain", run, "explain.classes=2", "explain.per_class=2")
    assert {"explain/explain.json", "explain/maps.npz", "figures/explanations.png"} <= written
    found = load(run, "explain/explain.json")
    with np.load(run / "explain/maps.npz") as archive:
        maps = archive["maps"]
    assert len(maps) == len(found["items"]) >= 2
    assert np.isfinite(maps).all()
    ((pictures, seen),) = shown
    sizes = [size_of(str(bars / item["id"])) for item in found["items"]]
    assert [picture.shape[1::-1] for picture in pictures] == sizes, "at their own size, whole"
    for (width, height), (left, top, right, bottom) in zip(sizes, seen, strict=True):
        assert left == pytest.approx(width - right)
        assert top == pytest.approx(height - bottom)
        assert right - left == pytest.approx(bottom - top), "the square in the middle"
    quality, measured = found["quality"], found["items"][0]["quality"]["gradcam"]
    assert quality["images"] == len(maps)
    assert [one["name"] for one in quality["methods"]] == ["gradcam"]
    assert all(0 <= measured[key] <= 1 for key in ("deletion", "random", "beaten"))
    assert looks_at_test_labels(run) == looks


def test_it_says_why_the_answer_and_not_another_class(stage: Stage, run: Path, bars: Path):
    few = ("explain.versus=upright", "explain.quality=light", "explain.methods=[gradcam,saliency]")
    stage("explain", run, *few, "explain.classes=2", "explain.per_class=1")
    found = load(run, "explain/explain.json")
    assert found["items"]
    for item in found["items"]:
        assert item["versus"] == 1 - item["prediction"], "for what is called upright the next best"
        assert set(item["quality"]) == {"gradcam", "saliency"}
    assert (run / "figures/explanations_saliency.png").is_file()
    stage("explain", run, "explain.methods=[saliency,gradcam]", "explain.classes=1", "explain.quality=none")
    assert {path.name for path in run.glob("figures/explanations*")} == {"explanations.png", "explanations_gradcam.png"}
    photo, overlay, drawn = f"input={bars / 'lying/00.png'}", run / "explain/input/00.png", list[bytes]()
    for words in ((), ("explain.versus=lying",), ("explain.versus=upright",)):
        assert "explain/input/00.png" in stage("explain", run, photo, *words)
        drawn.append(overlay.read_bytes())
        (row,) = load(run, "explain/input/explanations.json")["images"]
        assert row["explained"] == row["label"]
        assert row.get("versus") == (None if not words else {"lying": "upright", "upright": "lying"}[row["label"]])
    assert drawn[1] == drawn[2] != drawn[0], "of two classes there is one question, which is not that of the answer"


def test_of_images_in_groups_intervals_are_over_groups(sightline: Command, run: Path):
    split = load(run, "split.json")
    for part in split["items"].values():
        part["groups"] = [f"patient {number // 3}" for number in range(len(part["ids"]))]
    (run / "split.json").write_text(json.dumps(split))
    for file in ("explain/explain.json", "evaluation.json", "calibration.json"):
        (run / file).unlink(missing_ok=True)
    shutil.rmtree(run / "predictions")
    words = ("explain.quality=light", "explain.classes=2", "explain.per_class=1", "tracking=none")
    answer = sightline("explain", f"run={run}", *words)
    assert answer.status == 0, answer.err
    found = load(run, "explain/explain.json")
    (method,) = found["quality"]["methods"]
    assert method["removal"]["blur"]["deletion"]["own"]["method"] == "jackknife, groups"
    assert found["summary"]["classes"][0]["places"][0]["share"]["method"] == "jackknife, groups"


def test_new_images_are_explained_at_their_own_size_and_nothing_else_of_the_run_is_touched(
    stage: Stage, run: Path, tmp_path: Path
):
    stage("explain", run, "explain.classes=2", "explain.per_class=1", "explain.quality=none")
    assert "quality" not in load(run, "explain/explain.json")
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file() and path.name not in UNREAD}
    photos = tmp_path / "photos"
    (photos / "again").mkdir(parents=True)
    rng = np.random.default_rng(0)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    draw_shape(rng, 0, (300, 90)).save(photos / "wide.jpg", exif=exif)
    draw_shape(rng, 1, (60, 200)).convert("L").save(photos / "again/wide.png")
    (photos / "bad.png").write_bytes(b"no image")
    Image.fromarray(np.full((50, 70), 40_000, dtype=np.uint16)).save(photos / "deep.png")
    written = stage("explain", run, f"input={photos}")
    new = {f"explain/input/{name}" for name in ("wide.png", "wide-2.png", "deep.png", "explanations.json")}
    assert new <= written <= {*new, "log.txt"}
    assert {path: path.read_bytes() for path in before} == before
    rows = load(run, "explain/input/explanations.json")["images"]
    assert [row.get("overlay") for row in rows] == ["wide.png", None, "deep.png", "wide-2.png"]
    sizes = {row["path"]: size_of(str(run / "explain/input" / row["overlay"])) for row in rows if "overlay" in row}
    expected = {"again/wide.png": (60, 200), "deep.png": (70, 50), "wide.jpg": (90, 300)}
    assert sizes == {str(photos / name): size for name, size in expected.items()}, "upright, whole"
    deep = np.asarray(Image.open(run / "explain/input/deep.png").convert("L"))
    assert deep[25, 2] == pytest.approx(0.45 * 40_000 / 257, abs=1), "not black, as deep pixels cut to 8 bits would be"
    assert "no image of a known format" in rows[1]["error"]


def test_explanations_of_new_images_go_where_output_says(sightline: Command, run: Path, bars: Path, tmp_path: Path):
    before, photo = times(run), bars / "lying/00.png"
    words = (f"run={run}", f"output={tmp_path / 'out'}", "tracking=none")
    answer = sightline("explain", f"input={photo}", *words)
    assert answer.status == 0, answer.err
    assert f"{photo}  " in answer.out
    assert {file for file, time in times(run).items() if before.get(file) != time} <= {"log.txt"}
    assert {"00.png", "explanations.json"} <= {path.name for path in (tmp_path / "out").iterdir()}
    (row,) = load(tmp_path / "out", "explanations.json")["images"]
    sightline("predict", f"input={photo}", f"run={run}", f"output={tmp_path / 'predicted'}", "tracking=none")
    (predicted,) = load(tmp_path / "predicted", "predictions.json")
    assert {key: row[key] for key in predicted} == predicted
    answer = sightline("explain", f"input={bars / 'lying/04.png'}", *words)
    assert answer.status == 0, answer.err
    assert {"04.png", "explanations.json"} == {path.name for path in (tmp_path / "out").iterdir()} - UNREAD
    assert "1 file that the former explanations.json named was removed, 00.png first" in answer.out
    refused = sightline("explain", f"input={tmp_path / 'none.png'}", *words)
    assert (refused.status, refused.out) == (2, "")
    assert "none.png is not there" in refused.err
    (tmp_path / "bad.png").write_bytes(b"no image")
    refused = sightline("explain", f"input={tmp_path / 'bad.png'}", *words)
    assert refused.status == 2
    assert "none of 1 images could be read" in refused.err
