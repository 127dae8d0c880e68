"""Corruptions in the report."""

from typing import Any

import pytest

from sightline.reporting.contents import Contents
from sightline.reporting.sections.blocks import Heading, Table, Text
from sightline.reporting.sections.robustness import about, blocks, condition_table, name_of, score_table
from sightline.run.folder import Run


def entry(value: float | None, half: float = 0.1) -> dict[str, Any]:
    ends = (None, None) if value is None else (value - half, value + half)
    return {"value": value, "low": ends[0], "high": ends[1], "level": 0.95, "method": "Wilson"}


def condition(name: str, severity: int, accuracy: float) -> dict[str, Any]:
    sets = [
        {"method": method, "alpha": alpha, "coverage": entry(accuracy), "mean_size": 1.234}
        for method in ("aps", "lac")
        for alpha in (0.1, 0.05)
    ]
    return {"corruption": name, "severity": severity, "metrics": {"accuracy": entry(accuracy)}, "sets": sets}


def target(*, baseline: bool = False) -> dict[str, Any]:
    conditions = [condition("clean", 0, 0.9), condition("fog", 1, 0.8), condition("fog", 3, 0.6)]
    found = {
        "metric": "accuracy",
        "conditions": conditions,
        "corruptions": [{"corruption": "fog", "score": entry(0.7)}],
        "mean": entry(0.7),
    }
    if baseline:
        found["corruptions"][0]["corruption_error"] = entry(None)
        found["mean_corruption_error"] = {**entry(0.95), "high": None}
        found["over_baseline"] = entry(0.02, 0.01)
    return found


def content(**more: Any) -> dict[str, Any]:
    corruptions = {
        "constants": "cifar", "side": 32, "seed": 0, "severities": [1, 3], "notes": [], "targets": {"label": target()},
    }  # fmt: skip
    return {"split": "val", "n": 1234, "corruptions": {**corruptions, **more}}


def test_without_corruptions_no_severity_and_no_table_of_constants_is_named():
    clean = {**target(), "corruptions": [], "conditions": target()["conditions"][:1]}
    del clean["mean"]
    assert score_table(clean, [1, 3]).header == ["Corruption", "Accuracy, mean"]
    found = content(targets={"label": clean})
    assert about(found, found["corruptions"]) == "1,234 images of the val split at 32 pixels, not corrupted."


def test_a_row_a_corruption_with_the_clean_images_first():
    table = score_table(target(), [1, 3])
    assert table.header == ["Corruption", "Accuracy, mean", "severity 1", "severity 3"]
    assert table.rows == [
        ["none", "90.0 % [80.0, 100.0]", "", ""],
        ["Fog", "70.0 % [60.0, 80.0]", "80.0 %", "60.0 %"],
        ["all, mean", "70.0 % [60.0, 80.0]", "", ""],
    ]


def test_errors_over_the_baselines_may_be_undefined_or_open():
    table = score_table(target(baseline=True), [1, 3])
    assert [row[-1] for row in table.rows] == ["", "–", "0.95 [0.85, –]"]
    assert {len(row) for row in table.rows} == {len(table.header)}


def test_every_condition_has_its_intervals_and_the_first_promise_of_the_sets():
    table = condition_table(target())
    assert table.header[-2:] == ["Truth in the set, 90 % asked", "Classes in a set"]
    assert table.rows[2] == ["Fog", "3", "60.0 % [50.0, 70.0]", "60.0 % [50.0, 70.0]", "1.23"]
    bare = target()
    for one in bare["conditions"]:
        del one["sets"]
    assert condition_table(bare).header == ["Corruption", "Severity", "Accuracy"]


def test_names_are_words():
    assert [name_of(one) for one in ("jpeg_compression", "gaussian_noise", "clean")] == [
        "JPEG compression", "Gaussian noise", "none"
    ]  # fmt: skip


def test_the_section_says_which_constants_and_targets(copy: Run):
    copy.save_json(
        "robustness.json", content(targets={"label": target(), "mask": target(baseline=True)}, baseline="runs/other")
    )
    found = list(blocks(Contents(copy)))
    text = found[0]
    assert isinstance(text, Text)
    assert "1,234 images of the val split at 32 pixels, corrupted with the constants of CIFAR-10-C, seed 0" in text.text
    assert "those of runs/other: below 1 is better" in text.text
    assert [block.text for block in found if isinstance(block, Heading)] == ["label", "mask"]
    assert sum(isinstance(block, Table) for block in found) == 4
    assert Text("Accuracy, mean over all, less the baseline's: +2.0 [+1.0, +3.0].") in found


@pytest.mark.parametrize("made", [True, False])
def test_without_the_file_or_with_one_of_other_weights_nothing_is_claimed(copy: Run, made: bool):
    copy.remove("robustness.json")
    if made:
        path = copy.path / "checkpoints/best.pt"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"other weights")
        copy.save_json("robustness.json", {**content(), "made_from": {"checkpoints/best.pt": "0" * 32}})
    reason = "Left out: robustness.json was made from another checkpoints/best.pt than there is now."
    wanted = [Text(f"{reason} Mode `robustness` makes it anew.")] if made else []
    assert list(blocks(Contents(copy))) == wanted


def test_files_of_before_moves_and_noise_are_read(copy: Run):
    metrics = {"accuracy": entry(0.7), "worst_case": entry(0.5), "consistency": entry(0.8)}
    copy.save_json("robustness.json", content())
    assert not [block for block in blocks(Contents(copy)) if isinstance(block, Heading)]
    moved = {
        "metric": "accuracy",
        "clean": entry(0.9),
        "conditions": [
            {"corruption": kind, "severity": size, "metrics": metrics}
            for kind, size in (("shift", 1), ("shift", 2), ("rotation", 30))
        ],
        "all": metrics,
    }
    copy.save_json("robustness.json", {**content(), "moves": {"label": moved}})
    found = list(blocks(Contents(copy)))
    assert Heading("Shifts and rotations") in found
    (table,) = (block for block in found if isinstance(block, Table) and block.header[0] == "Moved")
    assert [row[0] for row in table.rows] == [
        "none", "Shift by 1 pixel", "Shift by 2 pixels", "Rotation by 30°", "all"
    ]  # fmt: skip
    assert table.rows[-1][1:] == ["70.0 % [60.0, 80.0]", "50.0 % [40.0, 60.0]", "80.0 % [70.0, 90.0]"]


def test_grounds_are_told_with_their_gap(copy: Run):
    grounds = {
        "n": 30, "seed": 2, "original": entry(0.9), "same": entry(0.8), "rand": entry(0.6), "gap": entry(0.2, 0.05)
    }  # fmt: skip
    copy.save_json("robustness.json", {**content(), "backgrounds": grounds})
    found = list(blocks(Contents(copy)))
    assert any(isinstance(block, Text) and "another: +20.0 [+15.0, +25.0] points" in block.text for block in found)
    (table,) = (block for block in found if isinstance(block, Table) and block.header[0] == "Ground")
    assert [row[1][:6] for row in table.rows] == ["90.0 %", "80.0 %", "60.0 %"]
