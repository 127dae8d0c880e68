"""Single answers with their photos: a browser of the wrong ones, some right ones; figures of no other section."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from sightline.metrics.documents.examples import Example, Examples
from sightline.reporting.contents import Contents, JsonFile
from sightline.reporting.formatting import number
from sightline.reporting.sections.blocks import Block, Browser, Code, Gallery, Heading, Photo, Text
from sightline.reporting.sections.section import FigureKind, Section
from sightline.run.photos import Photos

EXAMPLES: Final = JsonFile[Examples]("examples/examples.json")
BUDGET_MB: Final = 6
"""Photos and heat maps of wrong answers within the page, as it holds them; the files of the others are linked."""
BASE64: Final = 4 / 3
"""Characters that stand for a byte."""


def photo_of(example: Example, photos: Photos, *, heat: bool = False) -> Photo:
    """An answer with its photo, if one was kept, and its heat map, if asked for."""
    sure = number("accuracy", example["confidence"])
    return Photo(
        name=example["id"],
        address=address_of(example["file"]),
        truth=example["label"],
        answer=example["predicted"],
        confidence=sure,
        picture=photos.photos.get(example["id"], b""),
        heat=photos.maps.get(example["id"], b"") if heat else b"",
    )


def address_of(file: str) -> str:
    """Where a browser opens a file; empty where there is none."""
    return Path(file).as_uri() if file and Path(file).is_absolute() else ""


def within_budget(photos: Iterable[Photo], budget: float = 1e6 * BUDGET_MB) -> Iterator[Photo]:
    """Photos as they come, without their pictures from where these would take more than the budget."""
    spent = 0.0
    for photo in photos:
        spent += BASE64 * (len(photo.picture) + len(photo.heat))
        yield photo if spent <= budget else photo.without_pictures()


def blocks(contents: Contents) -> Iterator[Block]:
    """The browser, and right answers for comparison."""
    found = contents.read(EXAMPLES)
    if not found:
        return
    kept = contents.photos
    listed = list(within_budget(photo_of(one, kept, heat=True) for one in found["mistakes"]))
    if listed:
        yield Heading("Mistakes", on="page")
        yield Text(_lead(found, listed), on="page")
        yield Browser(listed, on="page")
    shown = [photo_of(one, kept) for one in found["right"] if one["id"] in kept.photos]
    if shown:
        yield Heading("Right answers", on="page")
        yield Gallery([photo for photo in within_budget(shown) if photo.picture], on="page")


def _lead(found: Examples, listed: list[Photo]) -> tuple[str | Code, ...]:
    """How many there are, which have a photo, and where the others are."""
    said = f"{found['wrong']:,} of {found['n']:,} {found['split']} images were answered wrong; "
    said += "all are listed" if found["wrong"] == len(listed) else f"{len(listed):,} are listed"
    said += ", the surest first. Confidence is calibrated as far as the run is. "
    with_photo = sum(bool(photo.picture) for photo in listed)
    if with_photo:
        have = "has its photo" if with_photo == 1 else "have their photo"
        said += (
            f"{with_photo:,} {have} here (at most {BUDGET_MB} MB in all): open it to see, over the square that the "
            "model saw, where the evidence for its answer lay. "
        )
    has_files = any(photo.address for photo in listed)
    said += "Names link to the files. " if has_files else ""
    table = "Every mistake, with the path of its file: " if has_files else "Every mistake: "
    return (said, table, Code("examples/mistakes.csv"), ".")


SECTION: Final = Section(
    blocks=blocks,
    missing="gallery",
    mode="evaluate",
    figures=(FigureKind("gallery"),),
    own=True,
    task="classification",
)
OTHERS: Final = Section(figures=(FigureKind(""),))
