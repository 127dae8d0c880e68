"""A study and a sweep of earlier code are known as finished, compared anew, and gone on with."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Command
from tests.golden.test_old_runs import load, unlike, without_limits

STUDIES = Path(__file__).parent / "studies"
OF_THE_MACHINE = {"runs", "training_seconds", "seconds_to_target", "latency_ms", "images_per_second"}
OF_THE_LIMITS = {"sampling_sd", "training_sd", "training_sd_low", "training_sd_high"}
"""Found anew, as the limits are (decision 19)."""


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the old studies, in the folder of which their paths speak."""
    copy = Path(shutil.copytree(STUDIES, tmp_path / "runs"))
    monkeypatch.chdir(copy)
    return copy


def command(run: Path) -> list[str]:
    """The words that made a run."""
    words: list[str] = load(run / "provenance.json")["command"][1:]
    return words


def systems(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {key: value for key, value in row.items() if key not in OF_THE_MACHINE | OF_THE_LIMITS}
        for row in found["systems"]
    ]


def test_a_study_is_compared_as_it_was(sightline: Command, old: Path):
    answer = sightline("compare", "run=[digits-study/old]", "compare.resamples=100", "output=anew", "runs_dir=.")
    assert answer.status == 0, answer.err
    found, stored = load(old / "anew/comparison.json"), load(STUDIES / "digits-study/old/comparison.json")
    known = [{key: pair[key] for key in before} for pair, before in zip(found["pairs"], stored["pairs"], strict=True)]
    assert not unlike(known, stored["pairs"], rel=1e-6)
    assert not unlike(*(without_limits(systems(content)) for content in (found, stored)), rel=1e-6)
    assert found["ranking"] == stored["ranking"]


def test_a_study_that_is_finished_trains_nothing(sightline: Command, old: Path):
    members = (old / "digits-study/old/members.jsonl").read_bytes()
    answer = sightline(*command(old / "digits-study/old"), "run=digits-study/old")
    assert answer.status == 0, answer.err
    assert "epoch   1" not in answer.out
    assert (old / "digits-study/old/members.jsonl").read_bytes() == members


def test_a_sweep_that_is_finished_is_known_as_such(sightline: Command, old: Path):
    assert sightline("report", "run=sweeps/old", "runs_dir=.").status == 0
    assert "as configured" in (old / "sweeps/old/report.html").read_text()
    answer = sightline(*command(old / "sweeps/old"))
    assert (answer.status, "old is finished, 2 trials" in answer.out) == (0, True), answer.err


@pytest.mark.slow
def test_a_sweep_goes_on_with_more_trials(sightline: Command, old: Path):
    words = [word for word in command(old / "sweeps/old") if not word.startswith("sweep.trials=")]
    winner = old / "sweeps/old/again/as-configured-s1"
    winner.mkdir(parents=True)
    (winner / "report.html").touch()  # it has been through the pipeline; the rest of it is not kept
    answer = sightline(*words, "sweep.trials=3")
    assert answer.status == 0, answer.err
    found, stored = load(old / "sweeps/old/sweep.json"), load(STUDIES / "sweeps/old/sweep.json")
    assert [row["number"] for row in found["trials"]] == [0, 1, 2]
    for row, before in zip(found["trials"], stored["trials"], strict=False):
        assert (row["values"], row["value"]) == (before["values"], before["value"])
    assert json.loads((old / "sweeps/old/again.jsonl").read_text().splitlines()[0])["seed"] == 1
