"""Any batch of any epoch can be made again alone, to the same pixels.

    bash run.sh examples/training/replay_a_batch.py

Order and augmentation are functions of (seed, epoch, image), not of what was drawn before. So a step that looks odd is
looked at again without the epochs before it, and an image looks the same in a batch of another size.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from sightline.cli import configure
from sightline.data.dataset import Dataset, list_images
from sightline.data.loaders import TrainLoader
from sightline.data.preprocessing import pixel_statistics
from sightline.data.reduction import Reduction
from sightline.data.splits.assignment import make_split
from sightline.data.store.factory import open_store
from sightline.data.transforms.transform import TrainTransform

config = configure("data=digits", "transforms=trivialaugment", "transforms.horizontal_flip=0")
source = list_images(config)
store = open_store(source, reduction=Reduction(16), cache=Path(config.runs_dir) / ".store", workers=0)
dataset = Dataset(make_split(source, store.facts.hashes, config.data), store, np.arange(len(source)))
mean, std = pixel_statistics(store, dataset.positions("train"))
transform = TrainTransform(
    config.transforms, image_size=16, mean=mean, std=std, interpolation="bilinear", seed=config.seed, crop_fraction=1.0
)
cpu = torch.device("cpu")
loader = TrainLoader(dataset, transform, config.transforms.mixing, 64, config.seed, cpu, torch.channels_last)

steps = list(loader.batches(0, 3 * len(loader)))
epoch, index = 2, 5
seen, alone = steps[epoch * len(loader) + index], loader.batch(epoch, index, progress=0.0)
print(f"batch {index} of epoch {epoch}, replayed alone:     {torch.equal(seen.images, alone.images)}")

image = int(seen.positions[0])
smaller = replace(loader, batch_size=10)
other = next(b for b in (smaller.batch(epoch, i, 0.0) for i in range(len(smaller))) if image in b.positions)
twin = other.images[list(other.positions).index(image)]
print(f"its first image in a batch of {len(other)}:       {torch.equal(seen.images[0], twin)}")

earlier = next(b for b in steps[: len(loader)] if image in b.positions)
twin = earlier.images[list(earlier.positions).index(image)]
print(f"the same image two epochs earlier:      {torch.equal(seen.images[0], twin)}")
