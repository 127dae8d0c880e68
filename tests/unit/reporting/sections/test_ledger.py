from sightline.reporting.contents import Contents
from sightline.reporting.sections.blocks import Table, Text
from sightline.reporting.sections.ledger import blocks
from sightline.run.folder import Run


def test_one_row_a_use(contents: Contents):
    [table] = blocks(contents)
    assert isinstance(table, Table)
    assert table.rows == [["2026-11-21T01:31:00+00:00", "evaluate", "evaluation"]]


def test_the_page_says_that_there_is_none(copy: Run):
    (copy.path / "test_ledger.jsonl").unlink()
    assert list(blocks(Contents(copy))) == [Text("None so far.", soft=True, on="page")]
