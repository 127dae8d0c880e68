"""Rare classes: what each remedy makes of a long tail.

    bash run.sh examples/fine_tuning/rare_classes.py

`inverse` and `effective` weigh the loss; `balanced` draws every class equally often, so images of rare classes come
back within an epoch, augmented anew. The weights average 1 over the images, so the learning rate keeps its meaning.
"""

import numpy as np

from sightline.cli import configure
from sightline.data.order import balanced
from sightline.tasks.class_weights import class_weights

counts = (500 * 0.6 ** np.arange(10)).round().astype(np.int64)
labels = np.repeat(np.arange(10), counts)

beta = configure("imbalance=effective").imbalance.beta
drawn = np.bincount(labels[balanced(seed=0, epoch=0, labels=labels).places])

print("class  images  inverse  effective  balanced draws")
rows = zip(counts, class_weights("inverse", beta, counts), class_weights("effective", beta, counts), drawn, strict=True)
for label, (count, by_count, by_worth, draws) in enumerate(rows):
    print(f"{label:>5}  {count:>6}  {by_count:>7.2f}  {by_worth:>9.2f}  {draws:>14}")
