"""Every configuration of a model names a task that there is; a run's files tell its task again."""

from pathlib import Path

import numpy as np
import pytest

from sightline.cli import compose_config
from sightline.config import parse
from sightline.data.splits.split import Split
from sightline.data.targets import ClassTarget
from sightline.errors import UsageError
from sightline.inference.systems import ExternalPredictions, TrainedRuns
from sightline.models.build import MODELS
from sightline.run.folder import Run
from sightline.tasks.classification.task import Classification
from sightline.tasks.table import TASKS, task_of_run, task_of_systems, task_to_train

NAMES = ("cat", "dog", "fox")


def test_every_model_is_for_a_task_of_the_table():
    assert {model.task for model in MODELS} <= set(TASKS)
    assert all(name == task.name for name, task in TASKS.items())


@pytest.mark.parametrize("model", ["cnn", "resnet"])
def test_a_split_and_a_finished_run_give_the_same_task(tmp_path: Path, model: str):
    composed = compose_config(["mode=demo", f"model={model}"])
    config = parse.parse(composed)
    label = ClassTarget(np.zeros(0, dtype=np.int64), NAMES)
    task = task_to_train(config, Split((), (), {"label": label}, None, np.zeros(0, dtype="U11"), 0))
    assert task.heads == {"label": 3}
    assert task.class_names == {"label": NAMES}
    run = Run.create(tmp_path, "a", "b")
    run.save_text("config.yaml", parse.to_yaml(config))
    run.save_json("classes.json", list(NAMES))
    assert task_of_run(run) == task


def test_systems_of_one_task_are_compared_and_no_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    run = Run.create(tmp_path, "a", "b")
    run.save_text("config.yaml", parse.to_yaml(parse.parse(compose_config(["mode=demo"]))))
    (tmp_path / "test.csv").write_text("id,label,cat,dog\na,0,1.5,0.5\nb,1,0.5,1.5\n")
    trained, external = TrainedRuns("ours", (run,)), ExternalPredictions("theirs", tmp_path)
    assert task_of_systems([trained, external]) is Classification
    monkeypatch.setattr("sightline.config.model.CnnModel.task", "segmentation")
    with pytest.raises(UsageError, match=r"^ours is for segmentation, theirs for classification"):
        task_of_systems([trained, external])
