from sightline.reporting.contents import Contents
from sightline.reporting.sections.blocks import Bullets, Table
from sightline.reporting.sections.classification.conformal import HEADER, blocks, set_table
from sightline.run.folder import Run


def test_sets_that_were_not_measured_have_no_row(finished: Run):
    entries = finished.load_json("calibration.json")["conformal"]
    rows = set_table([*entries, {"method": "raps", "alpha": 0.1, "conditional": "marginal", "quantile": 1.0}]).rows
    assert [row[:3] for row in rows] == [["LAC", "90.0 %", "over all images"], ["APS", "90.0 %", "within each class"]]
    assert {len(row) for row in rows} == {len(HEADER)}


def test_the_card_has_the_sets_of_the_split_that_was_measured(copy: Run):
    [table] = [block for block in blocks(Contents(copy)) if isinstance(block, Table)]
    assert table.on == "page"
    calibration, evaluation = copy.load_json("calibration.json"), copy.load_json("evaluation.json")
    measured = {"conformal": calibration["conformal"][:1], "selective": []}
    copy.save_json("evaluation.json", evaluation | {"calibrated": measured})
    [table] = [block for block in blocks(Contents(copy)) if isinstance(block, Table)]
    assert table.on is None
    assert table.sources == ["evaluation.json: calibrated.conformal[0]"]


def test_promises_that_say_nothing_are_named(copy: Run):
    calibration = copy.load_json("calibration.json")
    calibration["conformal"][0]["empty_promise"] = "fewer than 9 images: every set holds every class"
    calibration["conformal"][1]["empty_promise"] = "1 of 10 classes have fewer than 9 images and stand in every set"
    copy.save_json("calibration.json", calibration)
    [bullets] = [block for block in blocks(Contents(copy)) if isinstance(block, Bullets)]
    assert [text.split(":")[0] for text in bullets.items] == [
        "LAC, 90.0 % over all images",
        "APS, 90.0 % within each class",
    ]
    assert bullets.items[0].endswith("Such a promise is kept and says nothing.")
    assert bullets.items[1].endswith("For these classes the promise is kept and says nothing.")
