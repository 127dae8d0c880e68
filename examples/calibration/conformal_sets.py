"""Conformal sets: classes that together hold the truth as often as promised, however good the model is.

    bash run.sh examples/calibration/conformal_sets.py

A weak classifier, a promise of 90 %, and 100 random halvings into items that fit the quantile and items that test it.
`lac` has the smallest sets; a quantile for each class keeps the promise within every class, with larger sets.
"""

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import GaussianNB

from sightline.calibration.conformal import METHODS, class_scores, fit_quantiles, prediction_sets
from sightline.metrics.documents.calibration import SetMethod

REPEATS, ALPHA = 100, 0.1

images, labels = load_digits(return_X_y=True)
train_x, rest_x, train_y, rest_y = train_test_split(images / 16, labels, train_size=100, random_state=0)
probabilities = GaussianNB(var_smoothing=0.1).fit(train_x, train_y).predict_proba(rest_x)
items = np.arange(len(rest_y))


def tested(method: SetMethod, *, by_class: bool) -> tuple[np.ndarray, np.ndarray]:
    """Whether each item's set held its truth, and the set's size, in every halving that tested it; else NaN."""
    rng = np.random.default_rng(0)
    held, sizes = np.full((2, REPEATS, len(items)), np.nan)
    for repeat in range(REPEATS):
        fits = rng.permutation(items) % 2 == 0
        scores = class_scores(probabilities, method, rng.random(len(items)))
        sets = prediction_sets(scores, fit_quantiles(scores[fits], rest_y[fits], ALPHA, by_class=by_class))
        held[repeat, ~fits] = sets[items, rest_y][~fits]
        sizes[repeat, ~fits] = sets.sum(axis=1)[~fits]
    return held, sizes


print(f"{len(items)} items, {np.mean(probabilities.argmax(axis=1) == rest_y):.1%} answered rightly\n")
print("method  quantile        coverage  in the worst class  mean size")
for method in METHODS:
    for by_class in (False, True):
        held, sizes = tested(method, by_class=by_class)
        worst = min(np.nanmean(held[:, rest_y == digit]) for digit in range(10))
        kind = "for each class" if by_class else "one for all"
        print(f"{method:<7} {kind:<15} {np.nanmean(held):>8.1%}  {worst:>18.1%}  {np.nanmean(sizes):>9.2f}")
