"""The report: one page and one card, from the files of the run alone."""

import shutil
from pathlib import Path

from tests.stages.conftest import Stage, load, looks_at_test_labels


def test_a_page_and_a_card_from_the_files_alone(stage: Stage, run: Path):
    looks = looks_at_test_labels(run)
    shutil.rmtree(run / "checkpoints")
    assert stage("report", run) == {"report.html", "model_card.md", "log.txt"}
    accuracy = load(run, "evaluation.json")["metrics"]["accuracy"]["value"]
    for name in ("report.html", "model_card.md"):
        assert f"{accuracy:.1%}".replace("%", " %") in (run / name).read_text(), name
    assert looks_at_test_labels(run) == looks


def test_what_was_not_measured_is_left_out(stage: Stage, run: Path):
    for name in ("evaluation.json", "calibration.json", "cost.json"):
        (run / name).unlink()
    stage("report", run)
    assert "Confusion" not in (run / "report.html").read_text()
