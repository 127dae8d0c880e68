from collections.abc import Callable
from typing import Any

from sightline.reporting.sections.comparison.pairs import difference, p_value, pair_table

Compared = Callable[..., dict[str, Any]]


def test_a_difference_has_sign_and_unit():
    pair = {"difference": 0.012, "low": -0.004, "high": 0.0282}
    assert difference("accuracy", pair) == "+1.20 points [-0.40, +2.82]"
    assert difference("log_loss", pair) == "+0.0120 [-0.0040, +0.0282]"
    assert (p_value(0.00001), p_value(0.0314), p_value(0.7)) == ("< 0.0001", "0.0314", "0.70")


def test_the_better_one_is_named_whichever_way_is_better(compared: Compared):
    rows = pair_table(compared(good=0.95, bad=0.6)).rows
    assert rows[0][5] == "good, as trained, is better"
    assert str(rows[0][0]).startswith("good")
    assert pair_table(compared("log_loss", good=0.95, bad=0.6)).rows[0][5] == "good, as trained, is better"
    assert pair_table(compared(one=0.9, other=0.9)).rows[0][5] == "not told apart"
