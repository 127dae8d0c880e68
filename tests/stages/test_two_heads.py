"""A task whose model gives a mapping goes through the stages by saying what they ask of it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from sightline.cli import compose_config
from sightline.config import parse
from sightline.config.model import CnnModel
from sightline.config.schema import Config
from sightline.errors import UsageError
from sightline.inference import loaded_run
from sightline.inference.loaded_run import LoadedRun
from sightline.inference.model import load_model
from sightline.models import build
from sightline.models.outputs import by_head
from sightline.run.folder import Run
from sightline.stages import calibrate, evaluate, explain, train, uncertainty
from sightline.tasks import table
from sightline.tasks.table import task_of_run
from tests.stages.conftest import load, looks_at_test_labels
from tests.stages.two_heads import LabelAndBrightness, TwoCollector, TwoHeads

Call = Callable[..., dict[str, float]]


@pytest.fixture
def call(run: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Runs a stage on a run of the task, which was never measured."""
    torch.manual_seed(0)
    network = TwoHeads({"label": 2, "brightness": 1}).eval()
    monkeypatch.setattr(table, "TASKS", {"classification": LabelAndBrightness})
    monkeypatch.setattr(loaded_run, "load_model", lambda _run, _device, heads, _: network if len(heads) == 2 else None)
    for name in ("predictions", "explain", "figures"):
        shutil.rmtree(run / name, ignore_errors=True)
    for name in ("evaluation.json", "calibration.json", "test_ledger.jsonl"):
        (run / name).unlink()

    def stage(which: object, **evaluation: object) -> dict[str, float]:
        opened, config = Run(run), stored(run)
        config = config.model_copy(update={"evaluation": config.evaluation.model_copy(update=evaluation)})
        with opened.entering(which.__name__.rpartition(".")[2]):  # type: ignore[attr-defined]
            found: dict[str, float] = which.run(config, opened)  # type: ignore[attr-defined]
        return found

    return stage


def stored(run: Path) -> Config:
    return parse.read(run / "config.yaml", compose_config([]))


def test_the_stage_trains_what_the_task_says(run: Path, monkeypatch: pytest.MonkeyPatch):
    """From build to the best weights, which open again as the task's model."""
    task = LabelAndBrightness(("lying", "upright"))
    monkeypatch.setattr(table, "TASKS", {"classification": LabelAndBrightness})
    monkeypatch.setitem(build.MODELS, CnnModel, lambda _config, heads, _image_size: TwoHeads(heads))
    shutil.rmtree(run / "checkpoints")
    (run / "metrics.jsonl").unlink()
    opened, config = Run(run), stored(run).model_copy(update={"runs_dir": str(run.parent)})
    with opened.entering("train"):
        best = train.run(config, opened)
    assert best["val_loss"] > 0
    assert {"train_loss", "train_accuracy", "val_loss", "val_accuracy"} <= best.keys()
    model = load_model(opened, torch.device("cpu"), task.heads)
    assert {name: tuple(tensor.shape) for name, tensor in model(torch.zeros(4, 3, 32, 32)).items()} == {
        "label": (4, 2),
        "brightness": (4, 1),
    }
    assert task_of_run(opened) == task


def test_it_is_predicted_and_measured_once(call: Call, run: Path):
    values = call(evaluate, tta="flip")
    found, loaded = load(run, "evaluation.json"), LoadedRun.open(Run(run), stored(run), {"label": 2, "brightness": 1})
    assert values == {name: entry["value"] for name, entry in found["metrics"].items()}
    with np.load(run / "predictions/test.npz") as archive:
        assert set(archive.files) == {"ids", "logits", "brightness", "labels", "made_from"}
        assert values["brightness"] == pytest.approx(archive["brightness"].mean())
        assert values["accuracy"] == np.mean(archive["logits"].argmax(axis=1) == archive["labels"])
        ids = archive["ids"].tolist()
    assert ids == load(run, "split.json")["items"]["test"]["ids"] == (run / "figures/examples.txt").read_text().split()
    assert looks_at_test_labels(run) == 1
    assert load(run, "cost.json")["parameters"] == sum(part.numel() for part in loaded.model.parameters())
    assert call(evaluate) == values, "from the stored predictions alone"
    assert looks_at_test_labels(run) == 2


@pytest.mark.usefixtures("call")
def test_each_head_is_averaged_over_the_views_of_an_image(run: Path):
    loaded = LoadedRun.open(Run(run), stored(run), {"label": 2, "brightness": 1})
    found = loaded.predict("val", TwoCollector(), "flip")
    with torch.inference_mode():
        images = torch.cat([batch.images for batch in loaded.loader("val")])
        plain, turned = by_head(loaded.model(images)), by_head(loaded.model(images.flip(3)))
    for head, values in (("label", found.logits), ("brightness", found.brightness[:, None])):
        torch.testing.assert_close(torch.from_numpy(values), (plain[head] + turned[head]) / 2, rtol=1e-4, atol=1e-5)


def test_it_is_calibrated_and_explained(call: Call, run: Path):
    values = call(calibrate)
    assert load(run, "calibration.json")["metrics"]["val"]["value"] == values["val"] != values["calibration"]
    assert call(explain) == {"images": 3.0}
    found = load(run, "explain/explain.json")
    with np.load(run / "explain/maps.npz") as archive:
        assert archive["maps"].shape[0] == 3
        assert archive["maps"].max() == 1
    assert [item["id"] for item in found["items"]] == load(run, "split.json")["items"]["val"]["ids"][:3]
    assert looks_at_test_labels(run) == 0


def test_what_it_does_not_define_is_refused_in_one_line(call: Call, run: Path):
    task = LabelAndBrightness(("a", "b"))
    with pytest.raises(UsageError, match=r"^prediction is not defined for the task label-and-brightness$"):
        task.prediction_rows(stored(run), Run(run))
    with pytest.raises(UsageError, match=r"^comparison is not defined"):
        LabelAndBrightness.compare(stored(run), [])
    call(evaluate)
    with pytest.raises(UsageError, match=r"^uncertainty is not defined"):
        call(uncertainty)
