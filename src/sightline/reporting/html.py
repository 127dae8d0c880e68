"""The report: one self-contained page, written from the files of a run and nothing else."""

import base64
import shlex
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

import sightline
from sightline.reporting import tables
from sightline.reporting.contents import Contents
from sightline.reporting.facts import (
    SPLIT_HEADER,
    data_facts,
    explain_facts,
    machine_facts,
    preprocessing_facts,
    split_rows,
    training_facts,
)
from sightline.reporting.verdict import verdict
from sightline.run import Run

TEMPLATES: Final = Path(__file__).parent / "templates"
PIXELS_ON_PAGE: Final = 0.7
"""Page pixels for one pixel of a figure: figures are drawn at 150 dots an inch, for sharp screens."""

CATALOGUE: Final[Mapping[str, tuple[str, str, str]]] = {
    "class_balance": ("data", "Class balance", "Images of each class in each split."),
    "augmentation": ("data", "Augmentation", "Training images at the left, and what augmentation makes of them."),
    "curves": (
        "training",
        "Curves",
        "Dashed: the epoch whose weights were kept. Training is measured on augmented images, while the weights move.",
    ),
    "confusion": ("results", "Confusion matrix", "Rows are true classes, columns answers; the diagonal is right."),
    "per_class": ("results", "F1 of each class", "With its interval, weakest on top."),
    "roc": ("results", "ROC curves", "One class against the rest: the further up and left, the better."),
    "precision_recall": (
        "results",
        "Precision and recall",
        "One class against the rest: the further up and right, the better.",
    ),
    "confidence": ("results", "Confidence", "How sure the model is where it is right, and where it is wrong."),
    "embedding": (
        "results",
        "Map of embeddings",
        "Images the model finds alike lie near each other; axes have no unit.",
    ),
    "reliability": (
        "calibration",
        "Reliability",
        "The share of right answers at each confidence. Below the dashed line the model claims more than it keeps.",
    ),
    "gallery": ("galleries", "", ""),
    "explanations": (
        "explanations",
        "Heat maps",
        "Image, map, and the map over the image. Bright: the answer rests on it.",
    ),
}
"""Figures by the beginning of their file name: section, title, how to read them; in the order of the page.

What follows the beginning is added to the title: `gallery_confident_mistakes` is “Confident mistakes”.
"""


@dataclass(frozen=True)
class Picture:
    """A figure on the page: its name, how to read it, the image itself, its size in page pixels."""

    name: str
    caption: str
    source: str
    width: int
    height: int


def render_report(run: Run, title: str | None = None) -> str:
    """Write the page of a run; a section whose file is missing says which mode writes it.

    Args:
        run: the run, opened for reading.
        title: the heading; by default the model and the data.

    Raises:
        RunFailedError: a file of the run is damaged.
    """
    contents = Contents.read(run)
    evaluation, calibration, provenance = contents.evaluation, contents.calibration, contents.provenance
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            title=title or f"{contents.setting('model.name', 'model')} on {contents.setting('data.name', 'data')}",
            contents=contents,
            verdict=verdict(contents),
            pictures=_pictures(contents.figures),
            split_rows=split_rows(contents.split) if contents.split else [],
            data_facts=data_facts(contents.validation) if contents.validation else [],
            preprocessing_facts=preprocessing_facts(contents.preprocessing) if contents.preprocessing else [],
            training_facts=training_facts(contents),
            metric_rows=_metric_rows(evaluation["metrics"]) if evaluation else [],
            tta_rows=tables.metric_rows(evaluation["tta"]["metrics"]) if evaluation and "tta" in evaluation else [],
            per_class_rows=tables.per_class_rows(evaluation["per_class"]) if evaluation else [],
            confused_rows=tables.confused_rows(evaluation) if evaluation else [],
            calibration_rows=tables.calibration_rows(calibration) if calibration else [],
            explain_facts=explain_facts(contents.explain) if contents.explain else [],
            command=shlex.join(provenance["command"]) if provenance else "",
            machine_facts=machine_facts(contents) if provenance else [],
            ledger_rows=[[str(row.get(key, "")) for key in ("time", "stage", "purpose")] for row in contents.ledger],
            ledger_header=("Time", "Stage", "Purpose"),
            split_header=SPLIT_HEADER,
            tables=tables,
            version=sightline.__version__,
        )
    )


def _metric_rows(metrics: Mapping[str, Mapping[str, Any]]) -> list[list[str]]:
    """The metric table with a plain meaning at the end of each row."""
    rows = tables.metric_rows(metrics)
    return [[*row, tables.metric(name).meaning] for name, row in zip(metrics, rows, strict=True)]


def _pictures(figures: Mapping[str, Path]) -> dict[str, list[Picture]]:
    """The figures of each section, in the catalogue's order; what it does not know goes to `more`."""
    sections: dict[str, list[Picture]] = {
        section: [] for section in (*(entry[0] for entry in CATALOGUE.values()), "more")
    }
    for stem in sorted(figures, key=_order):
        section, title, caption = CATALOGUE.get(_kind(stem), ("more", "", ""))
        rest = stem.removeprefix(_kind(stem)).strip("_").replace("_", " ")
        name = f"{title}, {rest}" if title and rest else title or rest[:1].upper() + rest[1:]
        sections[section].append(_picture(name, caption, figures[stem]))
    return sections


def _kind(stem: str) -> str:
    """The longest catalogue name a figure's name begins with."""
    return max((kind for kind in CATALOGUE if stem.startswith(kind)), key=len, default="")


def _order(stem: str) -> tuple[int, str]:
    kinds = list(CATALOGUE)
    return (kinds.index(_kind(stem)) if _kind(stem) else len(kinds), stem)


def _picture(name: str, caption: str, path: Path) -> Picture:
    content = path.read_bytes()
    width, height = struct.unpack(">II", content[16:24])  # the head of every PNG file
    source = "data:image/png;base64," + base64.b64encode(content).decode()
    return Picture(name, caption, source, round(width * PIXELS_ON_PAGE), round(height * PIXELS_ON_PAGE))


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["numeric"] = _is_numeric
    return environment


def _is_numeric(cells: Iterable[str]) -> bool:
    """Whether a column holds numbers, which are set to the right."""
    return all(cell == tables.MISSING or cell[:1].isdigit() or cell.startswith("-") for cell in cells)
