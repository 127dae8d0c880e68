"""How a comparison reads: differences with their sign and unit, ties as ties, every run named."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sightline.metrics.comparison.compare import compare
from sightline.metrics.comparison.systems import System
from sightline.metrics.predictions import Predictions
from sightline.reporting import figures
from sightline.reporting.comparison import (
    cost_rows,
    difference,
    headline,
    p_value,
    pair_rows,
    render_comparison,
    system_rows,
)
from sightline.run.folder import Run

NASTY = '<script>alert("x")</script>'


def compared(metric: str = "accuracy", **shares: float) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    labels, systems = np.zeros(400, dtype=np.int64), []
    for name, share in shares.items():
        right = rng.random(400) < share
        logits = np.stack([right, ~right], axis=1).astype(np.float32)
        systems.append(System(name, (Predictions(np.arange(400).astype(np.str_), logits, labels),)))
    found = compare(systems, metric=metric, level=0.95, resamples=100, seed=0)
    for row in found["systems"]:
        row |= {"parameters": 1_234_567, "trained_parameters": 650, "training_seconds": 61, "latency_ms": 2.25}
        row |= {"flops": 123_456_789, "images_per_second": 5432.1}
        row |= {"runs": [f"digits-cnn/{row['name']}"]}
    return {"split": "test", "target_val_accuracy": 0.875, **found}


def test_a_difference_has_sign_and_unit():
    pair = {"difference": 0.012, "low": -0.004, "high": 0.0282}
    assert difference("accuracy", pair) == "+1.20 points [-0.40, +2.82]"
    assert difference("log_loss", pair) == "+0.0120 [-0.0040, +0.0282]"
    assert (p_value(0.00001), p_value(0.0314), p_value(0.7)) == ("< 0.0001", "0.0314", "0.70")


def test_the_better_one_is_named_whichever_way_is_better():
    rows = pair_rows(compared(good=0.95, bad=0.6))
    assert rows[0][4] == "good is better"
    assert rows[0][0].startswith("good")
    assert pair_rows(compared("log_loss", good=0.95, bad=0.6))[0][4] == "good is better"
    assert pair_rows(compared(one=0.9, other=0.9))[0][4] == "not told apart"


def test_the_headline_claims_no_winner_where_there_is_none():
    assert headline(compared(good=0.95, bad=0.6)).startswith("good is best: Accuracy 9")
    assert headline(compared(one=0.9, other=0.9)) == "No single winner: other and one cannot be told apart by Accuracy."
    assert headline(compared(alone=0.9)).startswith("Accuracy of alone: ")


def test_systems_come_best_first_with_what_they_cost():
    found = compared(bad=0.6, good=0.95)
    rows = system_rows(found)
    assert [row[0] for row in rows] == ["good", "bad"]
    assert rows[0][1] == "1"
    assert rows[0][3:] == ["1", "n/a"]
    del found["systems"][0]["training_seconds"]  # of another tool
    assert cost_rows(found) == [["good", "1.23 M", "650", "0.123 G", "1 min 01 s", "n/a", "2.2 ms", "5,432/s"]]


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_holds_every_system_pair_and_run(tmp_path: Path, count: int):
    names = [NASTY, "b", "c"][:count]
    found = compared(**{name: 0.9 - 0.1 * place for place, name in enumerate(names)})
    run = Run.create(tmp_path, "comparison", "0-s0")
    run.save_json("comparison.json", found)
    run.save_json("provenance.json", {"time": "2026-01-01T00:00:00+00:00"})
    run.save_bytes("figures/comparison.png", figures.comparison(found))
    page = render_comparison(run)
    assert "<script" not in page
    assert page.count("data:image/png") == 1
    for row in found["systems"][1:]:
        assert row["runs"][0] in page
    assert page.count(" is better<") + page.count("not told apart<") == count * (count - 1) // 2
    assert render_comparison(run, "Own title").count("Own title") == 2
