from sightline.reporting.contents import Contents
from sightline.reporting.sections.blocks import Table, Text
from sightline.reporting.sections.ledger import blocks
from sightline.run.folder import Run


def test_one_row_a_use(contents: Contents):
    table, text = blocks(contents)
    assert isinstance(table, Table)
    assert table.rows == [["2026-11-21T01:31:00+00:00", "evaluate", "evaluation", "not recorded"]]
    assert isinstance(text, Text)
    assert text.text == "Looks at new answers: 1; the same answers measured again: 0."


def test_new_answers_are_told_from_the_same_again(copy: Run):
    for answers in ("ab", "ab", "cd"):
        copy.append("test_ledger.jsonl", {"time": "t", "stage": "evaluate", "purpose": "p", "measured": [answers]})
    table, text = blocks(Contents(copy))
    assert isinstance(table, Table)
    assert [row[3] for row in table.rows] == ["not recorded", "new", "as before", "new"]
    assert isinstance(text, Text)
    assert text.text == "Looks at new answers: 3; the same answers measured again: 1."


def test_the_page_says_that_there_is_none(copy: Run):
    (copy.path / "test_ledger.jsonl").unlink()
    assert list(blocks(Contents(copy))) == [Text("None so far.", soft=True, on="page")]


def test_a_torn_line_is_told(copy: Run):
    copy.append_text("test_ledger.jsonl", '{"time": "2')
    copy.append("test_ledger.jsonl", {"time": "t", "stage": "evaluate", "purpose": "p", "measured": ["ab"]})
    torn, table, _ = blocks(Contents(copy))
    assert isinstance(torn, Text)
    assert torn.text == "Lines that a command left unfinished, before it gave a number: 1."
    assert isinstance(table, Table)
    assert len(table.rows) == 2
