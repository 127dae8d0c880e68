"""What sections come to for a run: figures go where they belong, and what is missing is told."""

from pathlib import Path

from sightline.reporting.contents import Contents
from sightline.reporting.sections.blocks import Text
from sightline.reporting.sections.section import Chapter, Document, FigureKind, Section
from sightline.run.folder import Run


def document(*sections: Section) -> Document:
    return Document(lambda contents: contents.name, (Chapter("all", "All", sections),))


def with_figures(path: Path, *stems: str) -> Contents:
    run = Run(path)
    for stem in stems:
        run.save_bytes(f"figures/{stem}.png", b"")
    return Contents(run)


def test_a_figure_goes_to_the_kind_that_has_most_of_its_name(tmp_path: Path):
    contents = with_figures(tmp_path, "gallery_right", "gallery_odd_ones", "roc", "new_one")
    first = Section(figures=(FigureKind("roc", "ROC", "How."), FigureKind("gallery")))
    second = Section(figures=(FigureKind("gallery_odd", "Odd"),))
    [(_, parts)] = document(first, second, Section(figures=(FigureKind(""),))).parts(contents)
    titles = [[figure.title for figure in part.figures] for part in parts]
    assert titles == [["ROC", "Right"], ["Odd, ones"], ["New one"]]
    assert parts[0].figures[0].caption == "How."


def test_what_says_nothing_is_missing_and_shows_no_figure(tmp_path: Path):
    contents = with_figures(tmp_path, "roc")
    kind = FigureKind("roc")
    silent = Section(sources=("evaluation.json",), missing="evaluation", figures=(kind,))
    [(_, [part])] = document(silent).parts(contents)
    assert (part.missing, part.figures, part.section.writer) == ("evaluation", [], "evaluate")
    [(_, [part])] = document(Section(missing="gallery", mode="evaluate", figures=(kind,))).parts(contents)
    assert (part.missing, len(part.figures), part.section.writer) == ("", 1, "evaluate")
    [(_, [part])] = document(Section(blocks=lambda _: [Text("x")], missing="x")).parts(contents)
    assert part.missing == ""


def test_sections_of_other_tasks_are_left_out(tmp_path: Path):
    run = Run(tmp_path)
    run.save_text("config.yaml", "model: {task: segmentation}\n")
    sections = [Section(title=task, task=task) for task in ("", "classification", "segmentation")]
    [(_, parts)] = document(*sections).parts(Contents(run))
    assert [part.section.title for part in parts] == ["", "segmentation"]


def test_what_another_tool_did_before_its_predictions_is_not_asked_for(tmp_path: Path):
    own, any_run = Section(title="own", own=True), Section(title="any")
    run = Run(tmp_path)
    [(_, parts)] = document(own, any_run).parts(Contents(run))
    assert [part.section.title for part in parts] == ["own", "any"]
    run.save_json("external.json", {})
    [(_, parts)] = document(own, any_run).parts(Contents(run))
    assert [part.section.title for part in parts] == ["any"]
