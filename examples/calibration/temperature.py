"""One temperature, and the calibration errors before and after it, cross-fitted.

    bash run.sh examples/calibration/temperature.py

A classifier that learned from few images is too sure of itself. Every item is judged at a temperature fitted on other
items; the last column is what a perfectly calibrated model would show by chance with as many items.
"""

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

from sightline.calibration.calibrate import calibrate
from sightline.calibration.promises import Promises
from sightline.metrics.intervals.resampling import Resampling
from sightline.metrics.predictions import Predictions

images, labels = load_digits(return_X_y=True)
train_x, rest_x, train_y, rest_y = train_test_split(images / 16, labels, train_size=200, test_size=1000, random_state=0)
model = LogisticRegression(C=1000, max_iter=2000).fit(train_x, train_y)
logits = model.decision_function(rest_x).astype(np.float32)

predictions = Predictions(np.arange(len(rest_y)).astype(str), logits, rest_y)
promises = Promises(alphas=[0.1], target_risks=[0.05], risk_error=0.05)
resampling = Resampling(level=0.95, resamples=200, seed=0)
found = calibrate(predictions, promises=promises, resampling=resampling, bins=15)

print(f"{found['n']} items, {model.score(rest_x, rest_y):.1%} right, temperature {found['temperature']:.2f}\n")
print(f"{'error':<13} {'before':>22} {'after':>22} {'perfect':>8}")
for name in ("log_loss", "brier", "ece", "ece_debiased"):
    both = found["before"][name], found["after"][name]
    cells = [f"{one['value']:.3f} [{one['low']:.3f}, {one['high']:.3f}]" for one in both]
    print(f"{name:<13} {cells[0]:>22} {cells[1]:>22} {found['null']['after'][name]:>8.3f}")
