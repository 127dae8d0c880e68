from typing import Any

import pytest

from sightline.reporting.contents import Contents
from sightline.reporting.sections.blocks import Alert
from sightline.reporting.sections.doubts import MAPS, doubts
from sightline.run.folder import Run


def measured(run: Run, low: float, high: float, right: tuple[int, int] = (30, 20)) -> str:
    """What is said of a run with two classes of 60 and 40 test images, and such an interval of its accuracy."""
    evaluation: dict[str, Any] = run.load_json("evaluation.json")
    evaluation["metrics"]["accuracy"] |= {"value": (low + high) / 2, "low": low, "high": high}
    confusion = [[right[0], 60 - right[0]], [40 - right[1], right[1]]]
    run.save_json("evaluation.json", evaluation | {"class_names": ["ants", "bees"], "confusion": confusion, "n": 100})
    return " ".join(doubts(Contents(run)))


def logged(run: Run, steps: int, epochs: int) -> str:
    """What is said of a run with so many steps in each of so many epochs."""
    (run.path / "metrics.jsonl").unlink()
    for epoch in range(epochs):
        run.append("metrics.jsonl", {"kind": "epoch", "epoch": epoch, "step": (epoch + 1) * steps, "val_loss": 1.0})
    return " ".join(doubts(Contents(run)))


def test_a_good_run_leaves_no_doubt(contents: Contents):
    assert doubts(contents) == []


@pytest.mark.parametrize(
    ("low", "high", "begins"),
    [
        (0.53, 0.71, "Not shown to be better than one answer for all"),
        (0.6, 0.75, "Not shown to be better than one answer for all"),
        (0.4, 0.55, "Worse than one answer for all"),
        (0.61, 0.75, ""),
    ],
)
def test_a_result_is_held_against_the_largest_class(copy: Run, low: float, high: float, begins: str):
    said = measured(copy, low, high)
    assert said.startswith(begins)
    assert bool(said) == bool(begins)
    if begins:
        assert "always naming “ants” would be right for 60.0 % of these images" in said
        assert f"the 95 % interval of the accuracy runs from {100 * low:.1f} to {100 * high:.1f} %." in said


def test_few_images_leave_little_to_claim(copy: Run):
    assert "100 images leave an interval of 25 points" in measured(copy, 0.65, 0.9)


@pytest.mark.parametrize(
    ("steps", "epochs", "says"),
    [
        (1, 12, "An epoch had 1 step, 12 in all"), (9, 20, "An epoch had 9 steps, 180 in all"),
        (10, 2, ""), (2, 100, ""),
    ],
)  # fmt: skip
def test_few_steps_are_named_with_the_remedy(copy: Run, steps: int, epochs: int, says: str):
    said = logged(copy, steps, epochs)
    assert says in said
    assert ("Take training.batch_size=auto or a smaller one, or more images or epochs." in said) == bool(says)


def test_a_batch_that_can_hardly_be_smaller_is_left_alone(copy: Run):
    text = (copy.path / "config.yaml").read_text()
    copy.save_text("config.yaml", text.replace("batch_size: 512", "batch_size: 8"))
    assert "Take more images or epochs." in logged(copy, 1, 2)


def test_what_is_not_measured_yet_is_not_judged(copy: Run):
    (copy.path / "evaluation.json").unlink()
    assert doubts(Contents(copy)) == []


def test_a_place_that_is_looked_at_too_much_is_a_doubt_while_the_maps_are_of_these_weights(copy: Run):
    alarm = {"label": "ants", "place": "top left", "images": 30, "share": 0.8, "expected": 0.12, "excess": 0.5}
    explained = copy.load_json("explain/explain.json")
    copy.save_json("explain/explain.json", explained | {"summary": {"alarms": [alarm]}})
    (said,) = doubts(Contents(copy))
    assert said.startswith("80% of the mass of the maps for ants lies in the top left corner, where 12%")
    (alert,) = MAPS.blocks(Contents(copy))
    assert isinstance(alert, Alert)
    assert alert.text == said
    older = {"made_from": {"split.json": "another"}, "summary": {"alarms": [alarm]}}
    copy.save_json("explain/explain.json", explained | older)
    assert doubts(Contents(copy)) == []
