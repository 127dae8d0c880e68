"""The same answer everywhere: the command, two lines of Python, the logged model, and the stage that measures."""

import json
import os
import shutil
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
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
    with pytest.raises(UsageError, match=r"BytesIO is no image: .*; give what its read\(\) gives"):
        model.predict(BytesIO(path.read_bytes()))
    with pytest.raises(UsageError, match="NoneType is no image"):
        model.predict([None])


def test_overrides_are_those_of_the_command(run: Path, photos: Path):
    path = sorted(photos.rglob("*.bmp"))[0]
    assert len(package.load(run, "predict.top_k=1", "device=cpu").predict(path)["top"]) == 1
    assert len(package.load(run.name, runs_dir=run.parent).predict(path)["top"]) == 2
    with pytest.raises(UsageError, match=r"unknown key predict\.topk") as refused:
        package.load(run, "predict.topk=1")
    assert refused.value.__suppress_context__, "in a notebook it stands alone"
    assert refused.value.__cause__ is None
    with pytest.raises(UsageError, match="cannot be changed"):
        package.load(run, "optimizer.lr=1")
    with pytest.raises(UsageError, match="is no run"):
        package.load(run / "figures")


def test_importing_the_package_imports_nothing_else():
    told = "import sys; before = set(sys.modules); import sightline; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert {name.split(".")[0] for name in done.stdout.split()} - sys.stdlib_module_names == {"sightline"}


@pytest.fixture(scope="module")
def logged(sightline: Command, run: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of the model that MLflow was given."""
    import mlflow

    copy = Path(shutil.copytree(run, tmp_path_factory.mktemp("logged") / "run"))
    uri = f"sqlite:///{copy.parent / 'mlflow.db'}"
    answer = sightline("evaluate", f"run={copy}", "tracking=mlflow", f"tracking.uri={uri}")
    assert answer.status == 0, answer.err
    assert json.loads((copy / "tracking.json").read_text())["not_sent"] == []
    mirror = json.loads((copy / "mlflow_run.json").read_text())
    (output,) = mlflow.MlflowClient(uri).get_run(mirror["run_id"]).outputs.model_outputs
    return mlflow.MlflowClient(uri).get_logged_model(output.model_id).artifact_location


@pytest.mark.slow
def test_the_logged_model_answers_for_paths_bytes_and_tables(model: Model, photos: Path, logged: str):
    import mlflow
    import pandas as pd

    loaded = mlflow.pyfunc.load_model(logged)
    paths = sorted(map(str, photos.rglob("*.*")))
    expected = model.predict(paths)
    contents = [Path(path).read_bytes() for path in paths]
    for given in (paths, contents, pd.DataFrame({"image": contents})):
        answers = loaded.predict(given)
        np.testing.assert_allclose(probabilities(answers), probabilities(expected), atol=SAME)
        for key in ("label", "set", "abstain"):
            assert [answer[key] for answer in answers] == [answer[key] for answer in expected]
    assert [answer["path"] for answer in loaded.predict(paths)] == paths
    (one,) = loaded.predict(contents[0])
    assert one["label"] == expected[0]["label"]
    program = mlflow.pytorch.load_model(logged)
    assert program(torch.rand(1, 3, 32, 32)).dtype == torch.float64


ALONE = """
import json, sys
from pathlib import Path

class Absent:
    def find_spec(self, name, path=None, target=None):
        absent = {"timm", "torchvision", "hydra", "omegaconf", "optuna", "safetensors", "psutil", "rich"}
        if name.split(".")[0] in absent:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
sys.path[:] = [place for place in sys.path if not (Path(place) / "sightline").is_dir()]
import mlflow
model = mlflow.pyfunc.load_model(sys.argv[1])
import sightline
print(json.dumps([sightline.__file__, model.predict([sys.argv[2]])]))
"""
"""Loads a logged model where neither Sightline nor what only Sightline needs is installed."""


@pytest.mark.slow
def test_the_logged_model_needs_nothing_of_sightlines(model: Model, photos: Path, logged: str, tmp_path: Path):
    path = str(sorted(photos.rglob("*.jpg"))[0])
    clean = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    words = [sys.executable, "-W", "ignore", "-c", ALONE, logged, path]
    done = subprocess.run(words, cwd=tmp_path, env=clean, capture_output=True, text=True, timeout=250, check=False)
    assert done.returncode == 0, done.stderr
    place, (answer,) = json.loads(done.stdout.splitlines()[-1])
    assert "sightline.zip" in place
    expected = model.predict(path)
    assert (answer["label"], answer["set"], answer["abstain"]) == tuple(
        expected[k] for k in ("label", "set", "abstain")
    )
    assert answer["probability"] == pytest.approx(expected["probability"], abs=SAME)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_five_hundred_photos_are_answered_alike_by_command_python_logged_model_and_stage(
    sightline: Command, tmp_path: Path
):
    import mlflow

    photos, uri = tmp_path / "photos", f"sqlite:///{tmp_path / 'mlflow.db'}"
    take_photos(photos, 500, largest=1500)
    words = (*WORDS, "data=folder", f"data.root={photos}", f"runs_dir={tmp_path}", f"tracking.uri={uri}")
    answer = sightline(*words, "training.epochs=3")
    assert answer.status == 0, answer.err
    run = (tmp_path / "latest").resolve()
    command = sightline("predict", f"run={run}", f"input={photos}", f"output={tmp_path / 'out'}")
    assert command.status == 0, command.err
    rows = json.loads((tmp_path / "out/predictions.json").read_text())
    assert len(rows) == 500
    model = package.load(run)
    assert model.predict(photos) == rows
    expected, places = probabilities(rows), {row["path"]: number for number, row in enumerate(rows)}
    stage = measured(run)
    assert len(stage) > 300
    found = expected[[places[str(photos / name)] for name in stage]]
    np.testing.assert_allclose(found, list(stage.values()), atol=SAME, rtol=0)
    mirror = json.loads((run / "mlflow_run.json").read_text())
    mlflow.set_tracking_uri(uri)
    loaded = mlflow.pyfunc.load_model(f"runs:/{mirror['run_id']}/model")
    for given in ([row["path"] for row in rows], [Path(row["path"]).read_bytes() for row in rows]):
        np.testing.assert_allclose(probabilities(loaded.predict(given)), expected, atol=SAME, rtol=0)
    assert np.ptp(expected[:, 0]) > 0.3, "the answers differ enough to be worth comparing"
