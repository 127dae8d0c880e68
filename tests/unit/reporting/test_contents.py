from pathlib import Path

import pytest

from sightline.errors import RunFailedError
from sightline.reporting.contents import Contents
from sightline.run.folder import Run


@pytest.mark.parametrize(
    ("monitor", "values", "kept"),
    [("val_loss", [3.0, 1.0, 1.0, 2.0], 1), ("val_accuracy", [0.1, 0.9, 0.9, 0.5], 1), ("val_f1_macro", [0.1, 0.2], 1)],
)
def test_the_kept_epoch_is_the_earliest_best(tmp_path: Path, monitor: str, values: list[float], kept: int):
    run = Run(tmp_path)
    run.save_text("config.yaml", f"training: {{monitor: {monitor}}}\n")
    for epoch, value in enumerate(values):
        run.append("metrics.jsonl", {"kind": "step", "epoch": epoch, "step": epoch, "loss": 0.0})
        run.append("metrics.jsonl", {"kind": "epoch", "epoch": epoch, monitor: value})
    row = Contents.read(run).kept
    assert row is not None
    assert row["epoch"] == kept


def test_an_empty_folder_holds_nothing(tmp_path: Path):
    contents = Contents.read(Run(tmp_path))
    assert contents.kept is None
    assert contents.evaluation is None
    assert contents.setting("model.name", "unknown") == "unknown"


def test_a_damaged_file_is_named(tmp_path: Path):
    (tmp_path / "evaluation.json").write_text("{")
    with pytest.raises(RunFailedError, match=r"evaluation\.json"):
        Contents.read(Run(tmp_path))
