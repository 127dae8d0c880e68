"""What sections come to for a run: figures go where they belong, and what is missing is told."""

from pathlib import Path

from sightline.reporting.contents import Contents, JsonFile
from sightline.reporting.sections.blocks import Block, Text
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
    run.save_text("config.yaml", "model: {name: unet}\n")
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


def test_of_a_model_of_several_targets_each_has_its_sections_results_and_figures(tmp_path: Path):
    run = Run(tmp_path)
    run.save_text("config.yaml", "model: {name: multitask}\n")
    run.save_json("evaluation.json", {"label": {"n": 3}, "mask": {"n": 4}})
    for stem in ("label_confusion", "mask_confusion", "curves"):
        run.save_bytes(f"figures/{stem}.png", b"")
    confusion = (FigureKind("confusion", "Confusion"),)
    counted = JsonFile[dict[str, int]]("evaluation.json")

    def blocks(contents: Contents) -> list[Block]:
        return [Text(f"{contents.task} {(contents.read(counted) or {})['n']}")]

    sections = [
        Section(blocks=blocks, by_target=True, headed=True),
        Section(title="Class by class", blocks=blocks, task="segmentation", figures=confusion),
        Section(title="Labels", blocks=blocks, task="classification", figures=confusion),
        Section(title="Others", figures=(FigureKind(""),)),
    ]
    [(_, parts)] = document(*sections).parts(Contents(run))
    assert [part.section.title for part in parts] == [
        "label", "mask", "mask: Class by class", "label: Labels", "Others",
    ]  # fmt: skip
    assert [part.blocks[0].text for part in parts[:4]] == [
        "classification 3", "segmentation 4", "segmentation 4", "classification 3",
    ]  # fmt: skip
    assert [[(figure.title, figure.path.stem) for figure in part.figures] for part in parts] == [
        [], [], [("Confusion", "mask_confusion")], [("Confusion", "label_confusion")], [("Curves", "curves")],
    ]  # fmt: skip
