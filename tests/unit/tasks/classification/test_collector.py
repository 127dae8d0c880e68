"""Batches of outputs become predictions; embeddings travel with them and are not stored."""

import numpy as np
import torch

from sightline.models.networks.cnn import Cnn
from sightline.models.outputs import by_head
from sightline.tasks.classification.collector import ClassificationCollector


def test_batches_of_any_size_give_the_same():
    torch.manual_seed(0)
    model, images, labels = Cnn(3, width=8).eval(), torch.randn(7, 3, 16, 16), torch.arange(7) % 3
    collector, ids = ClassificationCollector(), [f"image {'x' * row}" for row in range(7)]
    with torch.inference_mode():
        outputs = by_head(collector.forward(model, images))
    whole = collector.collect(ids, outputs, {"label": labels})
    parts = [
        collector.collect(ids[cut], {name: one[cut] for name, one in outputs.items()}, {"label": labels[cut]})
        for cut in (slice(0, 2), slice(2, 3), slice(3, 7))
    ]
    joined = collector.joined(parts)
    assert list(whole.to_arrays()) == ["ids", "logits", "labels"]
    for name, array in {**whole.to_arrays(), "embeddings": whole.embeddings}.items():
        assert getattr(joined, name).dtype == array.dtype
        np.testing.assert_array_equal(getattr(joined, name), array)
