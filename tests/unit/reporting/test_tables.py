import pytest

from sightline.reporting import tables

ACCURACY = {"value": 0.8788, "low": 0.8721, "high": 0.8849, "level": 0.95, "method": "wilson"}
UNKNOWN = {"value": None, "low": 0.0, "high": 1.0, "level": 0.95, "method": "undefined"}


@pytest.mark.parametrize(
    ("name", "entry", "text"),
    [
        ("accuracy", ACCURACY, "87.9 % [87.2, 88.5]"),
        ("ece", ACCURACY | {"value": 0.0123, "low": 0.0101, "high": 0.0149}, "1.23 % [1.01, 1.49]"),
        ("log_loss", ACCURACY | {"value": 0.41234, "low": 0.4, "high": 0.42}, "0.4123 [0.4000, 0.4200]"),
        ("something_new", ACCURACY, "0.8788 [0.8721, 0.8849]"),
        ("accuracy", {"value": 0.5, "low": None, "high": None}, "50.0 %"),
        ("accuracy", UNKNOWN, "n/a"),
        ("accuracy", None, "n/a"),
    ],
)
def test_an_interval_reads_as_people_write_it(name: str, entry: dict[str, float] | None, text: str):
    assert tables.interval(name, entry) == text


def test_metric_rows_fit_their_header_and_keep_the_order():
    rows = tables.metric_rows({"accuracy": ACCURACY, "roc_auc_ovr": UNKNOWN})
    assert rows[0] == ["Accuracy", "87.9 %", "87.2, 88.5", "95 %", "wilson"]
    assert rows[1][:2] == ["ROC AUC, one against rest", "n/a"]
    assert {len(row) for row in rows} == {len(tables.METRIC_HEADER)}


def test_classes_come_weakest_first_and_undefined_last():
    def entry(name: str, value: float | None) -> dict[str, object]:
        one = ACCURACY | {"value": value}
        return {"class": name, "support": 1200, "precision": one, "recall": one, "f1": one, "roc_auc": None}

    rows = tables.per_class_rows([entry("a", 0.9), entry("b", None), entry("c", 0.2)])
    assert [row[0] for row in rows] == ["c", "a", "b"]
    assert rows[0][1] == "1,200"
    assert {len(row) for row in rows} == {len(tables.PER_CLASS_HEADER)}


def test_confusions_by_number_without_the_diagonal():
    evaluation = {"class_names": ["cat", "dog", "owl"], "confusion": [[90, 8, 2], [30, 70, 0], [0, 0, 5]]}
    assert tables.confused_rows(evaluation, most=2) == [["dog", "cat", "30", "30.0 %"], ["cat", "dog", "8", "8.0 %"]]


def test_calibration_stands_beside_what_chance_would_show():
    calibration = {
        "before": {"ece": ACCURACY, "log_loss": ACCURACY},
        "after": {"ece": ACCURACY},
        "null": {"before": {"ece": 0.008}, "after": {"ece": 0.01}},
    }
    [ece, loss] = tables.calibration_rows(calibration)
    assert ece == ["ECE", "87.88 % [87.21, 88.49]", "0.80 %", "87.88 % [87.21, 88.49]", "1.00 %"]
    assert loss[2:] == ["n/a", "n/a", "n/a"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0.4 s"), (48.2, "48 s"), (59.7, "1 min 00 s"), (592, "9 min 52 s"), (11100, "3 h 05 min")],
)
def test_durations(seconds: float, text: str):
    assert tables.duration(seconds) == text
