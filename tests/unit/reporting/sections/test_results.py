from sightline.reporting.contents import Contents
from sightline.reporting.sections.blocks import Alert, Table, Text
from sightline.reporting.sections.results import HEADER, blocks, metric_table, with_tta
from sightline.run.folder import Run

ACCURACY = {"value": 0.8788, "low": 0.8721, "high": 0.8849, "level": 0.95, "method": "wilson"}
UNDEFINED = {"value": None, "low": 0.0, "high": 1.0, "level": 0.95, "method": "undefined"}


def test_metric_rows_fit_their_header_and_keep_the_order():
    table = metric_table({"accuracy": ACCURACY, "roc_auc_ovr": UNDEFINED})
    assert table.rows[0] == ["Accuracy", "87.9 %", "87.2, 88.5", "95 %", "wilson"]
    assert table.rows[1][:2] == ["ROC AUC, one against rest", "–"]
    assert {len(row) for row in table.rows} == {len(HEADER)}


def test_each_metric_has_its_meaning_and_its_source(contents: Contents):
    table, note = blocks(contents)
    assert isinstance(table, Table)
    assert len(table.meanings) == len(table.sources) == len(table.rows)
    assert table.sources[0] == "evaluation.json: metrics.accuracy"
    assert isinstance(note, Text)
    assert list(with_tta(contents)) == []


def test_a_second_use_of_the_test_labels_stands_beside_the_numbers(copy: Run):
    copy.append("test_ledger.jsonl", {"time": "t", "stage": "evaluate", "purpose": "p"})
    first = next(iter(blocks(Contents(copy))))
    assert isinstance(first, Alert)
    assert first.on == "page"
