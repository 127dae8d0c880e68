"""Two systems on the same items: the paired difference says more than two intervals side by side.

    bash run.sh examples/statistics/paired_comparison.py

The intervals of the accuracies overlap; what counts is the items on which only one of the two is right. p-values are
adjusted for the number of pairs.
"""

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier

from sightline.metrics.comparison.compare import compare
from sightline.metrics.comparison.systems import System
from sightline.metrics.intervals.resampling import Resampling
from sightline.metrics.predictions import Predictions

images, labels = load_digits(return_X_y=True)
train_x, test_x, train_y, test_y = train_test_split(images / 16, labels, test_size=600, random_state=0)
ids = np.arange(len(test_y)).astype(str)


def system(name: str, model: ClassifierMixin) -> System:
    """A classifier, fitted, and what it says of the test items."""
    probabilities = model.fit(train_x, train_y).predict_proba(test_x)
    return System(name, (Predictions(ids, np.log(np.clip(probabilities, 1e-6, 1)).astype(np.float32), test_y),))


systems = [
    system("neighbours", KNeighborsClassifier(5)),
    system("logistic", LogisticRegression(max_iter=500)),
    system("naive Bayes", GaussianNB(var_smoothing=0.1)),
]
found = compare(systems, metric="accuracy", resampling=Resampling(level=0.95, resamples=500, seed=0))

print(f"{found['n']} items")
for own in found["systems"]:
    print(f"  {own['name']:<12} {own['value']:.1%}  [{own['low']:.1%}, {own['high']:.1%}]")
print(f"\n{'pair':<26} {'difference':>10}  {'95 % interval':<17} {'p':>7}  {'adjusted':>8}")
for pair in found["pairs"]:
    limits = f"[{pair['low']:+.1%}, {pair['high']:+.1%}]"
    names = f"{pair['a']} - {pair['b']}"
    print(f"{names:<26} {pair['difference']:>+10.1%}  {limits:<17} {pair['p_value']:>7.4f}  {pair['p_adjusted']:>8.4f}")
print("\nranking: " + ", ".join(f"{row['rank']} {row['name']}" for row in found["ranking"]))
