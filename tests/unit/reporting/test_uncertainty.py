"""Rows about how sure one can be."""

from typing import Any

from sightline.reporting.tables import SLICE_HEADER, SUSPECT_HEADER, signed, slice_rows, suspect_rows
from sightline.reporting.uncertainty import (
    CALIBRATOR_HEADER,
    CALIBRATOR_SCORES,
    MISTAKE_HEADER,
    SHOWN,
    UNKNOWN_HEADER,
    WAY_HEADER,
    calibrator_rows,
    mistake_rows,
    unknown_rows,
    way_rows,
)


def entry(value: float, half: float) -> dict[str, Any]:
    return {"value": value, "low": value - half, "high": value + half, "level": 0.95, "method": "bootstrap"}


def measured(name: str, over: str | None, scores: tuple[str, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {"name": name, "members": 1, "metrics": {score: entry(0.4, 0.1) for score in scores}}
    return found | ({over: {score: entry(-0.01, 0.02) for score in scores}} if over else {})


DETECTED = {name: entry(0.9, 0.02) for name in ("auroc", "aupr_in", "aupr_out", "fpr95")}


def test_each_way_and_score_has_a_row():
    plain = measured("plain", None, SHOWN) | {"mistakes": {"confidence": DETECTED}}
    many = measured("ensemble", "over_plain", SHOWN) | {"members": 5, "mistakes": {"mutual_information": DETECTED}}
    rows = way_rows({"ways": [plain, many]})
    assert all(len(row) == len(WAY_HEADER) for row in rows)
    assert rows[0] == ["one plain answer", "Accuracy", "40.0 % [30.0, 50.0]", ""]
    assert rows[5] == ["ensemble of runs, 5 each", "Log loss", "0.4000 [0.3000, 0.5000]", "-0.0100 [-0.0300, +0.0100]"]
    mistakes = mistake_rows({"ways": [plain, many]})
    assert mistakes[1] == ["ensemble of runs", "members disagree", "0.9000 [0.8800, 0.9200]", "90.0 % [88.0, 92.0]"]
    assert len(mistakes[0]) == len(MISTAKE_HEADER)


def test_changed_answers_are_told_where_there_are_any():
    first = measured("temperature", None, CALIBRATOR_SCORES) | {"changed": 0.0}
    other = measured("vector", "over_temperature", CALIBRATOR_SCORES) | {"changed": 0.012}
    rows = calibrator_rows([first, other])
    assert all(len(row) == len(CALIBRATOR_HEADER) for row in rows)
    assert [row[1] for row in rows].count("Answers changed") == 1
    assert rows[-1] == ["vector scaling", "Answers changed", "1.2 %", ""]


def test_each_score_of_unknown_images_has_a_row():
    (row,) = unknown_rows({"scores": {"knn": DETECTED}})
    assert row[0] == "distance to the k-th neighbour"
    assert row[-1] == "90.0 % [88.0, 92.0]"
    assert len(row) == len(UNKNOWN_HEADER)


def test_a_slice_stands_beside_the_others():
    whole = {"column": "site", "value": "a", "n": 1200, "accuracy": entry(0.9, 0.02)}
    rows = slice_rows([whole, whole | {"difference": entry(-0.031, 0.02)}])
    assert rows == [
        ["site", "a", "1,200", "90.0 % [88.0, 92.0]", "n/a"],
        ["site", "a", "1,200", "90.0 % [88.0, 92.0]", "-3.1 [-5.1, -1.1]"],
    ]
    assert len(rows[0]) == len(SLICE_HEADER)


def test_a_difference_has_its_sign():
    assert signed("log_loss", entry(0.5, 0.25)) == "+0.5000 [+0.2500, +0.7500]"


def test_suspect_labels_are_cut_to_the_gravest():
    item = {"id": "a.png", "label": "cat", "rather": "dog", "label_probability": 0.001, "rather_probability": 0.98}
    rows = suspect_rows({"count": 30, "items": [item] * 30})
    assert rows == [["a.png", "cat", "dog", "0.10 %", "98.00 %"]] * 10
    assert len(rows[0]) == len(SUSPECT_HEADER)
