"""Planted losses are found, and noise like that of the committed rounds is let pass."""

import copy
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
import pytest

from benchmarks import regression
from tests.conftest import ROOT

RESULTS = ROOT / "benchmarks/results"
MARGIN, LEVEL, SESSIONS = 0.05, 0.99, 200

Result = dict[str, Any]


@pytest.fixture
def throughput() -> Result:
    return dict(json.loads((RESULTS / "throughput.json").read_text()))


@pytest.fixture
def memory() -> Result:
    return dict(json.loads((RESULTS / "memory_digits.json").read_text()))


def slowed(result: Result, share: float) -> Result:
    """The same session, had Sightline been slower by a share in every loop."""
    after = copy.deepcopy(result)
    for rates in after["images_per_second"].values():
        rates["sightline"]["all"] = [rate * (1 - share) for rate in rates["sightline"]["all"]]
    for pair in after["alternated"]:
        pair["quartiles_of_pairs"] = [value * (1 - share) for value in pair["quartiles_of_pairs"]]
    return after


def another_session(result: Result, rng: np.random.Generator) -> Result:
    """A session of the same code: rounds drawn anew around the seen means, and varying as the seen rounds do."""
    after = copy.deepcopy(result)
    series = [rate for rates in after["images_per_second"].values() for rate in rates.values()]
    for one in [*series, *after["peak_gflops"].values()]:
        one["all"] = list(rng.normal(mean(one["all"]), stdev(one["all"]), size=len(one["all"])))
    for pair in after["alternated"]:
        low, _, high = pair["quartiles_of_pairs"]
        drift = rng.normal(0, 1.2533 * (high - low) / 1.349 / pair["pairs"] ** 0.5)
        pair["quartiles_of_pairs"] = [value + drift for value in pair["quartiles_of_pairs"]]
    return after


def worse(old: Result, new: Result) -> list[str]:
    return [change.name for change in regression.compare(old, new, MARGIN, LEVEL) if change.worse]


def test_nothing_got_worse_where_nothing_changed(throughput: Result, memory: Result):
    assert worse(throughput, throughput) == []
    assert worse(memory, memory) == []


def test_a_fifth_slower_is_found_whatever_the_noise(throughput: Result):
    rng = np.random.default_rng(0)
    found = [worse(throughput, slowed(another_session(throughput, rng), 0.2)) for _ in range(SESSIONS)]
    assert all(found)
    assert mean("bf16 over bare" in names for names in found) > 0.95


def test_noise_of_the_size_that_was_seen_passes(throughput: Result):
    rng = np.random.default_rng(1)
    alarms = sum(bool(worse(throughput, another_session(throughput, rng))) for _ in range(SESSIONS))
    assert alarms <= 0.01 * SESSIONS


def test_faster_is_not_worse(throughput: Result):
    assert worse(throughput, slowed(throughput, -0.2)) == []


def test_a_machine_half_as_fast_changes_no_figure(throughput: Result):
    after = copy.deepcopy(throughput)
    for rate in [rate for rates in after["images_per_second"].values() for rate in rates.values()]:
        rate["all"] = [value / 2 for value in rate["all"]]
    for peak in after["peak_gflops"].values():
        peak["all"] = [value / 2 for value in peak["all"]]
    changes = regression.compare(throughput, after, MARGIN, LEVEL)
    assert [change.gain for change in changes] == pytest.approx([0.0] * len(changes))


def test_only_what_lies_beyond_margin_and_noise_is_told(throughput: Result):
    for change in regression.compare(throughput, throughput, MARGIN, LEVEL):
        assert change.told > MARGIN
        a_little_less, a_little_more = (
            change._replace(gain=float(np.log1p(-change.told * share))) for share in (0.99, 1.01)
        )
        assert not a_little_less.worse
        assert a_little_more.worse


def test_a_fifth_more_memory_is_found_and_its_noise_is_not(memory: Result):
    peaks = memory["peak_gb"]["digits"]["all"]
    more = {"peak_gb": {"digits": {"all": [peak * 1.2 for peak in peaks]}}}
    turned = {"peak_gb": {"digits": {"all": [*peaks[1:], peaks[0]]}}}
    assert worse(memory, more) == ["peak memory, digits"]
    assert worse(memory, turned) == []
    assert worse(more, memory) == []


# ---------------------------------------------------------------- the command


def command(*arguments: str, root: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks.regression", *arguments],
        cwd=root,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(root), "PATH": "/usr/bin:/bin"},
    )


Repository = Callable[..., Path]


@pytest.fixture
def repository(tmp_path: Path, throughput: Result) -> Repository:
    """A checkout with the comparison in it, committed results, a release if wished, and a commit after it."""

    def make(*, release: str | None = None, results: bool = True) -> Path:
        root = tmp_path / "checkout"
        (root / "benchmarks/results").mkdir(parents=True)
        (root / "benchmarks/regression.py").write_text((ROOT / "benchmarks/regression.py").read_text())
        if results:
            (root / "benchmarks/results/throughput.json").write_text(json.dumps(throughput))

        def git(*words: str) -> None:
            who = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.invalid")
            subprocess.run(["git", *who, *words], cwd=root, check=True, capture_output=True)

        git("init", "--quiet")
        git("add", ".")
        git("commit", "--quiet", "--message", "results")
        if release:
            git("tag", release)
        (root / "benchmarks/results/throughput.json").write_text(json.dumps(slowed(throughput, 0.3)))
        git("add", ".")
        git("commit", "--quiet", "--message", "slower, and its results with it")
        (root / "new.json").write_text(json.dumps(slowed(throughput, 0.2)))
        return root

    return make


def test_a_slowdown_fails_beside_the_release_even_if_slow_results_were_committed_since(repository: Repository):
    done = command("new.json", root=repository(release="v0.1.0"))
    assert done.returncode == 1, done.stderr
    assert "throughput.json of release v0.1.0" in done.stdout
    assert "bf16 over bare" in done.stdout
    assert "WORSE" in done.stdout


def test_before_the_first_release_what_is_committed_counts_and_it_says_so(repository: Repository):
    done = command("new.json", root=repository())
    assert done.returncode == 0, done.stdout + done.stderr
    assert "there is no release yet" in done.stdout


def test_a_release_without_the_benchmark_is_not_passed_over(repository: Repository):
    done = command("new.json", root=repository(release="v0.1.0", results=False))
    assert done.returncode == regression.INCOMPARABLE
    assert "v0.1.0 holds no benchmarks/results/throughput.json" in done.stderr


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (("what", "batch"), 64, "batch 256 then, 64 now"),
        (("what", "data"), "digits", "data folder then, digits now"),
        (("where", "machine", "cores"), 2, "cores 4 then, 2 now"),
    ],
)
def test_another_setting_or_machine_is_not_compared(
    throughput: Result, tmp_path: Path, place: tuple[str, ...], value: object, said: str
):
    changed = copy.deepcopy(throughput)
    inner: Any = changed
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    new, old = tmp_path / "new.json", tmp_path / "old.json"
    new.write_text(json.dumps(changed))
    old.write_text(json.dumps(throughput))
    done = command(str(new), "--old", str(old))
    assert done.returncode == regression.INCOMPARABLE
    assert said in done.stderr


def test_rounds_that_vary_too_much_are_no_clean_bill(memory: Result, tmp_path: Path):
    wild = {**memory, "peak_gb": {"digits": {"all": [1.0, 2.0, 1.2]}}}
    (tmp_path / "wild.json").write_text(json.dumps(wild))
    done = command(str(tmp_path / "wild.json"), "--old", str(tmp_path / "wild.json"))
    assert done.returncode == regression.INCOMPARABLE
    assert "a loss of 20% would not be noticed" in done.stderr


def test_one_round_is_refused():
    with pytest.raises(regression.IncomparableError, match="single round"):
        regression.reading([1.0])
