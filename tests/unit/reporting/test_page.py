"""The page: whole in itself, safe with any name, honest about what is missing and how often the test was used."""

import base64
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from sightline.reporting.page import _columns, render_page
from sightline.reporting.sections.blocks import Table
from sightline.run.folder import Run
from sightline.run.photos import PHOTOS, Photos, jpeg

NASTY = '<script>alert("x")</script>&amp;'


class Page(HTMLParser):
    """What a browser would meet: tags, their attributes, the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "link", "img", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def page(finished: Run) -> Page:
    return Page(render_page(finished))


def test_well_formed(page: Page):
    assert page.open == []


def test_loads_nothing_and_runs_nothing(page: Page):
    assert not {"script", "iframe", "object", "embed"} & {tag for tag, _ in page.tags}
    for tag, attributes in page.tags:
        assert not any(name.startswith("on") for name in attributes)
        for name in {"src", "href", "srcset", "action", "poster"} & set(attributes):
            assert (attributes[name] or "").startswith(("data:image/", "#")), (tag, name)
        assert "@import" not in (attributes.get("style") or "")
    [policy] = [a["content"] for _, a in page.tags if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy is not None
    assert policy.startswith("default-src 'none'")


def test_no_external_reference_in_the_styles(finished: Run):
    html = render_page(finished)
    [style] = re.findall(r"<style>(.*?)</style>", html, flags=re.DOTALL)
    assert "url(" not in style
    assert "@import" not in style
    assert "prefers-color-scheme: dark" in style
    assert "@media print" in style


def test_contents_lead_to_their_sections(page: Page):
    anchors = {a["id"] for _, a in page.tags if "id" in a}
    links = [(a["href"] or "")[1:] for tag, a in page.tags if tag == "a"]
    assert links == [
        "verdict",
        "data",
        "training",
        "results",
        "calibration",
        "galleries",
        "explanations",
        "reproducibility",
    ]
    assert set(links) <= anchors


def test_every_figure_is_inside_with_a_text_for_those_who_do_not_see_it(page: Page, finished: Run):
    shown = [a for tag, a in page.tags if tag == "img"]
    inside = {base64.b64decode((a["src"] or "").split(",")[1]) for a in shown}
    assert inside == {path.read_bytes() for path in (finished.path / "figures").glob("*.png")}
    assert all((a["alt"] or "").strip(". ") for a in shown)
    assert all(int(a["width"] or 0) > 100 for a in shown)


def test_headline_numbers_with_their_intervals(page: Page, finished: Run):
    accuracy = finished.load_json("evaluation.json")["metrics"]["accuracy"]
    assert f"The model names {100 * accuracy['value']:.1f} % of unseen images correctly, 95 % interval " in page.text
    assert f"{100 * accuracy['low']:.1f} to {100 * accuracy['high']:.1f} %" in page.text
    assert "perfect calibration would show 1.07 %" in page.text
    assert "Test labels used once" in page.text


def test_the_exact_command_can_be_copied(page: Page):
    assert "python -m sightline mode=train 'data.root=my data' training.epochs=20" in page.text


def test_test_time_views_have_a_table_of_their_own(copy: Run):
    assert "test-time views" not in Page(render_page(copy)).text.lower()
    evaluation = copy.load_json("evaluation.json")
    accuracy = evaluation["metrics"]["accuracy"] | {"value": 0.98765}
    copy.save_json("evaluation.json", evaluation | {"tta": {"views": "flip_shift", "metrics": {"accuracy": accuracy}}})
    page = Page(render_page(copy))
    assert "With test-time views" in page.text
    assert "98.8 %" in page.text
    assert "flip and shift" in page.text


def test_a_test_split_used_twice_is_told_beside_the_numbers(copy: Run):
    assert "warning" not in {a.get("class") for _, a in Page(render_page(copy)).tags}
    copy.append("test_ledger.jsonl", {"time": "2026-11-22T00:00:00+00:00", "stage": "evaluate", "purpose": "again"})
    page = Page(render_page(copy))
    classes = [a.get("class") for _, a in page.tags]
    assert classes.index("tile beware") < classes.index("warning") < classes.index("verdict")
    assert classes.count("warning") == 2, "at the top, and beside the table"
    assert "used 2 times" in page.text


def test_names_are_text_whatever_they_hold(copy: Run):
    for name in ("evaluation.json", "split.json", "validation.json", "provenance.json", "explain/explain.json"):
        text = (copy.path / name).read_text()
        copy.save_text(name, re.sub(r'"(cat|gradcam|evaluate|unreadable|python)"', lambda _: f'"{NASTY_JSON}"', text))
    html = render_page(copy, title=NASTY)
    assert "<script" not in html
    assert Page(html).text.count('<script>alert("x")</script>&amp;') > 4


NASTY_JSON = NASTY.replace('"', '\\"')


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("split.json", "train"),
        ("validation.json", "validate"),
        ("metrics.jsonl", "train"),
        ("evaluation.json", "evaluate"),
        ("calibration.json", "calibrate"),
        ("explain/explain.json", "explain"),
        ("provenance.json", "train"),
        ("preprocessing.json", None),
        ("test_ledger.jsonl", None),
        ("config.yaml", None),
    ],
)
def test_any_file_may_be_missing_and_the_page_says_who_writes_it(copy: Run, name: str, mode: str | None):
    whole = Page(render_page(copy)).text
    (copy.path / name).unlink()
    text = Page(render_page(copy)).text
    if mode is not None:
        assert f"mode {mode} writes it" in text
        assert f"mode {mode} writes it" not in whole


def test_an_empty_run_has_a_page(tmp_path: Path):
    page = Page(render_page(Run(tmp_path)))
    assert "This run has not been evaluated yet." in page.text
    assert page.text.count("writes it") == 8


def test_figures_go_where_they_belong_and_none_is_lost(copy: Run):
    picture = (copy.path / "figures" / "roc.png").read_bytes()
    for name in ("precision_recall", "gallery_confident_mistakes", "confusion_normalised", "something_new"):
        copy.save_bytes(f"figures/{name}.png", picture)
    html = render_page(copy)
    sections = {part.split('"', 1)[0]: part for part in html.split('<section id="')[1:]}
    for name, section in (
        ("Precision and recall.", "results"),
        ("Confident mistakes.", "galleries"),
        ("Confusion matrix, normalised.", "results"),
        ("Something new.", "more"),
    ):
        assert f'href="#{section}"' in html
        assert [key for key, part in sections.items() if f"<b>{name}</b>" in part] == [section]


def test_long_tables_of_classes_are_folded(copy: Run):
    evaluation = copy.load_json("evaluation.json")
    copy.save_json("evaluation.json", evaluation | {"per_class": 3 * evaluation["per_class"]})
    text = Page(render_page(copy)).text
    assert "All 30 classes, weakest first Class Images" in text
    assert "Weakest first." not in text


def test_a_list_that_begins_with_a_number_is_a_text_that_wraps():
    way = ", ".join(f"-0.18 from blocks.{number}.conv1" for number in range(4))
    table = Table(("Map", "All random", "On the way"), [["Grad-CAM", "-0.19 [-0.41, 0.05]", way]])
    assert [column.numeric for column in _columns(table)] == [False, True, False]


def test_figures_of_a_part_that_says_nothing_are_of_another_day(copy: Run):
    (copy.path / "calibration.json").unlink()
    assert "Reliability." not in render_page(copy)


def test_the_same_run_gives_the_same_page(finished: Run):
    assert render_page(finished) == render_page(finished)


def test_print_leaves_out_what_fills_pages(copy: Run):
    evaluation = copy.load_json("evaluation.json")
    copy.save_json("evaluation.json", evaluation | {"per_class": 100 * evaluation["per_class"]})
    html = render_page(copy)
    assert "Printed are the first 12 of 1,000 rows" in html
    assert html.count('<details class="unprinted">') == 2, "configuration and packages"
    [style] = re.findall(r"<style>(.*?)</style>", html, flags=re.DOTALL)
    printed = style.split("@media print", 1)[1]
    assert re.search(r"details\.unprinted, \.long tbody tr:nth-child\(n\+13\) \{ display: none; \}", printed)


def browsed(copy: Run, *names: str) -> str:
    """The page of a run with mistakes of every pair of these classes, half of them with photos."""
    picture = jpeg(np.zeros((90, 90, 3), dtype=np.uint8))
    mistakes = [
        {"id": f"{NASTY}/{a}{b}.jpg", "file": f"/pics/{NASTY}/{a}{b}.jpg", "label": names[a], "predicted": names[b],
         "confidence": 0.9 - 0.01 * a, "label_probability": 0.05}
        for a in range(len(names)) for b in range(len(names)) if a != b
    ]  # fmt: skip
    kept = {str(one["id"]): picture for one in mistakes[::2]}
    copy.save_arrays(PHOTOS, **Photos("/pics/", kept, kept).to_arrays())
    content = {"split": "test", "n": 2000, "wrong": len(mistakes), "mistakes": mistakes, "right": []}
    copy.save_json("examples/examples.json", content)
    return render_page(copy)


def test_mistakes_can_be_browsed_without_a_script_and_with_any_names(copy: Run):
    hostile = ("</style><script>x</script>", '"]:checked) * {}', NASTY, "猫")
    html = browsed(copy, *hostile)
    page = Page(html)
    assert "<script" not in html
    assert html.count("</style>") == 1
    [policy] = [a["content"] for _, a in page.tags if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    for tag, attributes in page.tags:
        assert not any(name.startswith("on") for name in attributes)
        for name in {"src", "href"} & set(attributes):
            value = attributes[name] or ""
            assert value.startswith(("data:image/", "#", "file:///pics/%3Cscript%3E" if tag == "a" else "#")), (
                tag,
                value,
            )
    rows = [a for tag, a in page.tags if tag == "tr" and "data-truth" in a]
    assert len(rows) == 12
    numbers = {a["data-truth"] for a in rows}
    choices = [a["value"] for tag, a in page.tags if tag == "option" and (a["value"] or "").isdigit()]
    assert sorted(choices) == sorted([*numbers, *numbers]), "labels and answers can be chosen"
    for number in numbers:
        assert f'.browser:has(.truth option[value="{number}"]:checked) tbody tr:not([data-truth="{number}"])' in html
    assert all(re.fullmatch(r"--truth:\d+;--answer:\d+", a["style"] or "") for a in rows)
    assert [tag for tag, _ in page.tags].count("summary") >= 6, "what is opened is opened by keyboard, too"


def test_a_page_without_photos_has_a_table_of_mistakes(copy: Run):
    browsed(copy, "cat", "dog")
    (copy.path / PHOTOS).unlink()
    page = Page(render_page(copy))
    assert len([1 for tag, a in page.tags if tag == "tr" and "data-truth" in a]) == 2
    assert not [1 for tag, a in page.tags if tag == "img" and (a["src"] or "").startswith("data:image/jpeg")]


def test_predictions_of_another_tool_have_their_own_name(copy: Run):
    copy.save_json("external.json", {})
    copy.save_text("config.yaml", "predictions: somewhere/my_tool/\nmodel: {name: cnn}\ndata: {name: cifar10}\n")
    assert "<h1>Predictions of my_tool</h1>" in render_page(copy)
