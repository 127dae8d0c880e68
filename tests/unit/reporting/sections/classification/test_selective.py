from sightline.reporting.contents import Contents
from sightline.reporting.sections.blocks import Bullets, Table, Text
from sightline.reporting.sections.classification.selective import HEADER, blocks, selective_table
from sightline.run.folder import Run


def test_where_nothing_can_be_vouched_for_no_answer_is_given(finished: Run):
    rows = selective_table(finished.load_json("calibration.json")["selective"]).rows
    assert rows[0] == ["5 %", "4.80 %", "0.8100", "83.0 %", "3.10 %"]
    assert rows[1] == ["0.1 %", "–", "–", "0.0 %", "–"]
    assert {len(row) for row in rows} == {len(HEADER)}


def test_a_confidence_that_every_answer_has_is_any(finished: Run):
    entry = finished.load_json("calibration.json")["selective"][0]
    for threshold, shown in ((0.018, "any"), (0.1, "any"), (0.11, "0.1100")):
        assert selective_table([entry | {"threshold": threshold}], classes=10).rows[0][2] == shown


def test_the_area_is_told_without_any_target(copy: Run):
    copy.save_json("calibration.json", copy.load_json("calibration.json") | {"selective": []})
    assert list(blocks(Contents(copy))) == []
    evaluation = copy.load_json("evaluation.json")
    curve = {"aurc": {"value": 0.012, "low": 0.01, "high": 0.02, "level": 0.95, "method": "bootstrap"}}
    copy.save_json("evaluation.json", evaluation | {"risk_coverage": curve})
    [text] = blocks(Contents(copy))
    assert isinstance(text, Text)
    assert "1.20 % [1.00, 2.00] of the answers are wrong on average (AURC)" in str(text.text)


def test_it_is_told_why_and_on_which_images(copy: Run):
    calibration = copy.load_json("calibration.json")
    calibration["selective"][1]["reason"] = "20 groups; a risk of 0.001 takes at least 2995"
    copy.save_json("calibration.json", calibration | {"n_groups": 20})
    shown = list(blocks(Contents(copy)))
    [bullets] = [block for block in shown if isinstance(block, Bullets)]
    assert list(bullets.items) == ["0.1 %: 20 groups; a risk of 0.001 takes at least 2995."]
    [table] = [block for block in shown if isinstance(block, Table)]
    assert table.caption == (
        "Answers counted on 2,500 images in 20 groups of the calibration split, which gave the bounds."
    )
