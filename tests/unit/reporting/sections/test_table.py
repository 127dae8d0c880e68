from pathlib import Path

import pytest

from sightline.config.stages import STAGES
from sightline.reporting import figures
from sightline.reporting.contents import Contents
from sightline.reporting.sections.section import Document, Section
from sightline.reporting.sections.table import COMPARISON, REPORT, SWEEP, document_of
from sightline.run.folder import Run

DOCUMENTS = (REPORT, COMPARISON, SWEEP)
ALL = [section for document in DOCUMENTS for chapter in document.chapters for section in chapter.sections]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_chapter_can_be_gone_to(document: Document):
    assert len({chapter.anchor for chapter in document.chapters}) == len(document.chapters)
    assert all(chapter.title for chapter in document.chapters)


@pytest.mark.parametrize("task", ["classification", "segmentation"])
def test_no_two_sections_know_the_same_figures(task: str):
    stems = [kind.stem for section in ALL if section.task in {"", task} for kind in section.figures]
    assert len(stems) == len(set(stems))


def test_every_figure_that_is_drawn_under_its_own_name_has_a_section():
    named_otherwise = {
        "ood": "unknown", "pr_curves": "precision_recall", "roc_curves": "roc", "masks": "masks_worst",
    }  # fmt: skip
    stems = {kind.stem for section in ALL for kind in section.figures}
    drawn = set(figures.__all__) - {"lr_range"}  # a search for a rate has no report
    assert {named_otherwise.get(name, name) for name in drawn} <= stems


@pytest.mark.parametrize("section", [section for section in ALL if section.missing or section.card])
def test_the_mode_that_writes_a_section_is_one(section: Section):
    assert section.writer in STAGES


def test_the_folder_says_which_document_it_is(tmp_path: Path):
    run = Run(tmp_path)
    assert document_of(Contents(run)) is REPORT
    run.save_json("comparison.json", {"systems": [{}, {}], "metric": "accuracy"})
    assert document_of(Contents(run)) is COMPARISON
    assert COMPARISON.title(Contents(run)) == "Comparison of 2: Accuracy"
    run.save_json("sweep.json", {"name": "small"})
    assert document_of(Contents(run)) is SWEEP
    assert SWEEP.title(Contents(run)) == "Sweep small"


@pytest.mark.parametrize(
    ("data", "title"),
    [("{name: folder, root: ~/pics/ants_bees}", "cnn on ants_bees"), ("{name: digits}", "cnn on digits")],
)
def test_a_report_is_called_after_the_data(tmp_path: Path, data: str, title: str):
    (tmp_path / "config.yaml").write_text(f"model: {{name: cnn}}\ndata: {data}\n")
    contents = Contents(Run(tmp_path))
    assert REPORT.title(contents) == title
