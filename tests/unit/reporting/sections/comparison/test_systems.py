"""How a comparison reads: the best first, every run named, whatever they are called."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sightline.reporting import figures
from sightline.reporting.page import render_page
from sightline.reporting.sections.comparison.systems import run_table, system_table
from sightline.run.folder import Run

Compared = Callable[..., dict[str, Any]]
NASTY = '<script>alert("x")</script>'


def test_systems_come_best_first(compared: Compared):
    rows = system_table(compared(bad=0.6, good=0.95)).rows
    assert [row[0] for row in rows] == ["good", "bad"]
    assert rows[0][1] == "1"
    assert rows[0][3:] == ["1", "–"]


def test_every_run_has_its_own_value(compared: Compared):
    found = compared(one=0.9)
    found["systems"][0] |= {"values": [0.9, 0.8], "runs": ["a/1", "a/2"]}
    assert run_table(found).rows == [["one", "90.0 %", "a/1"], ["one", "80.0 %", "a/2"]]


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_holds_every_system_pair_and_run(tmp_path: Path, compared: Compared, count: int):
    names = [NASTY, "b", "c"][:count]
    found = compared(**{name: 0.9 - 0.1 * place for place, name in enumerate(names)})
    run = Run.create(tmp_path, "comparison", "0-s0")
    run.save_json("comparison.json", found)
    run.save_json("provenance.json", {"time": "2026-01-01T00:00:00+00:00"})
    run.save_bytes("figures/comparison.png", figures.comparison(found))
    page = render_page(run)
    assert "<script" not in page
    assert page.count("data:image/png") == 1
    for row in found["systems"][1:]:
        assert row["runs"][0] in page
    assert page.count(" is better<") + page.count("not told apart<") == count * (count - 1) // 2
    assert render_page(run, "Own title").count("Own title") == 2
