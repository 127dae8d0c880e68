import pytest

from sightline.reporting.contents import Contents
from sightline.reporting.sections.caveats import remarks, uses_tile, warnings
from sightline.run.folder import Run


@pytest.mark.parametrize(("uses", "said"), [(0, "0 times"), (1, "once"), (3, "3 times")])
def test_counts_the_uses_of_the_test_labels(copy: Run, uses: int, said: str):
    copy.save_text("test_ledger.jsonl", uses * '{"time": "t", "stage": "evaluate", "purpose": "p"}\n')
    contents = Contents(copy)
    tile = uses_tile(contents.test_uses)
    assert tile.value == said
    assert tile.beware == (uses != 1)
    assert bool(warnings(contents)) == (uses > 1)


def test_the_same_answers_measured_again_do_no_harm(copy: Run):
    copy.save_text("test_ledger.jsonl", 3 * '{"time": "t", "stage": "evaluate", "purpose": "p", "measured": ["ab"]}\n')
    contents = Contents(copy)
    tile = uses_tile(contents.test_uses)
    assert (tile.value, tile.beware) == ("once", False)
    assert "measured again: 2" in tile.remark
    assert not warnings(contents)


def test_numbers_of_another_split_are_no_test_numbers(copy: Run):
    copy.save_json("evaluation.json", copy.load_json("evaluation.json") | {"split": "val"})
    assert "val split" in warnings(Contents(copy))[0]


def test_warns_of_data_findings_and_uncommitted_code(contents: Contents):
    text = " ".join(remarks(contents))
    assert "2 images carry two labels." in text
    assert "not committed" in text
    assert "two splits" not in text, "what was dropped does no harm any more"
