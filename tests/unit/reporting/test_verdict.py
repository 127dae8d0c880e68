from dataclasses import replace

import pytest

from sightline.reporting.contents import Contents
from sightline.reporting.verdict import verdict
from sightline.run.folder import Run


@pytest.fixture
def contents(finished: Run) -> Contents:
    return Contents.read(finished)


def test_says_baseline_weakest_class_and_commonest_mistake(contents: Contents):
    assert contents.evaluation is not None
    matrix, names = contents.evaluation["confusion"], contents.evaluation["class_names"]
    supports = [sum(row) for row in matrix]
    weakest = min(contents.evaluation["per_class"], key=lambda entry: entry["f1"]["value"])
    count, truth, said = max((matrix[i][j], i, j) for i in range(10) for j in range(10) if i != j)
    text = " ".join(verdict(contents).sentences)
    assert f"right for {100 * max(supports) / sum(supports):.1f} % of them" in text
    assert f"weakest on “{weakest['class']}”" in text
    assert f"{count} of {supports[truth]} images of “{names[truth]}” are taken for “{names[said]}”" in text


@pytest.mark.parametrize(("uses", "said"), [(0, "0 times"), (1, "once"), (3, "3 times")])
def test_counts_the_uses_of_the_test_labels(contents: Contents, uses: int, said: str):
    words = verdict(replace(contents, ledger=[{"stage": "evaluate"}] * uses))
    [tile] = [tile for tile in words.tiles if tile.label == "Test labels used"]
    assert tile.value == said
    assert tile.beware == (uses != 1)
    assert bool(words.warnings) == (uses > 1)


def test_numbers_of_another_split_are_no_test_numbers(contents: Contents):
    words = verdict(replace(contents, evaluation=dict(contents.evaluation or {}, split="val"), ledger=[]))
    assert "val split" in words.warnings[0]
    assert "Test labels used" not in {tile.label for tile in words.tiles}


def test_warns_of_data_findings_and_uncommitted_code(contents: Contents):
    remarks = " ".join(verdict(contents).remarks)
    assert "2 images carry two labels." in remarks
    assert "not committed" in remarks
    assert "two splits" not in remarks, "what was dropped does no harm any more"


def test_undefined_numbers_are_left_out(contents: Contents):
    assert contents.evaluation is not None
    undefined = {"value": None, "low": None, "high": None, "level": 0.95, "method": "undefined"}
    per_class = [entry | {"f1": undefined} for entry in contents.evaluation["per_class"]]
    evaluation = dict(contents.evaluation, per_class=per_class, metrics={"f1_macro": undefined})
    words = verdict(replace(contents, evaluation=evaluation, calibration=None))
    assert "weakest" not in " ".join(words.sentences)
    assert [tile.value for tile in words.tiles] == ["n/a", "once"]
    assert words.headline == "This run has not been evaluated yet."


@pytest.mark.parametrize(("ece", "said"), [(0.01, True), (0.02, False)])
def test_an_error_no_larger_than_chance_is_called_so(contents: Contents, ece: float, said: bool):
    assert contents.calibration is not None
    after = {"ece": contents.calibration["after"]["ece"] | {"value": ece}}
    words = verdict(replace(contents, calibration=dict(contents.calibration, after=after)))
    assert ("no more than chance" in words.sentences[-1]) == said
