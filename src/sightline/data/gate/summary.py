"""What the data gate writes down: how many images of which classes, sizes and modes, and every finding."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sightline.data.gate.findings import SEVERITY, Finding
from sightline.data.sources.source import Source
from sightline.data.store.index import ImageFacts
from sightline.data.targets import class_counts
from sightline.metrics.documents.validation import Found, Spread, Validation


def summary(
    source: Source,
    facts: ImageFacts,
    findings: Sequence[Finding],
    pixels: Mapping[str, Mapping[str, int]] | None = None,
) -> Validation:
    """The content of `validation.json`.

    Args:
        source: the items that are counted by class.
        facts: the images that sizes and modes are taken from; they may be more than `source` holds.
        findings: of both halves of the gate.
        pixels: of masks, by role and class.
    """
    sides = {"width": facts.widths, "height": facts.heights} if facts.widths.any() else {}
    content: Validation = {
        "n": len(source),
        "outcome": max((found.outcome for found in findings), key=SEVERITY.index, default="pass"),
        "classes": dict(class_counts(source.targets, np.arange(len(source)))),
        "sizes": {name: _spread(values[values > 0]) for name, values in sides.items()},
        "modes": dict(Counter(mode for mode in facts.modes if mode).most_common()),
        "findings": [_found(finding) for finding in findings],
    }
    return content if pixels is None else {**content, "pixels": pixels}


def _found(finding: Finding) -> Found:
    return {
        "check": finding.check,
        "policy": finding.policy,
        "outcome": finding.outcome,
        "count": finding.count,
        "message": finding.message,
        "examples": list(finding.examples),
    }


def _spread(values: NDArray[np.int32]) -> Spread:
    """Smallest, median and largest, whole where they are whole."""
    median = float(np.median(values))
    return {
        "min": int(values.min()),
        "median": int(median) if median.is_integer() else median,
        "max": int(values.max()),
    }
