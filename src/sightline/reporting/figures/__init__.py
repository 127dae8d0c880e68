"""The pictures of a run: plain arrays and dicts in, PNG bytes out, the same bytes for the same input.

The only importer of matplotlib. A stage saves what a function returns as `figures/<name>.png`; the title, the caption
and the place of each stand with the section of the report that shows it.
"""

from sightline.reporting.figures.classes import class_balance, confusion, per_class
from sightline.reporting.figures.comparison import comparison
from sightline.reporting.figures.conformal import set_sizes
from sightline.reporting.figures.corruptions import corruptions
from sightline.reporting.figures.drift import drift, drift_examples
from sightline.reporting.figures.embeddings import embedding
from sightline.reporting.figures.masks import masks
from sightline.reporting.figures.mean_maps import mean_maps
from sightline.reporting.figures.ood import ood
from sightline.reporting.figures.pictures import augmentation, explanations
from sightline.reporting.figures.ranking import pr_curves, roc_curves
from sightline.reporting.figures.reliability import confidence, reliability
from sightline.reporting.figures.selective import risk_coverage
from sightline.reporting.figures.sweep import sweep_curves, sweep_history, sweep_importances
from sightline.reporting.figures.sweep_dimensions import sweep_parallel, sweep_slices
from sightline.reporting.figures.training import curves, freezing, lr_range

__all__ = [
    "augmentation",
    "class_balance",
    "comparison",
    "confidence",
    "confusion",
    "corruptions",
    "curves",
    "drift",
    "drift_examples",
    "embedding",
    "explanations",
    "freezing",
    "lr_range",
    "masks",
    "mean_maps",
    "ood",
    "per_class",
    "pr_curves",
    "reliability",
    "risk_coverage",
    "roc_curves",
    "set_sizes",
    "sweep_curves",
    "sweep_history",
    "sweep_importances",
    "sweep_parallel",
    "sweep_slices",
]
