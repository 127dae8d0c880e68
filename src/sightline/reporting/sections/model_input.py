"""What every image goes through before the model sees it, and pictures of that."""

from collections.abc import Iterator
from typing import Final

from sightline.reporting.contents import Contents, JsonFile
from sightline.reporting.sections.blocks import Block, Facts
from sightline.reporting.sections.section import FigureKind, Section
from sightline.run.records import PreprocessingFile

PREPROCESSING: Final = JsonFile[PreprocessingFile]("preprocessing.json")
FITS: Final = {
    "crop": "the middle, {:g} % of the shorter side",
    "letterbox": "the whole image between bars",
    "squash": "the whole image, its sides made equal",
    "whole": "cut from anywhere to train on; else the whole image as it is, its shorter side at most {}",
}
OWN_SIZE: Final = 2**15
"""A shorter side from which on images keep their own size."""


def blocks(contents: Contents) -> Iterator[Block]:
    """Size, fit and the normalisation of channels."""
    if found := contents.read(PREPROCESSING):
        side = found["image_size"]
        yield Facts([
            ("Size", f"{side} by {side} pixels, {found['interpolation']}"),
            ("Square", _square(found)),
            ("Mean", ", ".join(f"{value:.3f}" for value in found["mean"])),
            ("Standard deviation", ", ".join(f"{value:.3f}" for value in found["std"])),
        ])  # fmt: skip


def _square(found: PreprocessingFile) -> str:
    """How an image becomes what the model sees."""
    fit = found.get("fit", "crop")
    if fit != "whole":
        return FITS[fit].format(round(100 * found["crop_fraction"], 1))
    shorter = found.get("shorter") or found["image_size"]
    return FITS[fit].format("its own" if shorter >= OWN_SIZE else f"{shorter} pixels")


SECTION: Final = Section(title="What the model sees", blocks=blocks, card="Input", sources=(PREPROCESSING.name,))
FIGURES: Final = Section(
    figures=(
        FigureKind("class_balance", "Class balance", "Images of each class in each split."),
        FigureKind("augmentation", "Augmentation", "Training images at the left, and what augmentation makes."),
    ),
)
