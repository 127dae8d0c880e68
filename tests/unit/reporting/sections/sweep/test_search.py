from collections.abc import Callable
from pathlib import Path
from typing import Any

from sightline.reporting.page import render_page
from sightline.reporting.sections.sweep.search import BREAK, summary, trial_table
from sightline.run.folder import Run

Study = Callable[..., dict[str, Any]]


def test_trials_come_best_first_and_those_without_a_value_last(study: Study):
    table = trial_table(study())
    assert list(table.header[5:]) == [f"optimizer.{BREAK}lr", "width"], "a key that no trial used has no column"
    assert [row[0] for row in table.rows] == ["1", "0 (as configured)", "2", "3"]
    assert table.rows[0][1:] == ["complete", "80.00 %", "3", "1 min 01 s", "0.123", "64"]
    assert table.rows[3][1:] == ["failed: it broke", "–", "0", "–", "–", "32"]


def test_pruning_spares_epochs(study: Study):
    assert summary(study()) == (
        "2 trials complete, 1 pruned, 1 failed; 7 epochs trained, 2 spared by pruning. Sampler tpe, pruner median."
    )
    assert "spared" not in summary(study(trials=study()["trials"][:2]))


def test_the_page_leads_to_the_winner(tmp_path: Path, study: Study):
    run = Run.create(tmp_path, "sweeps", "small")
    run.save_json("sweep.json", study())
    run.save_text("best.yaml", "optimizer: {lr: <0.1>}\n")
    page = render_page(run)
    assert '<a href="a/0/report.html">a/0/report.html</a>' in page
    assert "<code>sqlite:///small.db</code>" in page
    assert "<pre>optimizer: {lr: &lt;0.1&gt;}" in page
    assert [anchor for anchor in ("verdict", "again", "search", "trials", "best") if f'id="{anchor}"' not in page] == []
