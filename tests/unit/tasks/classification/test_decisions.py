"""From calibration to decisions: sets and abstention at the risk that is asked for, and what both are worth."""

import re
from pathlib import Path

import numpy as np
import pytest
from scipy.special import softmax

from sightline.calibration.calibrate import calibrate
from sightline.calibration.promises import HeldOut, Promises
from sightline.config.later_stages import PredictConfig
from sightline.errors import UsageError
from sightline.metrics.documents.calibration import Calibration
from sightline.metrics.intervals.resampling import Resampling
from sightline.metrics.predictions import Predictions
from sightline.run.folder import Run
from sightline.tasks.classification.decisions import Asked, Decisions

ASKED = Asked("cats-cnn/1", classes=4)
GOLDEN = Path(__file__).parents[4] / "tests/golden/runs/finished"


def wanted(alpha: float | None = None, risk: float | None = None) -> PredictConfig:
    return PredictConfig(top_k=3, alpha=alpha, risk=risk, max_megabytes=1.0, max_megapixels=1.0)


def simulated(n: int, seed: int) -> Predictions:
    """Items of a calibrated model: the truth is drawn from the probabilities."""
    rng = np.random.default_rng(seed)
    logits = (4 * rng.normal(size=(n, 4))).astype(np.float32)
    labels = np.array([rng.choice(4, p=row) for row in softmax(logits.astype(float), axis=1)])
    return Predictions(np.arange(n).astype(str), logits, labels)


@pytest.fixture(scope="module")
def content() -> Calibration:
    return calibrate(
        simulated(2000, 0),
        promises=Promises((0.1, 0.05), (0.1, 0.0001), 0.05),
        resampling=Resampling(0.95, 100, 0),
        bins=5,
        held_out=HeldOut(simulated(200, 1), None),
    )


def test_sets_hold_the_truth_and_answers_keep_the_risk_on_new_items(content: Calibration):
    new = simulated(4000, 2)
    for alpha in (0.1, 0.05):
        decisions = Decisions.of(content, wanted(alpha, 0.1), ASKED)
        probabilities = new.probabilities(decisions.temperature)
        sets, unsure = decisions.sets(probabilities), decisions.abstains(probabilities)
        assert sets is not None
        assert unsure is not None
        assert sets[np.arange(4000), new.labels].mean() == pytest.approx(1 - alpha, abs=0.03)
        wrong = probabilities.argmax(axis=1) != new.labels
        assert wrong[~unsure].mean() < 0.1 < wrong[unsure].mean()


def test_without_a_wish_the_first_of_each_is_taken(content: Calibration):
    assert Decisions.of(content, wanted(), ASKED) == Decisions.of(content, wanted(0.1, 0.1), ASKED)
    assert Decisions.of(content, wanted(0.05), ASKED).alpha == 0.05


def test_the_head_says_what_each_is_worth_and_where_it_comes_from(content: Calibration):
    decisions = Decisions.of(content, wanted(0.05, 0.1), ASKED)
    temperature, sets, answers = decisions.head
    assert temperature.startswith("probabilities at temperature ")
    assert temperature.endswith("from 1000 images of the calibration split")
    assert sets.startswith(
        "{…} holds the truth of 95 % of images like the 1000 it comes from; on 200 images of val it "
    )
    assert re.search(r"it held 9\d\.\d % \[\d\d\.\d, \d\d\.\d\] with", sets)
    assert "classes each" in sets
    assert answers.startswith(f"abstains below a confidence of {decisions.threshold:.4g}, which keeps the risk")
    assert re.search(r"; (all|\d+\.\d %) of the 1000 images it comes from were answered", answers)


def test_a_promise_that_nothing_keeps_is_told_and_never_answered(content: Calibration):
    decisions = Decisions.of(content, wanted(risk=0.0001), ASKED)
    assert decisions.threshold is None
    assert decisions.head[2].startswith(
        "abstains always, which is not repeated below: nothing keeps the risk of an answer below 0.0001; 1000 images"
    )
    assert decisions.abstains(np.eye(4)).tolist() == [True] * 4
    (empty,) = ({**one, "quantile": None, "empty_promise": "two"} for one in content["conformal"][:1])
    decisions = Decisions.of({**content, "conformal": [empty]}, wanted(), ASKED)
    assert decisions.sets(np.eye(4)).all()
    assert decisions.head[1] == "{…}: every class, since the calibration split has two"


def test_what_the_run_was_not_calibrated_for_is_refused(content: Calibration):
    with pytest.raises(
        UsageError, match=r"predict\.alpha=0\.2: the run is calibrated for 0\.1, 0\.05; .*alphas=\[0\.2\]"
    ):
        Decisions.of(content, wanted(alpha=0.2), ASKED)
    with pytest.raises(UsageError, match=r"predict\.risk=0\.2: .* for 0\.1, 0\.0001; .*target_risks=\[0\.2\]"):
        Decisions.of(content, wanted(risk=0.2), ASKED)
    with pytest.raises(UsageError, match=r"predict\.risk=0\.2: the run is not calibrated; `calibrate run=cats-cnn/1 "):
        Decisions.of(None, wanted(risk=0.2), ASKED)


def test_without_calibration_there_is_nothing_to_decide_with():
    decisions = Decisions.of(None, wanted(), ASKED)
    assert decisions.temperature == 1.0
    assert [line.endswith("`calibrate run=cats-cnn/1` fits all three") for line in decisions.head] == [True]
    assert decisions.sets(np.eye(4)) is None
    assert decisions.abstains(np.eye(4)) is None


def test_the_calibration_of_an_earlier_version_is_read():
    decisions = Decisions.of(Run(GOLDEN).load_json("calibration.json"), wanted(), ASKED)
    assert decisions.quantile == pytest.approx(0.98413924)
    assert (decisions.risk, decisions.threshold) == (0.05, None)
    assert "; too few calibration images; " in decisions.head[2]


def test_a_threshold_below_any_confidence_never_abstains(content: Calibration):
    """Of four classes the likeliest has a quarter at least."""
    for threshold, never in ((0.018, True), (0.25, True), (0.26, False)):
        rule = content["selective"][0] | {"threshold": threshold, "coverage": 1.0}
        said = Decisions.of({**content, "selective": [rule]}, wanted(), ASKED).head[2]
        assert said.startswith("never abstains: answering all of them keeps the risk") == never
        assert said.startswith("abstains below") != never


@pytest.mark.parametrize(("images", "offered"), [(1000, "0.1"), (29, "0.1"), (28, "0.2"), (9, "0.3"), (8, None)])
def test_who_always_abstains_is_told_the_remedy(content: Calibration, images: int, offered: str | None):
    """With no wrong answer among them 29 images vouch for a risk of 0.1, 14 for 0.2 and 9 for 0.3."""
    changed = {**content, "n_promises": images, "selective": [content["selective"][1]]}
    said = Decisions.of(changed, wanted(), ASKED).head[2]
    assert "data.calibration_fraction=0.4 in a new training" in said
    command = f"`calibrate run=cats-cnn/1 calibration.target_risks=[{offered}]` asks for less"
    assert (command in said) == (offered is not None)
    assert ("`calibrate" in said) == (offered is not None)


def test_a_run_without_calibration_images_is_not_told_to_calibrate():
    asked = Asked("cats-cnn/1", 4, can_calibrate=False)
    (said,) = Decisions.of(None, wanted(), asked).head
    assert "`calibrate" not in said
    assert "data.calibration_fraction=0.1 in a new training" in said
    with pytest.raises(UsageError, match=r"risk=0\.2: the run is not calibrated; it has no two calibration images"):
        Decisions.of(None, wanted(risk=0.2), asked)
