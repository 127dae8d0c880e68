from collections.abc import Callable
from typing import Any

from sightline.reporting.sections.sweep.retrained import HEADER, headline, retrained_table

Study = Callable[..., dict[str, Any]]


def test_the_headline_tells_gain_and_luck(study: Study):
    assert headline(study()) == (
        "Trial 1 is the best of 2 with fresh seeds: accuracy on val 78.00 %; the search saw 80.00 %. "
        "The configuration as it was reaches 70.00 %: +8.00 points. "
        "The best trial looked better than fresh seeds find it: 2.00 points of luck."
    )


def test_a_search_that_found_nothing_better_says_so(study: Study):
    own = study()["again"][1] | {"gap": -0.01}
    words = headline(study(again=[own], best=0))
    assert "That is the configuration as it was: the search found nothing better." in words
    assert words.endswith("The best trial looked 1.00 points worse than fresh seeds find it.")
    assert "looked" not in headline(study(again=[own]))


def test_a_loss_gains_by_being_less(study: Study):
    words = headline(study(metric="val_loss", direction="minimize"))
    assert "accuracy" not in words
    assert "reaches 0.7000: -0.0800." in words


def pair(difference: float, low: float | None, high: float | None, p_value: float | None) -> dict[str, Any]:
    return {"difference": difference, "low": low, "high": high, "p_value": p_value, "reason": "nothing varies"}


def test_gap_and_gain_have_limits_and_the_test_split_has_the_last_word(study: Study):
    found = study(gain=pair(0.08, -0.01, 0.17, 0.07))
    found["again"][0]["gap_limits"] = pair(0.02, -0.05, 0.09, 0.5)
    found["test"] = {"runs": [], "metric": "accuracy", "level": 0.95, "pair": pair(0.05, 0.01, 0.09, 0.02)}
    assert headline(found) == (
        "Trial 1 is the best of 2 with fresh seeds: accuracy on val 78.00 %; the search saw 80.00 %. "
        "The configuration as it was reaches 70.00 %: +8.00 points [-1.00, +17.00]. "
        "On the test split, read once for this: +5.00 points [+1.00, +9.00], p = 0.0200; the two are told apart. "
        "The best trial looked better than fresh seeds find it: 2.00 points of luck, "
        "which may be chance: +2.00 points [-5.00, +9.00]."
    )
    assert retrained_table(found).rows[0][5] == "+2.00 points [-5.00, +9.00]"
    found["test"]["pair"] |= {"p_value": 0.2}
    assert "p = 0.20; the two cannot be told apart." in headline(found)
    found["test"]["pair"] |= {"p_value": None, "low": None, "high": None}
    assert "On the test split the two are not judged: nothing varies." in headline(found)


def test_those_trained_anew_with_each_seed(study: Study):
    rows = retrained_table(study()).rows
    assert rows[0] == ["trial 1", "80.00 %", "77.00 %, 79.00 %", "78.00 %", "±1.00 points", "+2.00 points"]
    assert rows[1][4] == "–"
    assert {len(row) for row in rows} == {len(HEADER)}
