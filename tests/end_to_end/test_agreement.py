"""The same answer everywhere: the command, two lines of Python, the logged model, and the stage that measures."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.special import softmax

import sightline as package
from sightline.errors import UsageError
from sightline.tasks.answers import Model
from tests.conftest import Command
from tests.end_to_end.photos import take_photos

SAME = 1e-6
"""Of probabilities."""
WORDS = (
    *("cnn", "model.width=8", "image_size=32", "training.epochs=1", "training.batch_size=16"),
    *("data.calibration_fraction=0.3", "data.test_fraction=0.3", "data.val_fraction=0.2"),
    *("evaluation.resamples=100", "calibration.resamples=100", "mode.stages=[validate,train,calibrate,evaluate]"),
)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("photos") / "all"
    take_photos(root, 60)
    return root


@pytest.fixture(scope="module")
def run(sightline: Command, photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trained, calibrated and measured on the photos."""
    runs = tmp_path_factory.mktemp("runs")
    words = (*WORDS, "data=folder", f"data.root={photos}", "tracking=none", f"runs_dir={runs}")
    answer = sightline(*words)
    assert answer.status == 0, answer.err
    return (runs / "latest").resolve()


@pytest.fixture(scope="module")
def model(run: Path) -> Model:
    return package.load(run)


def probabilities(answers: list[dict]) -> np.ndarray:
    """(n, classes) by the order of names."""
    return np.array(
        [[top["probability"] for top in sorted(row["top"], key=lambda top: top["label"])] for row in answers]
    )


def measured(run: Path) -> dict[str, np.ndarray]:
    """The calibrated probabilities of every item that a stage predicted, by its id."""
    temperature = json.loads((run / "calibration.json").read_text())["temperature"]
    found = {}
    for split in ("val", "calibration", "test"):
        arrays = np.load(run / f"predictions/{split}.npz")
        found |= dict(
            zip(arrays["ids"].tolist(), softmax(arrays["logits"].astype(float) / temperature, axis=1), strict=True)
        )
    return found


def test_python_gives_the_very_rows_of_the_command(
    sightline: Command, run: Path, model: Model, photos: Path, tmp_path: Path
):
    answer = sightline("predict", f"run={run}", f"input={photos}", f"output={tmp_path / 'out'}", "tracking=none")
    assert answer.status == 0, answer.err
    rows = json.loads((tmp_path / "out/predictions.json").read_text())
    assert len(rows) == 60
    assert model.predict(photos) == rows
    assert model.class_names == ("lying", "upright")


def test_python_and_the_stage_that_measures_agree(run: Path, model: Model, photos: Path):
    expected = measured(run)
    assert len(expected) > 30
    answers = model.predict([photos / name for name in expected])
    np.testing.assert_allclose(probabilities(answers), list(expected.values()), atol=SAME, rtol=0)


def test_bytes_arrays_and_pillows_images_are_answered_as_files_are(model: Model, photos: Path):
    paths = sorted(photos.rglob("*.*"))
    expected = probabilities(model.predict(paths))
    np.testing.assert_allclose(probabilities(model.predict([path.read_bytes() for path in paths])), expected, atol=SAME)
    opened = [Image.open(path) for path in paths]
    np.testing.assert_allclose(probabilities(model.predict(opened)), expected, atol=SAME)
    for image in opened:
        image.close()
    kinds = ("rgba", "sixteen", "tiff16", "bmp", "webp", "bits")
    exact = [path for path in paths if path.stem.split("-")[1] in kinds]
    arrays = [np.asarray(Image.open(path)) for path in exact]
    assert {array.dtype.name for array in arrays} == {"uint8", "uint16", "bool"}
    rows = [paths.index(path) for path in exact]
    np.testing.assert_allclose(probabilities(model.predict(arrays)), expected[rows], atol=SAME)


def test_one_image_has_one_answer_and_several_have_a_list(model: Model, photos: Path):
    path = sorted(photos.rglob("*.bmp"))[0]
    alone, (among,) = model.predict(path), model.predict([path])
    assert alone == among == model.predict(str(path))
    assert alone["path"] == str(path)
    assert model.predict(path.read_bytes())["path"] is None
    assert len(model.predict(np.zeros((3, 40, 30, 3), dtype=np.uint8))) == 3
    assert model.predict([]) == []


def test_what_cannot_be_read_is_told_and_costs_no_other_answer(model: Model, photos: Path):
    path = sorted(photos.rglob("*.bmp"))[0]
    answers = model.predict(
        [path, b"no image", "/not/there.png", np.zeros((3, 8, 8), dtype=np.uint8), np.zeros((8, 8))]
    )
    assert "error" not in answers[0]
    reasons = [answer["error"] for answer in answers[1:]]
    words = ("no image of a known format", "No such file", "(3, 8, 8)", "float64 has no agreed white")
    assert all(word in reason for word, reason in zip(words, reasons, strict=True))
    with pytest.raises(UsageError, match=r"none of 1 images could be read; /not/there\.png: No such file"):
        model.predict("/not/there.png")
    with pytest.raises(UsageError, match="int is no image"):
        model.predict(3)
    with pytest.raises(UsageError, match="NoneType is no image"):
        model.predict([None])


def test_overrides_are_those_of_the_command(run: Path, photos: Path):
    path = sorted(photos.rglob("*.bmp"))[0]
    assert len(package.load(run, "predict.top_k=1", "device=cpu").predict(path)["top"]) == 1
    assert len(package.load(run.name, runs_dir=run.parent).predict(path)["top"]) == 2
    with pytest.raises(UsageError, match=r"unknown key predict\.topk"):
        package.load(run, "predict.topk=1")
    with pytest.raises(UsageError, match="cannot be changed"):
        package.load(run, "optimizer.lr=1")
    with pytest.raises(UsageError, match="is no run"):
        package.load(run / "figures")


def test_importing_the_package_imports_nothing_else():
    told = "import sys; before = set(sys.modules); import sightline; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert {name.split(".")[0] for name in done.stdout.split()} - sys.stdlib_module_names == {"sightline"}
