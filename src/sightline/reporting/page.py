"""What all pages share: templates, and figures as pictures within the page."""

import base64
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from sightline.reporting.tables import MISSING

TEMPLATES: Final = Path(__file__).parent / "templates"
PIXELS_ON_PAGE: Final = 0.7
"""Page pixels for one pixel of a figure: figures are drawn at 150 dots an inch, for sharp screens."""

CATALOGUE: Final[Mapping[str, tuple[str, str, str]]] = {
    "class_balance": ("data", "Class balance", "Images of each class in each split."),
    "augmentation": ("data", "Augmentation", "Training images at the left, and what augmentation makes of them."),
    "freezing": (
        "training",
        "Freezing plan",
        "Layer groups from the stem at the bottom to the head on top: grey while frozen.",
    ),
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
    "unknown": (
        "results",
        "Known and unknown images",
        "How each score spreads; the less the two overlap, the better it tells them apart.",
    ),
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
    "risk_coverage": (
        "calibration",
        "Risk and coverage",
        "How often answers are wrong when only the surest are given; the band holds at each point by itself.",
    ),
    "set_sizes": ("calibration", "Sizes of the sets", "How many classes the sets hold that promise over all images."),
    "gallery": ("galleries", "", ""),
    "comparison": (
        "comparison",
        "Systems and differences",
        "Above, each system with its interval, a stroke for each seed; below, how far each pair differs.",
    ),
    "sweep_history": ("sweep", "History", "What each trial reached at its best epoch."),
    "sweep_curves": ("sweep", "Curves", "Every trial, epoch by epoch."),
    "sweep_importances": (
        "sweep",
        "Importance",
        "How much of the differences between trials goes with each key (PED-ANOVA).",
    ),
    "sweep_parallel": (
        "sweep",
        "Parallel coordinates",
        "A line for each complete trial; a gap where a key has no value.",
    ),
    "sweep_slices": ("sweep", "Slices", "What trials reached over each key by itself; the darker, the later."),
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


def pictures_of(figures: Mapping[str, Path]) -> dict[str, list[Picture]]:
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


def environment() -> Environment:
    """Where the templates of all pages are; what they are given is escaped, and a name they lack is an error."""
    found = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["numeric"] = _is_numeric
    return found


def _is_numeric(cells: Iterable[str]) -> bool:
    """Whether a column holds numbers, which are set to the right."""
    return all(cell in {MISSING, ""} or cell[:1].isdigit() or cell[:1] in {"+", "-"} for cell in cells)
