from sightline.reporting.contents import Contents
from sightline.reporting.sections.blocks import Table
from sightline.reporting.sections.classification.promises import (
    SELECTIVE_HEADER,
    SET_HEADER,
    selective,
    selective_table,
    set_table,
    sets,
)
from sightline.run.folder import Run


def test_sets_that_were_not_measured_have_no_row(finished: Run):
    entries = finished.load_json("calibration.json")["conformal"]
    rows = set_table([*entries, {"method": "raps", "alpha": 0.1, "conditional": "marginal", "quantile": 1.0}]).rows
    assert [row[:3] for row in rows] == [["LAC", "90.0 %", "over all images"], ["APS", "90.0 %", "within each class"]]
    assert {len(row) for row in rows} == {len(SET_HEADER)}


def test_where_nothing_can_be_vouched_for_no_answer_is_given(finished: Run):
    rows = selective_table(finished.load_json("calibration.json")["selective"]).rows
    assert rows[0] == ["5 %", "4.80 %", "0.8100", "83.0 %", "3.10 %"]
    assert rows[1] == ["0.1 %", "n/a", "n/a", "0.0 %", "n/a"]
    assert {len(row) for row in rows} == {len(SELECTIVE_HEADER)}


def test_the_card_has_the_sets_of_the_split_that_was_measured(copy: Run):
    [table] = [block for block in sets(Contents(copy)) if isinstance(block, Table)]
    assert table.on == "page"
    calibration, evaluation = copy.load_json("calibration.json"), copy.load_json("evaluation.json")
    measured = {"conformal": calibration["conformal"][:1], "selective": []}
    copy.save_json("evaluation.json", evaluation | {"calibrated": measured})
    [table] = [block for block in sets(Contents(copy)) if isinstance(block, Table)]
    assert table.on is None
    assert table.sources == ["evaluation.json: calibrated.conformal[0]"]
    assert list(selective(Contents(copy))) == []
