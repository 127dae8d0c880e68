"""Several seeds of two systems: how much comes from the seeds, and how much from the items.

    bash run.sh examples/statistics/seeds_and_items.py

More seeds shrink the one, more test items the other. A single seed of each would have hidden the first: the last lines
show what one would have concluded from seed 0, 1, 2 … alone.
"""

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.datasets import load_digits
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.model_selection import train_test_split

from sightline.metrics.comparison.compare import compare
from sightline.metrics.comparison.systems import System
from sightline.metrics.intervals.resampling import Resampling
from sightline.metrics.predictions import Predictions

SEEDS, TREES = 5, 4

images, labels = load_digits(return_X_y=True)
train_x, test_x, train_y, test_y = train_test_split(images, labels, test_size=800, random_state=0)
ids = np.arange(len(test_y)).astype(str)


def predictions(model: ClassifierMixin) -> Predictions:
    """What a classifier, once fitted, says of the test items."""
    probabilities = model.fit(train_x, train_y).predict_proba(test_x)
    return Predictions(ids, np.log(np.clip(probabilities, 1e-6, 1)).astype(np.float32), test_y)


systems = [
    System("extra trees", tuple(predictions(ExtraTreesClassifier(TREES, random_state=seed)) for seed in range(SEEDS))),
    System("forest", tuple(predictions(RandomForestClassifier(TREES, random_state=seed)) for seed in range(SEEDS))),
]
settings = {"metric": "accuracy", "resampling": Resampling(level=0.95, resamples=500, seed=0)}
found = compare(systems, **settings)

print(f"{'system':<12} {'mean':>6}  {'95 % interval':<16} {'from seeds':>10} {'from items':>10}")
for own in found["systems"]:
    limits = f"[{own['low']:.1%}, {own['high']:.1%}]"
    print(
        f"{own['name']:<12} {own['value']:>6.1%}  {limits:<16} {own['training_sd']:>10.2%} {own['sampling_sd']:>10.2%}"
    )

print("\nextra trees - forest")
alone = [compare([System(s.name, s.members[seed : seed + 1]) for s in systems], **settings) for seed in range(SEEDS)]
for what, result in [("all seeds", found), *((f"seed {seed}", one) for seed, one in enumerate(alone))]:
    pair = result["pairs"][0]
    print(
        f"  {what:<10} {pair['difference']:>+6.1%}  [{pair['low']:+.1%}, {pair['high']:+.1%}]  p {pair['p_value']:.4f}"
    )
