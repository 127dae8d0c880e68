from collections.abc import Callable
from typing import Any

from sightline.reporting.sections.comparison.verdict import headline

Compared = Callable[..., dict[str, Any]]


def test_the_headline_claims_no_winner_where_there_is_none(compared: Compared):
    assert headline(compared(good=0.95, bad=0.6)).startswith("This trained model of good is best: Accuracy 9")
    assert headline(compared(one=0.9, other=0.9)) == "No single winner: other and one cannot be told apart by Accuracy."
    assert headline(compared(alone=0.9)).startswith("Accuracy of alone: ")
