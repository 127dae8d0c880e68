from dataclasses import replace

import numpy as np
import pytest

from sightline.cli import configure
from sightline.data.dataset import list_images
from sightline.data.sources.find import find
from sightline.data.sources.wanted import with_targets
from sightline.data.targets import LABEL, MASK, MISSING
from sightline.errors import UsageError


@pytest.fixture
def both():
    words = ("data.images=40", "data.height=16", "data.width=16", "data.labels_missing=0.5", "data.masks_missing=0.25")
    return find(configure("data=shapes", *words).data)


def test_only_what_is_learned_is_read_and_items_without_it_are_left_out(both):
    labels = with_targets(both, (LABEL,), "cnn", "shapes")
    assert list(labels.targets) == [LABEL]
    assert labels.masks is None
    assert (labels.labels != MISSING).all()
    missing = 40 - len(labels)
    assert missing == (both.targets[LABEL].values == MISSING).sum() > 0
    assert labels.remarks[-1].message == f"{missing} images without a label: left out"
    masks = with_targets(both, (MASK,), "unet", "shapes")
    assert list(masks.targets) == [MASK]
    assert all(value is not None for value in masks.masks.values)
    assert len(masks) == 40 - sum(value is None for value in both.masks.values)
    assert len(masks.pixels) == len(masks)


def test_one_of_two_is_enough(both):
    found = with_targets(both, (LABEL, MASK), "multitask", "shapes")
    assert list(found.targets) == [LABEL, MASK]
    assert len(found) == 40
    assert not found.remarks
    neither = replace(both, targets=dict(both.targets) | {MASK: replace(both.masks, values=(None,) * 40)})
    with pytest.raises(UsageError, match=r"^model=multitask learns masks, and data=shapes has none of any image$"):
        with_targets(neither, (LABEL, MASK), "multitask", "shapes")


def test_data_without_a_target_are_refused():
    digits = find(configure("data=digits").data)
    why = "model=unet learns masks, and data=digits has none; take data=segmentation_folder, data=pets or data=shapes"
    with pytest.raises(UsageError, match=f"^{why}$"):
        with_targets(digits, (MASK,), "unet", "digits")
    only_masks = find(configure("data=shapes", "data.images=10").data)
    only_masks = replace(only_masks, targets={MASK: only_masks.masks})
    with pytest.raises(UsageError, match=r"^model=cnn learns a class for each image, and data=x has none; take data=f"):
        with_targets(only_masks, (LABEL,), "cnn", "x")


def test_what_has_both_is_named_where_both_are_learned():
    digits = find(configure("data=digits").data)
    with pytest.raises(
        UsageError, match=r"^model=multitask learns masks, and data=digits has none; take data=pets or d"
    ):
        with_targets(digits, (LABEL, MASK), "multitask", "digits")


def test_a_classifier_reads_no_masks():
    source = list_images(configure("model=cnn", "data=shapes", "data.images=20"))
    assert list(source.targets) == [LABEL]
    assert np.bincount(source.labels).sum() == 20
