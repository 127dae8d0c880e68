"""A few drawn shapes, as training has them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sightline.cli import compose_config
from sightline.config import parse
from sightline.config.schema import Config
from sightline.data.dataset import Dataset, decode_images, decode_masks
from sightline.data.reduction import Reduction
from sightline.data.sources.find import find
from sightline.data.splits.assignment import make_split


def shapes_config(folder: Path, *overrides: str) -> Config:
    """Of twelve images of 32 pixels a side."""
    drawn = ["data.images=12", "data.height=32", "data.width=32", f"runs_dir={folder}"]
    return parse.parse(compose_config(["mode=evaluate", "data=shapes", *drawn, *overrides]))


def shapes_dataset(config: Config) -> Dataset:
    """Its split and its stores, labels and masks."""
    source = find(config.data)
    store = decode_images(source, Reduction(32), config)
    masks = decode_masks(source, store, config)
    assert masks is not None
    rows = np.arange(len(source))
    split = make_split(source, store.facts.hashes, config.data, masks.hashes(rows))
    return Dataset(split, store, rows, masks=masks)


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Config, Dataset]:
    """The configuration, and its data."""
    config = shapes_config(tmp_path_factory.mktemp("shapes"))
    return config, shapes_dataset(config)


def changed(config: Config, group: str, **values: Any) -> Config:
    """A configuration with other values in a group."""
    return config.model_copy(update={group: getattr(config, group).model_copy(update=values)})
