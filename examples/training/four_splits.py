"""The four splits that a data source gets: drawn by class, kept by content, the test split locked.

    bash run.sh examples/training/four_splits.py

The role of an image depends on its id and `data.split_seed` alone, so when images are added or taken away hardly any
other changes its split.
"""

from pathlib import Path

import numpy as np

from sightline.cli import configure
from sightline.data.dataset import Dataset, list_images
from sightline.data.reduction import Reduction
from sightline.data.sources.source import ROLES
from sightline.data.splits.assignment import make_split
from sightline.data.store.factory import open_store
from sightline.errors import LockedSplitError

config = configure("data=digits")
source = list_images(config)
store = open_store(source, reduction=Reduction(), cache=Path(config.runs_dir) / ".store", workers=0)
hashes = store.facts.hashes
split = make_split(source, hashes, config.data)

print(f"{'split':<12} {'images':>6}   of each digit")
for role in ROLES:
    counts = np.bincount(split.labels[split.positions(role)], minlength=10)
    print(f"{role:<12} {counts.sum():>6}   {' '.join(f'{count:>3}' for count in counts)}")

kept = np.arange(100, len(source))
fewer = make_split(source.take(kept), [hashes[i] for i in kept], config.data)
moved = int((fewer.roles != split.roles[kept]).sum())
print(f"\nwithout the first 100 images: {moved} of the other {len(kept)} change their split")

try:
    Dataset(split, store, np.arange(len(source))).positions("test")
except LockedSplitError as error:
    print(f"asked for test images: {error}")
