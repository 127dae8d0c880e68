"""IoU, Dice and friends with intervals, on a loop of your own: update, compute, reset.

    bash run.sh examples/evaluation/masks_on_your_own_loop.py

Each score with its limits; what is computed from all pixels stands beside the means over images.
"""

import numpy as np

from sightline.metrics.segmentation.accumulator import MaskMetrics

rng = np.random.default_rng(0)
metrics = MaskMetrics(classes=3, ignore_index=255)
for _ in range(10):  # batches of four images; a model would give logits (4, 3, 48, 64) or labels (4, 48, 64)
    truth = rng.integers(0, 3, (4, 48, 64))
    predicted = np.where(rng.random(truth.shape) < 0.9, truth, 0)
    truth[:, :4] = 255  # these rows count for nothing
    metrics.update(predicted, truth)

intervals = metrics.intervals()
for name, value in metrics.compute().items():
    interval = intervals[name]
    print(f"{name:17} {value:.3f}  [{interval.low:.3f}, {interval.high:.3f}]")
metrics.reset()
