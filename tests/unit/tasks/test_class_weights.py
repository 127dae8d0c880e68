"""Weights by how often classes occur, by hand."""

from typing import Literal

import numpy as np
import pytest

from sightline.tasks.class_weights import class_weights

COUNTS = np.array([500, 60, 7, 1, 0])


@pytest.mark.parametrize("kind", ["inverse", "effective"])
def test_weights_average_to_one_over_what_was_counted_and_rise_as_classes_get_rarer(
    kind: Literal["inverse", "effective"],
):
    weights = class_weights(kind, 0.99, COUNTS)
    assert (COUNTS * weights).sum() == pytest.approx(COUNTS.sum())
    assert (np.diff(weights[:4]) > 0).all()
    assert np.isfinite(weights).all()


def test_weights_by_hand():
    counts = np.array([3, 1])
    assert class_weights("inverse", 0.99, counts) == pytest.approx([4 / 6, 2.0])
    effective = class_weights("effective", 0.5, counts)
    assert effective[1] / effective[0] == pytest.approx((1 - 0.5**3) / (1 - 0.5))
    plain = class_weights("effective", 0.0, counts)
    assert plain == pytest.approx([1.0, 1.0]), "beta=0: every class has one effective image"
