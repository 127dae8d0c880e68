"""Where is a model worse? Accuracy within slices, with limits that hold for all of them together.

    bash run.sh examples/evaluation/slices.py

The scanner of site B is noisy here, so there is something to find (marked *); the coin tells nothing, and its limits
should hold 0. Numbers such as the ink are cut at their quartiles.
"""

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

from sightline.metrics.classification.slices import measure_slices
from sightline.metrics.intervals.resampling import Resampling

images, labels = load_digits(return_X_y=True)
train_x, test_x, train_y, test_y = train_test_split(images, labels, test_size=800, random_state=0)
model = LogisticRegression(max_iter=500).fit(train_x, train_y)

rng = np.random.default_rng(0)
at_b = rng.random(len(test_y)) < 0.3
columns = {
    "site": np.where(at_b, "B", "A").tolist(),
    "coin": rng.choice(["heads", "tails"], len(test_y)).tolist(),
    "ink": [f"{value:.0f}" for value in test_x.sum(axis=1)],
}
noisy = np.where(at_b[:, None], test_x + rng.normal(0, 5, test_x.shape), test_x)
right = model.predict(noisy) == test_y

print(f"{'column':<7} {'value':<14} {'images':>6} {'accuracy':>9}  less that of all others")
for part in measure_slices(columns, right, Resampling(level=0.95, resamples=100, seed=0)):
    gap = part["difference"]
    limits = f"[{gap['low']:+.1%}, {gap['high']:+.1%}]{' *' if gap['low'] > 0 or gap['high'] < 0 else ''}"
    row = f"{part['column']:<7} {part['value']:<14} {part['n']:>6} {part['accuracy']['value']:>9.1%}"
    print(f"{row}  {gap['value']:>+6.1%} {limits}")
