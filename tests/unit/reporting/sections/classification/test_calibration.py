import pytest

from sightline.reporting.contents import Contents
from sightline.reporting.sections.blocks import Table, Text
from sightline.reporting.sections.classification.calibration import (
    CALIBRATOR_HEADER,
    CALIBRATOR_SCORES,
    blocks,
    calibration_table,
    calibrator_table,
    judged_on,
    on_the_split,
)
from sightline.run.folder import Run

ACCURACY = {"value": 0.8788, "low": 0.8721, "high": 0.8849, "level": 0.95, "method": "wilson"}


def test_calibration_stands_beside_what_chance_would_show():
    calibration = {
        "before": {"ece": ACCURACY, "log_loss": ACCURACY},
        "after": {"ece": ACCURACY},
        "null": {"before": {"ece": 0.008}, "after": {"ece": 0.01}},
    }
    [ece, loss] = calibration_table(calibration).rows
    assert ece == ["ECE", "87.88 % [87.21, 88.49]", "0.80 %", "87.88 % [87.21, 88.49]", "1.00 %"]
    assert loss[2:] == ["–", "–", "–"]


def measured(name: str, over: str | None) -> dict[str, object]:
    found: dict[str, object] = {"name": name, "members": 1, "metrics": dict.fromkeys(CALIBRATOR_SCORES, ACCURACY)}
    return found | ({over: dict.fromkeys(CALIBRATOR_SCORES, ACCURACY)} if over else {})


def test_changed_answers_are_told_where_there_are_any():
    first = measured("temperature", None) | {"changed": 0.0}
    other = measured("vector", "over_temperature") | {"changed": 0.012}
    rows = calibrator_table([first, other]).rows
    assert all(len(row) == len(CALIBRATOR_HEADER) for row in rows)
    assert [row[1] for row in rows].count("Answers changed") == 1
    assert rows[-1] == ["vector scaling", "Answers changed", "1.2 %", ""]


def test_page_and_card_say_the_temperature_in_their_own_way(contents: Contents):
    texts = {block.on: block.text for block in blocks(contents) if isinstance(block, Text)}
    assert "the temperature 1.904, fitted on half of the 2,000 images" in texts["page"]
    assert texts["card"].startswith("Temperature 1.9040, fitted on half of the 2,000 images")
    assert list(on_the_split(contents)) == []


def test_what_it_is_worth_was_measured_on_one_split_or_the_other():
    evaluation = {"n": 1000, "split": "test"}
    assert judged_on({"judged_on": 5000}, evaluation).startswith("5,000 images of the validation split")
    assert judged_on({}, evaluation | {"calibrated": {"temperature": 1.0}}) == "1,000 images of the test split"
    crosswise = evaluation | {"calibrated": {"temperature": 1.0, "cross_fitted": True}}
    assert judged_on({"judged_on": 50}, crosswise).startswith("50 images of the validation split")


FIT = {
    "value": 1.0, "low": 0.4, "high": 2.5, "level": 0.95, "method": "profile likelihood", "likeliest": 0.7,
    "at_bound": False, "few": True, "n": 12, "n_groups": None, "note": "It stays at 1: 12 images do not show more.",
}  # fmt: skip


def test_the_temperature_stands_with_its_limits_and_its_note(copy: Run):
    copy.save_json(
        "calibration.json", copy.load_json("calibration.json") | {"temperature": 1.0, "temperature_fit": FIT}
    )
    texts = [block.text for block in blocks(Contents(copy)) if isinstance(block, Text)]
    assert "temperature 1.000 (likeliest 0.7, 95 % interval 0.4 to 2.5), fitted on 12 of the 2,000 images" in texts[0]
    assert FIT["note"] in texts


@pytest.mark.parametrize("crosswise", [False, True])
def test_before_stands_beside_after_on_the_split_that_was_measured(copy: Run, crosswise: bool):
    measured = {
        "temperature": 1.9, "cross_fitted": crosswise, "before": {"ece": ACCURACY}, "null_before": {"ece": 0.01},
        "metrics": {"ece": ACCURACY}, "null": {"ece": 0.02}, "conformal": [], "selective": [],
    }  # fmt: skip
    copy.save_json("evaluation.json", copy.load_json("evaluation.json") | {"calibrated": measured})
    [table] = [block for block in on_the_split(Contents(copy)) if isinstance(block, Table)]
    assert table.rows == [["ECE", "87.88 % [87.21, 88.49]", "1.00 %", "87.88 % [87.21, 88.49]", "2.00 %"]]
    assert ("which fitted the temperature: each half" in table.caption) == crosswise
