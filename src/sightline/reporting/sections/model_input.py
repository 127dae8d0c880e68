"""What every image goes through before the model sees it, and pictures of that."""

from collections.abc import Iterator, Sequence
from typing import Final, TypedDict

from sightline.reporting.contents import Contents, JsonFile
from sightline.reporting.sections.blocks import Block, Facts
from sightline.reporting.sections.section import FigureKind, Section


class Preprocessing(TypedDict):
    """What is read of `preprocessing.json`."""

    image_size: int
    interpolation: str
    crop_fraction: float
    mean: Sequence[float]
    std: Sequence[float]


PREPROCESSING: Final = JsonFile[Preprocessing]("preprocessing.json")


def blocks(contents: Contents) -> Iterator[Block]:
    """Size, crop and the normalisation of channels."""
    if found := contents.read(PREPROCESSING):
        side = found["image_size"]
        yield Facts([
            ("Size", f"{side} by {side} pixels, {found['interpolation']}"),
            ("Crop", f"the central {round(100 * found['crop_fraction'], 1):g} %"),
            ("Mean", ", ".join(f"{value:.3f}" for value in found["mean"])),
            ("Standard deviation", ", ".join(f"{value:.3f}" for value in found["std"])),
        ])  # fmt: skip


SECTION: Final = Section(title="What the model sees", blocks=blocks, card="Input", sources=(PREPROCESSING.name,))
FIGURES: Final = Section(
    figures=(
        FigureKind("class_balance", "Class balance", "Images of each class in each split."),
        FigureKind("augmentation", "Augmentation", "Training images at the left, and what augmentation makes of them."),
    ),
)
