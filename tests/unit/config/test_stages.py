"""The table of stages: all there is, and nothing besides."""

from pathlib import Path

import pytest
import yaml

import sightline
from sightline import cli
from sightline.commands.pipeline import _stage
from sightline.config.stages import STAGES, artifacts, writer_of
from sightline.errors import UsageError

ROOM = Path(sightline.__file__).parent / "stages"


def test_every_stage_is_a_file_and_has_a_mode():
    files = {path.stem for path in ROOM.glob("*.py") if "\ndef run(" in path.read_text()}  # others are parts of one
    assert set(STAGES) == files
    assert set(STAGES) <= set(cli.choices()["mode"])


def test_a_mode_begins_with_the_stage_of_its_name_unless_it_is_a_pipeline():
    for path in (cli.conf_dir() / "mode").glob("*.yaml"):
        content = yaml.safe_load(path.read_text())
        mode = content.get("mode", content)
        assert mode["stages"][0] == path.stem or mode["stages"][:2] in (["validate", "train"], ["validate", path.stem])


@pytest.mark.parametrize("name", ["../../x", "os", "os.path", "train.run", "", "__init__", "stages"])
def test_a_configuration_cannot_name_code(name: str):
    with pytest.raises(UsageError, match=r"^mode\.stages\.1=.* must be 'validate', 'train', .* or 'sweep'"):
        cli.configure(f'mode.stages=[train,"{name}"]')
    with pytest.raises(AssertionError, match="is no stage"):
        _stage(name)


def test_predictions_of_another_tool_are_for_the_stages_that_take_them():
    message = r"predictions is for mode=evaluate and mode=calibrate, not mode=compare; compare takes such folders"
    with pytest.raises(UsageError, match=message):
        cli.configure("mode=compare", "predictions=there")


def test_all_that_was_mirrored_before_the_table_is():
    assert set(artifacts()) >= {
        "config.yaml", "provenance.json", "split.json", "validation.json", "preprocessing.json", "metrics.jsonl",
        "evaluation.json", "calibration.json", "sweep.json", "best.yaml", "test_ledger.jsonl",
        "explain/explain.json", "figures/*.png", "model_card.md", "report.html", "checkpoints/best.pt",
    }  # fmt: skip
    assert len(set(artifacts())) == len(artifacts())


@pytest.mark.parametrize(
    ("file", "mode"),
    [
        ("validation.json", "validate"),
        ("split.json", "train"),
        ("preprocessing.json", "train"),
        ("evaluation.json", "evaluate"),
        ("calibration.json", "calibrate"),
        ("uncertainty.json", "uncertainty"),
        ("explain/explain.json", "explain"),
        ("predictions/val.npz", "calibrate"),
        ("predictions/calibration.npz", "calibrate"),
        ("predictions/test.npz", "evaluate"),
        ("classes.json", "train"),
    ],
)
def test_the_mode_that_writes_a_file_is_known(file: str, mode: str):
    assert writer_of(file) == mode


def test_a_training_measures_robustness_before_it_reports_where_that_was_chosen():
    stages = ("validate", "train", "calibrate", "evaluate", "explain")
    assert cli.configure("mode=train").mode.stages == (*stages, "report")
    assert cli.configure("mode=train", "robustness=quick").mode.stages == (*stages, "robustness", "report")
    assert cli.configure("mode=demo", "robustness=quick").mode.stages[-2:] == ("robustness", "report")
    assert cli.configure("mode=robustness", "robustness=quick").mode.stages == ("robustness", "report")
    assert cli.configure("robustness=quick", "mode.stages=[validate,train]").mode.stages == ("validate", "train")
