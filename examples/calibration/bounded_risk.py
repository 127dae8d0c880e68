"""Answering only where the model is sure, with a risk that stays bounded.

    bash run.sh examples/calibration/bounded_risk.py

Confidences are simulated, because here the true risk must be known: the model is right a little less often than it
says. The threshold that looks right on the items at hand breaks its promise in about half of the cases; the bounded one
may do so in 5 %.
"""

import numpy as np

from sightline.calibration.selective import ConfidenceAndHits, fit_threshold
from sightline.metrics.classification.risk import risk_coverage

TARGET, ERROR, ITEMS, REPEATS = 0.05, 0.05, 1000, 300

rng = np.random.default_rng(0)


def items(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Confidences, and whether each answer is right."""
    confidence = rng.beta(5, 0.5, count)
    return confidence, rng.random(count) < confidence**1.3


population = items(300_000)


def outcome(threshold: float) -> tuple[float, float]:
    """The share of the population that is answered, and the risk of these answers."""
    answered = population[0] >= threshold
    return float(answered.mean()), float((~population[1][answered]).mean()) if answered.any() else 0.0


naive, bounded = [], []
for _ in range(REPEATS):
    confidence, right = items(ITEMS)
    coverage, risk = risk_coverage(confidence, right)
    answered = int(np.flatnonzero(risk <= TARGET)[-1]) if (risk <= TARGET).any() else 0
    naive.append(outcome(np.sort(confidence)[::-1][answered]))
    judged, guide = ConfidenceAndHits(confidence, right), ConfidenceAndHits(*items(ITEMS))
    bounded.append(outcome(fit_threshold(judged, TARGET, ERROR, guide).threshold))

print(f"{REPEATS} times {ITEMS} items; a risk of {TARGET:.0%} was asked for\n")
print(f"{'threshold':<24} {'answered':>8} {'mean risk':>9} {'promise broken':>15}")
for name, outcomes in (("looks right", naive), ("bounded (fit_threshold)", bounded)):
    coverage, risk = np.array(outcomes).T
    print(f"{name:<24} {coverage.mean():>8.1%} {risk.mean():>9.1%} {(risk > TARGET).mean():>15.1%}")
