"""How soon each system gets as far as all do."""

from dataclasses import dataclass
from typing import Any

import pytest

from sightline.inference.systems import Curve
from sightline.inference.time_to_accuracy import seconds_to_common_accuracy


@dataclass(frozen=True)
class Known:
    """A system of which only the curves matter."""

    members: list[Curve]
    name: str = "known"

    def curves(self) -> list[Curve]:
        return self.members


def test_the_accuracy_is_one_that_all_reach_and_the_time_that_of_its_first_epoch():
    slow = Known([[(10.0, 0.5), (20.0, 0.7), (30.0, 0.9)], [(12.0, 0.6), (24.0, 0.8), (36.0, 0.8)]])
    weak: Any = Known([[(5.0, 0.6), (10.0, 0.65)], [(5.0, 0.7), (10.0, 0.75)]])
    other: Any = Known([])
    target, seconds = seconds_to_common_accuracy([slow, weak, other])  # type: ignore[list-item]
    assert target == pytest.approx(0.65)  # the best of weak's first member
    assert seconds == [pytest.approx((20 + 24) / 2), pytest.approx((10 + 5) / 2), None]
    assert seconds_to_common_accuracy([other]) == (None, [None])
