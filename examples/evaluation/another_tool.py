"""Another tool's predictions, judged: calibrated with one CSV file, measured on another.

    bash run.sh examples/evaluation/another_tool.py

A random forest of scikit-learn writes both files; what follows reads nothing else. From the command line the same is
`bash run.sh calibrate predictions=DIR output=OUT`, then `evaluate`.
"""

import csv
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

from sightline.calibration.calibrate import calibrate
from sightline.calibration.judge import judge
from sightline.calibration.promises import Promises
from sightline.metrics.classification.evaluation import evaluate_classification
from sightline.metrics.intervals.resampling import Resampling
from sightline.run.external.folder import class_names, read_folder

FOLDER = Path("runs/examples/forest")
RESAMPLING = Resampling(level=0.95, resamples=200, seed=0)


def write(split: str, images: np.ndarray, labels: np.ndarray) -> None:
    """A line an item: its id, its label, and the logarithm of each class's probability."""
    logits = np.log(np.clip(forest.predict_proba(images), 1e-3, 1))
    with (FOLDER / f"{split}.csv").open("w", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["id", "label", *(f"digit {number}" for number in range(10))])
        table.writerows([f"{split}-{number}", label, *logits[number]] for number, label in enumerate(labels))


images, labels = load_digits(return_X_y=True)
train_x, rest_x, train_y, rest_y = train_test_split(images, labels, test_size=1200, random_state=0)
forest = RandomForestClassifier(50, random_state=0).fit(train_x, train_y)
FOLDER.mkdir(parents=True, exist_ok=True)
write("calibration", rest_x[:600], rest_y[:600])
write("test", rest_x[600:], rest_y[600:])

promises = Promises(alphas=[0.05], target_risks=[0.03], risk_error=0.05)
files = read_folder(FOLDER)
fitted = calibrate(files["calibration"].predictions, promises=promises, resampling=RESAMPLING, bins=15)
test = files["test"].predictions
plain = evaluate_classification(test, class_names=class_names(files), resampling=RESAMPLING)["metrics"]
judged = judge(fitted, test, RESAMPLING, bins=15)

print(f"{len(test)} test items, accuracy {plain['accuracy']['value']:.1%}, temperature {fitted['temperature']:.2f}\n")
print(f"{'':<14} {'as they came':>22} {'at that temperature':>22}")
for name in ("log_loss", "brier", "ece_debiased"):
    both = plain[name], judged["metrics"][name]
    cells = [f"{one['value']:.3f} [{one['low']:.3f}, {one['high']:.3f}]" for one in both]
    print(f"{name:<14} {cells[0]:>22} {cells[1]:>22}")

sets, sure = judged["conformal"][0], judged["selective"][0]
held = sets["coverage"]["value"]
print(f"\nsets that should hold the truth for 95 %: {held:.1%}, of {sets['mean_size']:.2f} classes on average")
wrong = sure["risk"]["value"]
print(f"answers of which 3 % may be wrong: {wrong:.1%}, given for {sure['coverage']:.1%} of the items")
