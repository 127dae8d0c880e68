"""Rows about how sure one can be."""

from typing import Any

from sightline.reporting.contents import Contents
from sightline.reporting.sections.blocks import Text
from sightline.reporting.sections.classification.uncertainty import (
    HEADER,
    MISTAKE_HEADER,
    SCORES,
    blocks,
    method_table,
    mistake_table,
)
from sightline.run.folder import Run


def entry(value: float, half: float) -> dict[str, Any]:
    return {"value": value, "low": value - half, "high": value + half, "level": 0.95, "method": "bootstrap"}


def measured(name: str, over: str | None) -> dict[str, Any]:
    found: dict[str, Any] = {"name": name, "members": 1, "metrics": {score: entry(0.4, 0.1) for score in SCORES}}
    return found | ({over: {score: entry(-0.01, 0.02) for score in SCORES}} if over else {})


DETECTED = {name: entry(0.9, 0.02) for name in ("auroc", "aupr_in", "aupr_out", "fpr95")}


def test_each_method_and_score_has_a_row():
    plain = measured("plain", None) | {"mistakes": {"confidence": DETECTED}}
    many = measured("ensemble", "over_plain") | {"members": 5, "mistakes": {"mutual_information": DETECTED}}
    rows = method_table({"ways": [plain, many]}).rows
    assert all(len(row) == len(HEADER) for row in rows)
    assert rows[0] == ["one plain answer", "Accuracy", "40.0 % [30.0, 50.0]", ""]
    assert rows[5] == ["ensemble of runs, 5 each", "Log loss", "0.4000 [0.3000, 0.5000]", "-0.0100 [-0.0300, +0.0100]"]
    mistakes = mistake_table({"ways": [plain, many]}).rows
    assert mistakes[1] == ["ensemble of runs", "members disagree", "0.9000 [0.8800, 0.9200]", "90.0 % [88.0, 92.0]"]
    assert len(mistakes[0]) == len(MISTAKE_HEADER)


def test_what_was_made_from_other_weights_is_left_out(copy: Run):
    """A training that went on leaves it behind, and its pipeline does not make it anew."""
    path = copy.path / "checkpoints/best.pt"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"other weights")
    content = {"ways": [measured("plain", None) | {"mistakes": {}}], "n": 10, "split": "test"}
    copy.save_json("uncertainty.json", {**content, "made_from": {"checkpoints/best.pt": "0" * 32}})
    reason = "uncertainty.json was made from another checkpoints/best.pt than there is now"
    assert list(blocks(Contents(copy))) == [Text(f"Left out: {reason}. Mode `uncertainty` makes it anew.")]
