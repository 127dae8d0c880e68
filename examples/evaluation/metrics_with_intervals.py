"""Every metric with its interval, from logits and labels alone.

    bash run.sh examples/evaluation/metrics_with_intervals.py

Any model will do, here scikit-learn's logistic regression. Shares have Wilson's limits, other scores a bootstrap within
the classes; the hardest digits come last.
"""

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

from sightline.metrics.classification.evaluation import evaluate_classification
from sightline.metrics.intervals.resampling import Resampling
from sightline.metrics.predictions import Predictions

digits = load_digits()
train_x, test_x, train_y, test_y = train_test_split(digits.data / 16, digits.target, test_size=600, random_state=0)
model = LogisticRegression(max_iter=500).fit(train_x, train_y)

ids = np.array([f"digit {number}" for number in range(len(test_y))])
predictions = Predictions(ids, model.decision_function(test_x).astype(np.float32), test_y)
names = [str(name) for name in digits.target_names]
resampling = Resampling(level=0.95, resamples=500, seed=0)
found = evaluate_classification(predictions, class_names=names, resampling=resampling)

print(f"{'metric':<18} {'value':>6}  95 % interval")
for name, metric in found["metrics"].items():
    print(f"{name:<18} {metric['value']:>6.3f}  [{metric['low']:.3f}, {metric['high']:.3f}]  {metric['method']}")

print("\nclass  images  recall  95 % interval")
for row in sorted(found["per_class"], key=lambda row: -row["recall"]["value"])[-3:]:
    recall = row["recall"]
    print(
        f"{row['class']:>5}  {row['support']:>6}  {recall['value']:>6.3f}  [{recall['low']:.3f}, {recall['high']:.3f}]"
    )
