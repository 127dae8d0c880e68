"""Where images come from, what is held out, and what the data gate does."""

from typing import Annotated, Final, Literal, Self

from pydantic import (
    Discriminator,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)

from sightline.config.base import Count, Fraction, Frozen
from sightline.config.data_label import folder_label


def _white(value: object, check: ValidatorFunctionWrapHandler) -> object:
    try:
        return check(value)
    except ValidationError as error:
        raise ValueError(f"it must be a whole number from 1 to 65535, or auto; it is {value!r}") from error


White = Annotated[Annotated[int, Field(ge=1, le=65535)] | Literal["auto"], WrapValidator(_white)]


_SIDES: Final = "it must be a number of pixels from 16 to 4096, or the least and the largest as [least,largest]"


def _sides(value: object, check: ValidatorFunctionWrapHandler) -> object:
    try:
        found: int | tuple[int, int] = check(tuple(value) if isinstance(value, list) else value)
        if isinstance(found, int) or found[0] <= found[1]:
            return found
    except ValidationError as error:
        raise ValueError(f"{_SIDES}; it is {value!r}") from error
    raise ValueError(f"{_SIDES}; it is {value!r}")


_Side = Annotated[int, Field(ge=16, le=4096)]
Sides = Annotated[_Side | tuple[_Side, _Side], WrapValidator(_sides)]
"""The height or the width of images, or the least and the largest of them."""

Policy = Literal["refuse", "drop", "warn"]


class ValidationPolicy(Frozen):
    """What the data gate does about each kind of finding: refuse (status 3), drop the items, or warn."""

    unreadable: Policy
    duplicates_across_splits: Policy
    near_duplicates: Policy | Literal["off"]
    label_conflicts: Policy
    small_class: Literal["refuse", "warn"]
    small_class_items: Count
    odd_images: Literal["refuse", "warn"]
    similar_classes: Literal["refuse", "warn"]
    blank_labels: Literal["refuse", "drop"]
    missing_masks: Literal["refuse", "drop"]
    unusable_masks: Literal["refuse", "drop"]


class _Data(Frozen):
    val_fraction: Fraction
    calibration_fraction: Fraction
    test_fraction: Fraction
    split_seed: int
    store: Literal["auto", "memory", "disk", "stream"]
    workers: Annotated[int, Field(ge=0)] | None
    duplicates: Literal["keep_together", "separate"]
    validation: ValidationPolicy

    @model_validator(mode="after")
    def _copies_are_looked_for_where_they_count(self) -> Self:
        if self.duplicates == "keep_together" and self.validation.near_duplicates == "off":
            raise ValueError("duplicates=keep_together takes what validation.near_duplicates=off does not look for")
        return self

    @model_validator(mode="after")
    def _fractions_leave_a_train_split(self) -> Self:
        held_out = self.val_fraction + self.calibration_fraction + self.test_fraction
        if held_out >= 1.0:
            raise ValueError(
                f"val_fraction + calibration_fraction + test_fraction is {held_out:g}; it must stay below 1"
            )
        return self


class Cifar10Data(_Data):
    """CIFAR-10 as torchvision's archive or folder under `root`; fetched when `download` says so."""

    name: Literal["cifar10"]
    root: str
    download: bool


class FolderData(_Data):
    """A tree of images: `<class>/…`, or `train/<class>/…` with optional `val`, `calibration`, `test`."""

    name: Literal["folder"]
    root: str | None
    white: White


class CsvData(_Data):
    """A table of images: path and label, optionally split and group."""

    name: Literal["csv"]
    root: str | None
    manifest: str | None
    path_column: str
    label_column: str
    split_column: str | None
    group_column: str | None
    white: White


class DigitsData(_Data):
    """The 1,797 handwritten digits inside scikit-learn."""

    name: Literal["digits"]


class ShapesData(_Data):
    """Drawn shapes, each image with a class and a mask: of any size and number, a pure function of the seed."""

    name: Literal["shapes"]
    images: Annotated[int, Field(ge=10, le=1_000_000)]
    height: Sides
    width: Sides
    kinds: Annotated[int, Field(ge=2, le=6)]
    seed: Annotated[int, Field(ge=0)]
    labels_missing: Annotated[float, Field(ge=0.0, lt=1.0)]
    masks_missing: Annotated[float, Field(ge=0.0, lt=1.0)]


class SegmentationFolderData(_Data):
    """Folders of images and of their masks, of several layouts."""

    name: Literal["segmentation_folder"]
    root: str | None
    classes: tuple[str, ...] | str | None
    ignore_index: Annotated[int, Field(ge=0, le=255)]
    masks: Literal["auto", "numbers", "colours", "instances"]
    mask_suffix: str | None
    group_pattern: str | None
    white: White


class PetsData(_Data):
    """The Oxford-IIIT Pet data set in torchvision's layout; fetched when `download` says so."""

    name: Literal["pets"]
    root: str
    border: Literal["class", "ignore"]
    download: bool


AnyData = Cifar10Data | FolderData | CsvData | DigitsData | ShapesData | SegmentationFolderData | PetsData


def name_for_runs(data: AnyData) -> str:
    """How runs on these data are called: after a folder or table of one's own, else after the choice."""
    return folder_label(data.name, getattr(data, "root", None), getattr(data, "manifest", None))


DataConfig = Annotated[AnyData, Discriminator("name")]
