"""Export: a file that answers as `predict` does, or none."""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import sightline as package
from sightline.config.model import some_unet
from sightline.errors import UsageError
from sightline.inference.export import photos
from sightline.inference.export.graph import ExportedClassifier
from sightline.run.folder import Run
from sightline.stages import export as stage_file
from sightline.stages.export import check_exportable
from tests.conftest import ROOT, Command
from tests.stages import eager
from tests.stages.conftest import Stage, load, looks_at_test_labels

KILLED = """
import os, sys
import pytest
from sightline.cli import main
from sightline.stages import export
from tests.stages import eager
flush = os.fsync
def killed(descriptor):
    if sys.argv[1] in os.readlink(f"/proc/self/fd/{descriptor}"):
        os.kill(os.getpid(), 9)
    flush(descriptor)
os.fsync = killed
with pytest.MonkeyPatch.context() as patch:
    eager.install(patch, export)
    main(sys.argv[2:])
"""


@pytest.fixture
def few_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photos, "SHAPES", ((33, 33), (97, 47)))


def answers(file: Path, pixels: np.ndarray) -> np.ndarray:
    """As somebody else's program asks the file."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    return session.run(None, {"images": pixels})[0]


@pytest.mark.slow
def test_the_file_answers_as_predict_does(stage: Stage, run: Path, bars: Path):
    written = stage("export", run)
    assert written - {"log.txt"} == {"export/model.onnx", "export/parity.json"}
    assert looks_at_test_labels(run) == 1, "the one of the evaluation before"
    parity = load(run, "export/parity.json")
    found = parity["files"]["export/model.onnx"]
    assert (parity["split"], parity["tolerance"]) == ("val", 1e-4)
    assert found["largest"] <= 1e-5
    assert {(one["batch"], one["height"]) for one in found["cells"]} >= {(None, None), (1, 33), (32, 640)}
    model = package.load(str(run), "device=cpu")
    with Image.open(next(bars.rglob("*.png"))) as image:
        photo = image.convert("RGB").resize((311, 97))
    wanted = {one["label"]: one["probability"] for one in model.predict(photo)["top"]}
    given = answers(run / "export/model.onnx", np.asarray(photo)[None].repeat(3, axis=0))
    assert given == pytest.approx(np.tile([wanted[name] for name in model.class_names], (3, 1)), abs=1e-5)

    import onnx

    said = {one.key: one.value for one in onnx.load(run / "export/model.onnx").metadata_props}
    assert json.loads(said["classes"]) == list(model.class_names)
    calibration = load(run, "calibration.json")
    decisions = json.loads(said["answers"])["decisions"]
    assert decisions["temperature"] == calibration["temperature"]
    assert {"quantile", "threshold"} <= decisions.keys()
    assert (json.loads(said["image_size"]), json.loads(said["fit"])) == (32, "crop")
    assert said["sightline"] == package.__version__
    assert len(json.loads(said["data"])) > 10

    stage("report", run)
    page = (run / "report.html").read_text()
    assert "export/model.onnx" in page
    assert "640 x 427" in page


@pytest.mark.slow
@pytest.mark.usefixtures("few_sizes")
def test_a_transformer_of_timms(sightline: Command, bars: Path, tmp_path: Path):
    words = ("model.name=test_vit", "model.pretrained=false", "image_size=64", "training.batch_size=16")
    answer = sightline(
        "1", "timm", *words, "data=folder", f"data.root={bars}", "tracking=none", "mode.stages=[validate,train]",
        f"runs_dir={tmp_path}",
    )  # fmt: skip
    assert answer.status == 0, answer.err
    answer = sightline("export", "run=latest", f"runs_dir={tmp_path}")
    assert answer.status == 0, answer.err
    assert load(tmp_path / "latest", "export/parity.json")["files"]["export/model.onnx"]["largest"] <= 1e-5


def test_what_answers_otherwise_is_not_kept(sightline: Command, run: Path, monkeypatch: pytest.MonkeyPatch):
    """Nor what an earlier export left."""
    eager.install(monkeypatch, stage_file)
    assert sightline("export", f"run={run}").status == 0
    assert (run / "export/model.onnx").read_bytes() == b"whole"
    monkeypatch.setattr(stage_file, "ExportedClassifier", lambda network, seen, _: ExportedClassifier(network, seen, 2))
    answer = sightline("export", f"run={run}")
    assert answer.status == 3, answer.err
    assert "the first step that differs is temperature" in answer.err
    assert not list((run / "export").iterdir())


@pytest.mark.slow
def test_killed_while_it_writes_it_leaves_no_half_file(run: Path):
    (run / "export").mkdir()
    (run / "export/parity.json").write_text(json.dumps({"files": {}}))
    words = ["model.onnx", "export", f"run={run}"]
    killed = subprocess.run([sys.executable, "-c", KILLED, *words], cwd=ROOT, capture_output=True, check=False)
    assert killed.returncode == -9, killed.stderr
    left = [file.name for file in (run / "export").iterdir()]
    assert left
    assert all(name.startswith(".") for name in left), "under no name that anybody reads, figures of before included"


@pytest.mark.parametrize("fit", ["letterbox", "squash"])
def test_what_no_file_can_hold_yet_is_refused(sightline: Command, run: Path, fit: str):
    seen = load(run, "preprocessing.json")
    (run / "preprocessing.json").write_text(json.dumps({**seen, "fit": fit}))
    answer = sightline("export", f"run={run}")
    assert answer.status == 2
    assert f"fit={fit}; so far fit=crop alone is exported" in answer.err
    assert not (run / "export").exists()


def test_masks_are_refused(tmp_path: Path):
    with pytest.raises(UsageError, match="model=unet predicts mask; so far"):
        check_exportable(SimpleNamespace(model=some_unet()), Run(tmp_path))
