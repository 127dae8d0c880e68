"""Labels that are worth a second look, found by models that never saw them.

    bash run.sh examples/evaluation/wrong_labels.py

Thirty labels of the digits are made wrong here, so that one can count how many are found. Predictions come from
cross-validation: no item is judged by a model that learned its label.
"""

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

from sightline.metrics.classification.suspects import suspect_labels
from sightline.metrics.predictions import Predictions

PLANTED = 30

images, truth = load_digits(return_X_y=True)
rng = np.random.default_rng(0)
wrong = rng.choice(len(truth), PLANTED, replace=False)
labels = truth.copy()
labels[wrong] = (truth[wrong] + rng.integers(1, 10, PLANTED)) % 10

logits = cross_val_predict(LogisticRegression(max_iter=500), images / 16, labels, cv=3, method="decision_function")
predictions = Predictions(np.arange(len(labels)).astype(str), logits.astype(np.float32), labels)
found = suspect_labels(predictions, temperature=1.0, class_names=[str(digit) for digit in range(10)])

planted = set(wrong.astype(str).tolist())
hits = [item["id"] in planted for item in found["items"]]
print(f"{found['count']} of {len(labels)} labels are suspect; {sum(hits)} of the {PLANTED} wrong ones are among them")
print(f"of the first ten suspects {sum(hits[:10])} are wrong\n")

print("item  label  rather  probability of either")
for item in found["items"][:5]:
    chances = f"{item['label_probability']:.3f}  {item['rather_probability']:.3f}"
    print(f"{item['id']:>4}  {item['label']:>5}  {item['rather']:>6}  {chances}")
