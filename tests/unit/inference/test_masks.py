"""What is kept of masks: every pixel counted once, a sample that no batch changes."""

import numpy as np
import pytest
import torch
from sklearn.metrics import confusion_matrix
from torch import Tensor

from sightline.inference.collector import Collector
from sightline.inference.masks import MaskCollector
from sightline.metrics.segmentation.predictions import MaskPredictions

IGNORED = 255
CLASSES = 4
COLLECTOR: Collector[MaskPredictions] = MaskCollector("mask", IGNORED, pixels=20, seed=3)
IDS = [f"image {number}" for number in range(6)]


@pytest.fixture(scope="module")
def batch() -> tuple[Tensor, Tensor]:
    """Logits and masks; of class 3 there is no pixel, and the last image has none to count."""
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(len(IDS), CLASSES, 9, 7, generator=generator)
    masks = torch.randint(0, CLASSES - 1, (len(IDS), 9, 7), generator=generator, dtype=torch.uint8)
    masks[torch.rand(masks.shape, generator=generator) < 0.3] = IGNORED
    masks[-1] = IGNORED
    return logits, masks


def test_confusions_are_scikit_learns(batch: tuple[Tensor, Tensor]):
    found = COLLECTOR.collect(IDS, batch[0], {"mask": batch[1]})
    for confusion, logits, mask in zip(found.confusions[:-1], *(part[:-1] for part in batch), strict=True):
        counted = mask != IGNORED
        truth, predicted = mask[counted].numpy(), logits.argmax(dim=0)[counted].numpy()
        np.testing.assert_array_equal(confusion, confusion_matrix(truth, predicted, labels=range(CLASSES)))
    assert found.confusions[-1].sum() == 0
    assert found.confusions.sum() == (batch[1] != IGNORED).sum()


@pytest.mark.parametrize("size", [1, 2, 4, 5])
def test_batches_of_any_size_give_the_same(batch: tuple[Tensor, Tensor], size: int):
    whole = COLLECTOR.collect(IDS, batch[0], {"mask": batch[1]})
    cuts = [slice(start, start + size) for start in range(0, len(IDS), size)]
    joined = COLLECTOR.joined([COLLECTOR.collect(IDS[cut], batch[0][cut], {"mask": batch[1][cut]}) for cut in cuts])
    for name, array in whole.to_arrays().items():
        np.testing.assert_array_equal(joined.to_arrays()[name], array)


def test_the_sample_is_of_counted_pixels_and_follows_the_id(batch: tuple[Tensor, Tensor]):
    logits, masks = batch
    found = COLLECTOR.collect(IDS, logits, {"mask": masks})
    assert np.bincount(found.pixel_images, minlength=len(IDS)).tolist() == [20] * 5 + [0]
    assert (found.pixel_labels != IGNORED).all()
    for number in range(5):
        of_image = found.pixel_images == number
        pixels = {tuple(row) for row in logits[number].flatten(1).T[masks[number].flatten() != IGNORED].tolist()}
        assert {tuple(row) for row in found.pixel_logits[of_image].tolist()} <= pixels
    turned = COLLECTOR.collect(IDS[::-1], logits.flip(0), {"mask": masks.flip(0)})
    np.testing.assert_array_equal(turned.pixel_logits[turned.pixel_images == 5], found.pixel_logits[:20])
    other = MaskCollector("mask", IGNORED, 20, seed=4).collect(IDS, logits, {"mask": masks})
    assert not np.array_equal(other.pixel_logits, found.pixel_logits)
