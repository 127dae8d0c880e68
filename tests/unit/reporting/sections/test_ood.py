from typing import Any

from sightline.reporting.sections.ood import HEADER, ood_table


def entry(value: float, half: float) -> dict[str, Any]:
    return {"value": value, "low": value - half, "high": value + half, "level": 0.95, "method": "bootstrap"}


def test_each_score_has_a_row():
    detected = {name: entry(0.9, 0.02) for name in ("auroc", "aupr_in", "aupr_out", "fpr95")}
    (row,) = ood_table({"scores": {"knn": detected}}).rows
    assert row[0] == "distance to the k-th neighbour"
    assert row[-1] == "90.0 % [88.0, 92.0]"
    assert len(row) == len(HEADER)
