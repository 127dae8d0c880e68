from pathlib import Path

import pytest

from sightline.errors import RunFailedError
from sightline.reporting.contents import LEDGER, Contents
from sightline.reporting.files import EVALUATION
from sightline.reporting.sections.split import SPLIT
from sightline.run.folder import Run


def test_an_empty_folder_holds_nothing(tmp_path: Path):
    contents = Contents(Run(tmp_path))
    assert contents.read(EVALUATION) is None
    assert not contents.has(EVALUATION)
    assert (contents.text("best.yaml"), contents.rows(LEDGER), contents.figures) == ("", [], {})
    assert contents.setting("model.name", "unknown") == "unknown"


def test_a_file_is_read_when_it_is_asked_for_and_once(copy: Run):
    contents = Contents(copy)
    copy.save_json("evaluation.json", {"split": "val"})
    found = contents.read(EVALUATION)
    assert found == {"split": "val"}
    copy.save_json("evaluation.json", {"split": "test"})
    assert contents.read(EVALUATION) is found


@pytest.mark.parametrize(
    ("model", "task"),
    [
        ("{name: cnn}", "classification"),
        ("{name: resnet18}", "classification"),
        ("{name: unet}", "segmentation"),
        ("{name: multitask}", "multitask"),
        ("null", "classification"),
    ],
)
def test_the_model_says_what_it_is_for(tmp_path: Path, model: str, task: str):
    run = Run(tmp_path)
    run.save_text("config.yaml", f"model: {model}\n")
    assert Contents(run).task == task


@pytest.mark.parametrize("content", ["{", "[]", "3"])
def test_a_damaged_file_is_named_with_the_remedy(tmp_path: Path, content: str):
    (tmp_path / "evaluation.json").write_text(content)
    with pytest.raises(RunFailedError, match=r"evaluation\.json is damaged: .*mode `evaluate` writes it anew"):
        Contents(Run(tmp_path)).read(EVALUATION)


def test_a_run_without_a_part_that_training_alone_writes_is_trained_anew(tmp_path: Path):
    (tmp_path / "split.json").write_text("{")
    with pytest.raises(RunFailedError, match=r"split\.json is damaged: .*train the run anew"):
        Contents(Run(tmp_path)).read(SPLIT)
