"""Predictions for images that the run has never seen."""

import csv
import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.special import softmax

from sightline.inference import images as images_file
from sightline.inference import predictor
from tests.conftest import Command
from tests.stages.conftest import SMALL, load, times


def answers_of(out: str) -> list[str]:
    """The lines that are about an image: a name, two blanks, what is said."""
    return [line for line in out.splitlines() if "  " in line]


def test_every_file_has_a_row_in_the_order_in_which_it_was_named(
    sightline: Command, run: Path, bars: Path, tmp_path: Path
):
    before = times(run)
    images = tmp_path / "images"
    images.mkdir()
    for number, file in enumerate(sorted(bars.glob("*/0[0-3].*"))):
        (images / f"{number}{file.suffix}").write_bytes(file.read_bytes())
    (images / "3a.png").write_bytes(b"no picture")
    (twice,) = images.glob("5.*")
    named = f"input=[{twice},{images},{twice}]"
    answer = sightline("predict", f"run={run}", named, f"output={tmp_path / 'out'}", "tracking=none")
    assert answer.status == 0, answer.err
    written = {file for file, time in times(run).items() if before.get(file) != time}
    assert written == {"log.txt"}, "a run is only read"

    rows = json.loads((tmp_path / "out/predictions.json").read_text())
    files = [twice, *sorted(images.iterdir()), twice]
    assert [row["path"] for row in rows] == list(map(str, files))
    assert [line.split("  ")[0] for line in answers_of(answer.out)] == list(map(str, files))
    assert [Path(row["path"]).name for row in rows if "error" in row] == ["3a.png"]
    assert rows[0] == rows[-1]
    assert "predictions of 10 images, and what is wrong with 1 unreadable file, are in" in answer.out
    for row in (row for row in rows if "error" not in row):
        assert sum(entry["probability"] for entry in row["top"]) == pytest.approx(1)
        assert row["label"] == row["top"][0]["label"]


def test_an_image_alone_is_answered_on_the_terminal(sightline: Command, run: Path, bars: Path):
    before = times(run)
    answer = sightline("predict", f"run={run}", f"input={bars / 'lying/00.png'}", "predict.top_k=1", "tracking=none")
    assert answer.status == 0, answer.err
    (line,) = answers_of(answer.out)
    assert "%  {" in line
    assert times(run).keys() == before.keys()


def test_sets_and_abstention_are_columns_and_the_head_says_what_they_are_worth(
    sightline: Command, run: Path, bars: Path, tmp_path: Path
):
    words = (f"run={run}", f"input={bars}", "predict.top_k=2", f"output={tmp_path / 'out'}", "tracking=none")
    answer = sightline("predict", *words)
    assert answer.status == 0, answer.err
    assert [line.split(" ")[0].strip(":") for line in answer.out.splitlines()[:3]] == [
        "probabilities",
        "{…}",
        "abstains",
    ]
    content = json.loads((run / "calibration.json").read_text())
    quantile = next(one["quantile"] for one in content["conformal"] if one["method"] == "lac")
    rows = json.loads((tmp_path / "out/predictions.json").read_text())
    for row in rows:
        expected = [top["label"] for top in row["top"] if quantile is None or 1 - top["probability"] <= quantile]
        assert row["set"] == expected
        threshold = content["selective"][0]["threshold"]
        assert row["abstain"] is (threshold is None or row["probability"] < threshold)
    with (tmp_path / "out/predictions.csv").open(newline="", encoding="utf-8") as stream:
        table = list(csv.DictReader(stream))
    assert list(table[0]) == ["path", "label", "probability", "set", "abstain", "error"]
    assert [json.loads(row["set"]) for row in table] == [row["set"] for row in rows]
    assert {row["abstain"] for row in table} == {str(row["abstain"]).lower() for row in rows}
    refused = sightline("predict", *words, "predict.alpha=0.3")
    assert refused.status == 2
    assert "predict.alpha=0.3: the run is calibrated for 0.1;" in refused.err


def test_without_calibration_columns_are_empty_and_it_is_said(
    sightline: Command, run: Path, bars: Path, tmp_path: Path
):
    (run / "calibration.json").unlink()
    words = (f"run={run}", f"input={bars / 'lying/00.png'}", f"output={tmp_path / 'out'}", "tracking=none")
    answer = sightline("predict", *words)
    assert answer.status == 0, answer.err
    assert (
        "the run is not calibrated: these probabilities are the network's own, set and abstain stay empty" in answer.err
    )
    with (tmp_path / "out/predictions.csv").open(newline="", encoding="utf-8") as stream:
        (row,) = csv.DictReader(stream)
    assert (row["set"], row["abstain"]) == ("", "")
    assert float(row["probability"]) > 0


def test_a_name_that_is_no_text_costs_no_answer(sightline: Command, run: Path, bars: Path, tmp_path: Path):
    images, out = tmp_path / "images", tmp_path / "out"
    images.mkdir()
    content = (bars / "lying/00.png").read_bytes()
    for name in (b"bad\xff.png", b"broken\xff.png", b"esc\x1b[31m.png", b"two\nlines.png"):
        (images / os.fsdecode(name)).write_bytes(b"" if name.startswith(b"broken") else content)
    answer = sightline("predict", f"run={run}", f"input={images}", f"output={out}", "tracking=none")
    assert answer.status == 0, answer.err
    names = [
        f"{images}/{name}" for name in ("bad\\udcff.png", "broken\\udcff.png", "esc\x1b[31m.png", "two\nlines.png")
    ]
    shown = sorted(line.split("  ")[0] for line in answers_of(answer.out))
    assert shown == [name.replace("\x1b", "\\x1b").replace("\n", "\\n") for name in names]
    rows = json.loads((out / "predictions.json").read_text())
    with (out / "predictions.csv").open(newline="", encoding="utf-8") as stream:
        table = list(csv.DictReader(stream))
    assert sorted(row["path"] for row in rows) == sorted(row["path"] for row in table) == names
    assert [row["path"] for row in table if not row["label"]] == names[1:2]
    json.dumps(rows, ensure_ascii=False).encode()  # other readers of JSON know no lone surrogates


def test_what_fails_late_keeps_what_was_answered(
    sightline: Command, run: Path, bars: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(predictor, "CHUNK", 2)
    decode = images_file.decode
    images = sorted((bars / "lying").glob("0[0-5].*"))

    def breaks(*arguments: object) -> object:
        if arguments[0] == images[4].read_bytes():
            raise KeyError("a defect")
        return decode(*arguments)

    monkeypatch.setattr(images_file, "decode", breaks)
    named = f"input=[{','.join(map(str, images))}]"
    answer = sightline("predict", f"run={run}", named, f"output={tmp_path / 'out'}", "tracking=none")
    assert answer.status == 1
    assert [line.split("  ")[0] for line in answers_of(answer.out)] == [str(path) for path in images[:4]]
    (kept,) = (tmp_path / "out").glob("predictions.json.*.partial")
    assert [row["path"] for row in json.loads(kept.read_text())] == [str(path) for path in images[:4]]
    assert str(kept) in answer.err


def test_where_nothing_can_be_read_one_line_says_so_and_nothing_is_written(
    sightline: Command, run: Path, tmp_path: Path
):
    images, out = tmp_path / "images", tmp_path / "out"
    images.mkdir()
    os.mkfifo(images / "pipe.png")
    (images / "round.png").symlink_to("round.png")
    answer = sightline("predict", f"run={run}", f"input={images}", f"output={out}", "tracking=none")
    assert (answer.status, answer.out) == (2, "")
    assert "none of 2 images could be read" in answer.err
    assert "named pipe" in answer.err
    assert not out.exists()


def test_grey_of_12_bits_is_seen_alike_in_training_evaluation_and_here(sightline: Command, bars: Path, tmp_path: Path):
    for file in sorted(bars.glob("*/*")):
        grey = np.asarray(Image.open(file).convert("L")).astype(np.uint16) * 16
        place = tmp_path / "deep" / file.parent.name / f"{file.stem}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(grey).save(place)
    words = ("train", "cnn", "data=folder", f"data.root={tmp_path / 'deep'}", *SMALL, f"runs_dir={tmp_path / 'runs'}")
    trained = sightline(*words, "mode.stages=[validate,train,evaluate]")
    assert trained.status == 0, trained.err
    run = (tmp_path / "runs/latest").resolve()
    assert load(run, "preprocessing.json")["white"] == 4095
    assert min(load(run, "preprocessing.json")["mean"]) > 0.1, "not black"
    with np.load(run / "predictions/test.npz") as stored:
        ids, expected = stored["ids"].tolist(), softmax(stored["logits"], axis=1)
    named = ",".join(str(tmp_path / "deep" / name) for name in ids)
    answer = sightline("predict", f"run={run}", f"input=[{named}]", f"output={tmp_path / 'out'}", "tracking=none")
    assert answer.status == 0, answer.err
    for row, probabilities in zip(json.loads((tmp_path / "out/predictions.json").read_text()), expected, strict=True):
        assert row["probability"] == pytest.approx(probabilities.max(), abs=1e-5)


def test_the_first_line_says_which_run_answers_where_none_was_named(sightline: Command, finished: Path, bars: Path):
    runs, image = finished.parent.parent, bars / "lying/00.png"
    assert finished.parent.name == f"{bars.name}-cnn", "runs are called after the folder of the images"
    lines = sightline("predict", str(image), f"runs_dir={runs}", "tracking=none").out.splitlines()
    assert lines[0] == f"run: the latest, {finished.parent.name}/{finished.name}"
    assert lines[-1].startswith(str(image))
