"""Attacks on a few images."""

import json
from pathlib import Path

import numpy as np
import pytest

from sightline.stages.conditions import attacking
from tests.conftest import Command
from tests.stages.conftest import Stage, ledger, load, looks_at_test_labels

STRONG = (
    "robustness.corruptions=[]", "robustness.attacked=13", "robustness.steps=4", "robustness.queries=10",
    "robustness.budget=48", "robustness.shifts=[]", "robustness.rotations=[]",
)  # fmt: skip
ONE_STEP = ("robustness.corruptions=[]", "robustness.attacked=13", "robustness.attacks=[fgsm]")


def test_every_attack_is_told_with_what_it_took_and_val_stays_the_split(stage: Stage, run: Path):
    before = looks_at_test_labels(run)
    written = stage("robustness", run, *STRONG)
    assert {f"robustness/attack_{name}.npz" for name in ("fgsm", "pgd", "apgd", "square", "checks")} <= written
    found = load(run, "robustness.json")
    attacks = found["attacks"]
    assert [check["name"] for check in attacks["checks"] if not check["holds"]] == []
    assert found["trusted"] is attacks["trusted"] is True
    assert looks_at_test_labels(run) == before
    assert {one["name"]: one["effort"] for one in attacks["attacks"]} == {
        "fgsm": {}, "pgd": {"steps": 4, "restarts": 1}, "apgd": {"steps": 4, "restarts": 1}, "square": {"queries": 10}
    }  # fmt: skip
    assert (attacks["norm"], attacks["budget"], attacks["n"]) == ("linf", 48, 13)
    shares = [one["robust"]["of_all"]["value"] for one in attacks["attacks"]]
    assert attacks["worst"]["of_all"]["value"] <= min(shares) <= attacks["accuracy"]["value"]
    assert {"noise_gaussian", "noise_uniform", "noise_sign"} <= {check["name"] for check in attacks["checks"]}
    for one in attacks["noise"]:
        noise = np.load(run / f"robustness/noise_{one['name']}.npz")
        assert len(noise["ids"]) == 13
        assert one["accuracy"]["value"] == pytest.approx(noise["label.scores"].mean())
        assert attacks["worst"]["of_right"]["value"] <= one["of_right"]["value"]
    arrays = [np.load(run / f"robustness/attack_{one['name']}.npz") for one in attacks["attacks"]]
    robust = ~np.any([each["fooled"] for each in arrays], axis=0)
    assert attacks["worst"]["of_all"]["value"] == pytest.approx(robust.sum() / 13)
    assert attacks["worst"]["of_right"]["value"] == pytest.approx(robust.mean())


def test_what_was_found_stays_and_another_budget_is_another_question(
    stage: Stage, run: Path, monkeypatch: pytest.MonkeyPatch
):
    stage("robustness", run, *STRONG)
    whole = load(run, "robustness.json")
    for name in ("robustness.json", "robustness/attack_apgd.npz"):
        (run / name).unlink()
    asked = []
    real = attacking.attacked_in_memory

    def attacked(model, items, setting, parts):
        asked.append(setting.attack.__name__)
        return real(model, items, setting, parts)

    monkeypatch.setattr(attacking, "attacked_in_memory", attacked)
    stage("robustness", run, *STRONG)
    assert set(asked) == {"apgd"}
    assert json.dumps(load(run, "robustness.json")) == json.dumps(whole)
    asked.clear()
    stage("robustness", run, *ONE_STEP, "robustness.budget=24")
    assert set(asked) == {"fgsm"}


def test_a_model_that_is_not_the_measured_one_makes_every_number_untrusted(
    sightline: Command, run: Path, monkeypatch: pytest.MonkeyPatch
):
    real = attacking.PixelModel
    monkeypatch.setattr(attacking, "PixelModel", lambda network, _: real(network, lambda pixels: pixels / 255))
    words = ("robustness", f"run={run}", "tracking=none", *ONE_STEP, "robustness.seed=7")
    answer = sightline(*words)
    assert answer.status == 0
    assert "No number here can be trusted" in answer.err + answer.out
    found = load(run, "robustness.json")
    assert found["trusted"] is False
    assert "as_measured" in {check["name"] for check in found["attacks"]["checks"] if not check["holds"]}
    assert "No number here can be trusted" in (run / "report.html").read_text()


def test_a_budget_without_an_attack_is_refused_at_once(sightline: Command, run: Path):
    answer = sightline("robustness", f"run={run}", "robustness.attacks=[]", "robustness.budget=4", "tracking=none")
    assert answer.status == 2
    says = "sightline: robustness.budget=4 has no effect: robustness.attacks=[], name one"
    assert answer.err.splitlines()[-1] == says


def test_fewer_images_are_attacked_than_there_are(stage: Stage, run: Path):
    """The checks look at those that are attacked, wherever they lie in the split."""
    stage("robustness", run, *ONE_STEP, "robustness.attacked=5")
    found = load(run, "robustness.json")["attacks"]
    assert found["n"] == 5
    assert found["trusted"], [check for check in found["checks"] if not check["holds"]]


def test_on_the_test_split_another_budget_is_another_look(stage: Stage, sightline: Command, run: Path):
    lines = []
    for budget in (24, 24, 48):
        stage(
            "robustness", run, *ONE_STEP, "robustness.noise=[]", f"robustness.budget={budget}", "robustness.split=test"
        )
        lines.append(ledger(run)[-1]["measured"])
    first, again, other = map(set, lines)
    assert first == again
    assert len(other - first) == 1
    answer = sightline(
        "compare", f"run=[{run}]", "compare.metric=robustness/fgsm", f"runs_dir={run.parent}", "tracking=none"
    )
    assert answer.status == 0, answer.err
    assert ledger(run)[-1]["purpose"] == "compare robustness/label/fgsm with other runs"
    assert set(ledger(run)[-1]["measured"]) == other - first, "what is read again is no new look"
