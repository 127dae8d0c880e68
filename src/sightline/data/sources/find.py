"""From a configuration to the images that it names."""

import re
from dataclasses import replace
from typing import Final

import numpy as np

from sightline.config.data import (
    Cifar10Data,
    CsvData,
    DataConfig,
    DigitsData,
    FolderData,
    PetsData,
    SegmentationFolderData,
    ShapesData,
)
from sightline.data.sources.source import Source
from sightline.data.targets import LABEL, ClassTarget, of_kind
from sightline.errors import UsageError
from sightline.machine.paths import path_of

_KEY: Final = re.compile(
    r"(?<![\w./-])data\.(?=(?:root|manifest|\w+_column|download|validation|classes|ignore_index|masks|mask_suffix|group_pattern)\b)"
)
"""Keys of the data at the beginning of a word; those of `evaluation.ood` have the same names."""


def find(config: DataConfig) -> Source:
    """List the images that the configuration names; decode none.

    Raises:
        UsageError: there is nothing to be found there, or only one class.
    """
    _refuse_empty(config)
    # Imported when asked for: scikit-learn alone takes a second.
    match config:
        case Cifar10Data():
            from sightline.data.sources.cifar10 import find_cifar10

            return find_cifar10(path_of(config.root), download=config.download)
        case FolderData():
            from sightline.data.sources.folder import find_folder

            return find_folder(None if config.root is None else path_of(config.root))
        case CsvData():
            from sightline.data.sources.table import find_table

            return find_table(config)
        case DigitsData():
            from sightline.data.sources.digits import find_digits

            return find_digits()
        case ShapesData():
            from sightline.data.sources.shapes import find_shapes

            return find_shapes(config)
        case SegmentationFolderData():
            from sightline.data.sources.segmentation_folder import find_segmentation_folder

            return find_segmentation_folder(config)
        case PetsData():
            from sightline.data.sources.pets import find_pets

            return find_pets(path_of(config.root), config.border, config.download)


def find_unknown(config: DataConfig) -> Source:
    """List images of another kind, for `evaluation.ood`: they need no classes, so any folder of images will do.

    Raises:
        UsageError: there is nothing to be found there.
    """
    try:
        source = find(config)
        if not of_kind(source.targets, ClassTarget):
            unknown = ClassTarget(np.zeros(len(source), dtype=np.int64), ("unknown",))
            return replace(source, targets={LABEL: unknown})
        return source
    except UsageError as error:
        if isinstance(config, FolderData) and config.root and config.root.strip():
            from sightline.data.sources.folder import find_without_classes

            if (bare := find_without_classes(path_of(config.root))) is not None:
                return bare
        raise UsageError(_KEY.sub("evaluation.ood.", str(error))) from error


def _refuse_empty(config: DataConfig) -> None:
    """Refuse a path without a letter, as a variable that is not set leaves it; it would be the current folder.

    Raises:
        UsageError: there is one.
    """
    for key in ("root", "manifest"):
        value = getattr(config, key, None)
        if value is not None and not value.strip():
            raise UsageError(f"data.{key}= is empty; give a path, data.{key}=. for the current folder")
