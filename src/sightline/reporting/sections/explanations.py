"""Where the evidence for answers lay."""

from collections.abc import Iterator
from typing import Final

from sightline.reporting.contents import Contents, JsonFile
from sightline.reporting.sections.blocks import Block, Facts, Text
from sightline.reporting.sections.map_quality import quality_blocks
from sightline.reporting.sections.map_summary import summary_blocks
from sightline.reporting.sections.section import FigureKind, Section
from sightline.run.records import ExplainedBy, ExplainFile

EXPLAIN: Final = JsonFile[ExplainFile]("explain/explain.json")
LABELS: Final = {"gradcam": "Grad-CAM"}
"""Of files that were written before there were several methods."""


def blocks(contents: Contents) -> Iterator[Block]:
    """Methods, where each looks, and how many images were explained."""
    if not (found := contents.read(EXPLAIN)):
        return
    right = sum(bool(item["right"]) for item in found["items"])
    images = f"{right} answered right and {len(found['items']) - right} wrong, of the {found['split']} split"
    label = LABELS.get(found["method"], found["method"])
    methods = found.get("methods") or [ExplainedBy(name=found["method"], label=label, layer=found["layer"])]
    made = [one for one in methods if "refused" not in one]
    yield Facts([
        ("Method", ", ".join(one["label"] for one in made)),
        ("Layer", ", ".join(dict.fromkeys(one["layer"] for one in made))),
        *((f"No {one['label']}", one["refused"]) for one in methods if "refused" in one),
        ("Images", images),
    ])  # fmt: skip
    yield Text(
        "A heat map says where the evidence for an answer lay, not why it counted; "
        "a plausible map is no proof of a sound reason.",
        soft=True,
        on="page",
    )
    if summary := found.get("summary"):
        yield from summary_blocks(summary)
    if quality := found.get("quality"):
        yield from quality_blocks(quality, {one["name"]: one["label"] for one in methods})


SECTION: Final = Section(
    blocks=blocks,
    card="Explanations",
    sources=(EXPLAIN.name,),
    missing="explanation",
    own=True,
    figures=(
        FigureKind(
            "mean_maps",
            "Mean maps",
            "Mean map of all images and of each class answered, over the mean picture, on one scale: brightest where "
            "it is four times an even map. A spot that one class alone has in a corner may be a watermark.",
        ),
        FigureKind(
            "explanations",
            "Heat maps",
            "Image, map, and the map over the image. Bright: the answer rests on it. Deletion: the mean "
            "confidence while pixels go in the order of the map, then of random ones, and how many of those it beats.",
        ),
    ),
)
