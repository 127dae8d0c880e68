"""Predictions of both, with what is missing of either."""

import numpy as np
import pytest
import torch

from sightline.data.targets import MISSING
from sightline.inference.masks import MaskCollector
from sightline.tasks.multitask.predictions import MultitaskCollector, MultitaskPredictions


def collected() -> MultitaskPredictions:
    """Of three images in two batches; the second has no label, the third no mask."""
    collector = MultitaskCollector(MaskCollector("mask", 9, 4, 0))
    labels, masks = torch.tensor([1, MISSING, 0]), torch.randint(0, 2, (3, 4, 4))
    masks[2] = 9
    outputs = {"label": torch.randn(3, 2), "mask": torch.randn(3, 2, 4, 4)}
    parts = [
        collector.collect(
            ids,
            {name: tensor[span] for name, tensor in outputs.items()},
            {"label": labels[span], "mask": masks[span]},
        )
        for ids, span in ((["a", "b"], slice(0, 2)), (["c"], slice(2, 3)))
    ]
    return collector.joined(parts)


def test_they_are_stored_and_read_back():
    found = collected()
    arrays = found.to_arrays()
    read = MultitaskPredictions.from_arrays(arrays)
    assert read.to_arrays().keys() == arrays.keys()
    for name, array in read.to_arrays().items():
        assert np.array_equal(array, arrays[name])
    assert len(read) == 3


def test_labels_are_of_the_images_that_have_one_and_masks_of_all():
    found = collected()
    assert found.of_labels.ids.tolist() == ["a", "c"]
    assert found.of_labels.labels.tolist() == [1, 0]
    assert found.labelled.tolist() == [0, 2]
    assert found.masks.ids.tolist() == ["a", "b", "c"]
    assert found.masks.confusions.sum(axis=(1, 2)).tolist() == [16, 16, 0]


def test_what_does_not_fit_together_is_refused():
    arrays = collected().to_arrays()
    with pytest.raises(ValueError, match="labels run from 0 to 7"):
        MultitaskPredictions.from_arrays({**arrays, "label.labels": np.array([7, MISSING, 0])})
