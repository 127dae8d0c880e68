"""A run seen as one of a single target: results are its part, files that it writes begin with its name."""

from pathlib import Path

import pytest

from sightline.errors import RunFailedError
from sightline.run.folder import Run
from sightline.run.part import PartOfRun


@pytest.fixture
def whole(tmp_path: Path) -> Run:
    run = Run.create(tmp_path, "a", "b")
    run.save_json("calibration.json", {"label": {"temperature": 2.0}, "made_from": {"checkpoints/best.pt": "x"}})
    run.save_json("split.json", {"seed": 3})
    return run


def test_shared_files_hold_the_part_of_the_target_and_their_origin(whole: Run):
    label, mask = PartOfRun(whole, "label"), PartOfRun(whole, "mask")
    assert label.load_json("calibration.json") == {"temperature": 2.0, "made_from": {"checkpoints/best.pt": "x"}}
    assert (label.has("calibration.json"), mask.has("calibration.json"), label.has("evaluation.json")) == (
        True,
        False,
        False,
    )
    with pytest.raises(RunFailedError, match=r"calibration\.json is damaged: it lacks after"):
        label.load_json("calibration.json")["after"]


def test_all_else_is_that_of_the_run(whole: Run):
    assert PartOfRun(whole, "mask").load_json("split.json") == {"seed": 3}
    assert PartOfRun(whole, "mask").path == whole.path


def test_figures_and_lists_begin_with_the_name_of_the_target(whole: Run):
    part = PartOfRun(whole, "mask")
    for name in ("figures/confusion.png", "examples/mistakes.csv", "cost.json"):
        part.save_bytes(name, b"x")
        assert part.has(name)
    for name in ("figures/mask_confusion.png", "examples/mask_mistakes.csv", "cost.json"):
        assert whole.has(name)
    part.remove("figures/confusion.png")
    assert not whole.has("figures/mask_confusion.png")
