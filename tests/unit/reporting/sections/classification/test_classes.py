from sightline.reporting.contents import Contents
from sightline.reporting.sections.blocks import Table
from sightline.reporting.sections.classification.classes import HEADER, blocks, class_table, confused_table
from sightline.run.folder import Run

ACCURACY = {"value": 0.8788, "low": 0.8721, "high": 0.8849, "level": 0.95, "method": "wilson"}


def test_classes_come_weakest_first_and_undefined_last():
    def entry(name: str, value: float | None) -> dict[str, object]:
        one = ACCURACY | {"value": value}
        return {"class": name, "support": 1200, "precision": one, "recall": one, "f1": one, "roc_auc": None}

    rows = class_table([entry("a", 0.9), entry("b", None), entry("c", 0.2)]).rows
    assert [row[0] for row in rows] == ["c", "a", "b"]
    assert rows[0][1] == "1,200"
    assert {len(row) for row in rows} == {len(HEADER)}


def test_a_class_without_an_image_is_not_the_weakest():
    """Files of earlier versions say 0 between 0 and 1 there."""
    known, zero = ACCURACY | {"value": 0.9}, ACCURACY | {"value": 0.0, "low": 0.0, "high": 1.0}
    absent = {"class": "b", "support": 0, "precision": zero, "recall": zero, "f1": zero, "roc_auc": None}
    present = {"class": "a", "support": 7, "precision": known, "recall": known, "f1": known, "roc_auc": None}
    rows = class_table([absent, present]).rows
    assert [row[0] for row in rows] == ["a", "b"]
    assert rows[1][3:] == ["–", "–", "–"]


def test_confusions_by_number_without_the_diagonal():
    evaluation = {"class_names": ["cat", "dog", "owl"], "confusion": [[90, 8, 2], [30, 70, 0], [0, 0, 5]]}
    assert confused_table(evaluation, most=2).rows == [["dog", "cat", "30", "30.0 %"], ["cat", "dog", "8", "8.0 %"]]


def test_a_model_without_mistakes_has_no_table_of_them(copy: Run):
    evaluation = copy.load_json("evaluation.json")
    copy.save_json("evaluation.json", evaluation | {"confusion": [[0] * 10] * 10})
    [table] = blocks(Contents(copy))
    assert isinstance(table, Table)
    assert table.caption == "Weakest first."
