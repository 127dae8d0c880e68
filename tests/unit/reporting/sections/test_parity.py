"""What the page says of exported files."""

from pathlib import Path

from sightline.reporting.contents import Contents
from sightline.reporting.sections.blocks import Table, Text
from sightline.reporting.sections.parity import SECTION, parity_table
from sightline.run.folder import Run

CELLS = [
    {"batch": None, "height": None, "width": None, "answers": 9, "largest": 2e-7},
    {"batch": 1, "height": 33, "width": 48, "answers": 1, "largest": 0.0},
    {"batch": 32, "height": 33, "width": 48, "answers": 32, "largest": 3e-6},
]
FILE = {"bytes": 10, "answers": 42, "largest": 3e-6, "steps": {"bytes": 0.0, "temperature": 3e-6}, "cells": CELLS}
PARITY = {
    "split": "val",
    "images": 9,
    "tolerance": 1e-4,
    "threads": 2,
    "versions": {},
    "files": {"export/model.onnx": FILE},
}


def test_a_row_for_each_size_and_a_column_for_each_batch():
    table = parity_table(FILE)
    assert list(table.header) == ["height x width", "up to 32", "batch 1", "batch 32"]
    assert table.rows == [["as they came", "2.0e-07", "", ""], ["33 x 48", "", "0", "3.0e-06"]]


def test_the_page_says_what_was_compared(tmp_path: Path):
    run = Run(tmp_path)
    assert not list(SECTION.blocks(Contents(run)))
    run.save_json("export/parity.json", PARITY)
    blocks = list(SECTION.blocks(Contents(run)))
    assert any(isinstance(block, Table) for block in blocks)
    (said,) = (block.text for block in blocks if isinstance(block, Text))
    assert "42 answers to 9 images of val" in said
    assert "within 3.0e-06" in said


def test_figures_of_other_weights_are_left_out(tmp_path: Path):
    run = Run(tmp_path)
    run.save_json("preprocessing.json", {})
    run.save_json("export/parity.json", {**PARITY, "made_from": {"preprocessing.json": "another"}})
    (said,) = SECTION.blocks(Contents(run))
    assert isinstance(said, Text)
    assert "was made from another preprocessing.json" in said.text
