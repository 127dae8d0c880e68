from collections.abc import Callable
from typing import Any

from sightline.reporting.sections.sweep.retrained import HEADER, headline, retrained_table

Study = Callable[..., dict[str, Any]]


def test_the_headline_tells_gain_and_luck(study: Study):
    assert headline(study()) == (
        "Trial 1 is best with fresh seeds: accuracy on val 78.00 %; the search saw 80.00 %. "
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


def test_those_trained_anew_with_each_seed(study: Study):
    rows = retrained_table(study()).rows
    assert rows[0] == ["trial 1", "80.00 %", "77.00 %, 79.00 %", "78.00 %", "±1.00 points", "+2.00 points"]
    assert rows[1][4] == "–"
    assert {len(row) for row in rows} == {len(HEADER)}
