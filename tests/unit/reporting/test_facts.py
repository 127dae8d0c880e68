import shutil
from pathlib import Path

import pytest

from sightline.reporting.contents import Contents
from sightline.reporting.facts import SPLIT_HEADER, data_facts, machine_facts, split_rows, training_facts
from sightline.run.folder import Run


def test_split_rows_count_classes_that_have_no_image():
    split = {
        "class_names": ["a", "b", "c"],
        "counts": {"train": 3, "test": 1},
        "items": {"train": {"labels": [0, 0, 2]}, "test": {"labels": [1]}},
    }
    rows = split_rows(split)
    assert rows[0][:5] == ["train", "3", "75.0 %", "0", "2"]
    assert rows[1][:5] == ["test", "1", "25.0 %", "0", "1"]
    assert {len(row) for row in rows} == {len(SPLIT_HEADER)}


def test_training_counts_epochs_from_one_and_says_why_one_was_kept(finished: Run):
    contents = Contents.read(finished)
    facts = dict(training_facts(contents))
    best = min(contents.epochs, key=lambda row: row["val_loss"])
    assert facts["Epochs"] == "14 of 20 allowed"
    assert facts["Best epoch"].startswith(f"{best['epoch'] + 1}: lowest val_loss")
    assert facts["Time"] == "9 min 47 s (42 s an epoch)"


def test_sizes_are_said_shortly_where_all_are_equal():
    sizes = {"width": {"min": 32, "median": 32, "max": 32}, "height": {"min": 20, "median": 64, "max": 400}}
    facts = dict(data_facts({"n": 1200, "classes": {"a": 1, "b": 2}, "sizes": sizes, "modes": {"RGB": 1200}}))
    assert facts == {
        "Images": "1,200 of 2 classes",
        "Sizes": "width 32; height 20 to 400, median 64",
        "Colour modes": "RGB 1,200",
    }


def test_machine_facts_bear_what_is_unknown(finished: Run):
    facts = dict(machine_facts(Contents.read(finished)))
    assert facts["Code"].endswith("with uncommitted changes")
    assert "gpu" not in facts["Machine"]


@pytest.mark.parametrize(
    ("soup", "words"),
    [
        (None, "those of the best epoch"),
        ({"epochs": [4, 2], "taken": True}, "the average of epochs 5, 3"),
        ({"epochs": [4], "taken": False}, "no average with other epochs was better"),
    ],
)
def test_whose_weights_were_kept(finished: Run, tmp_path: Path, soup: dict[str, object] | None, words: str):
    run = Run(Path(shutil.copytree(finished.path, tmp_path / "run")))
    if soup:
        run.save_json("soup.json", soup)
    assert words in dict(training_facts(Contents.read(run)))["Weights kept"]
