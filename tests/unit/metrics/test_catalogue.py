"""The catalogue: every choice in the configuration comes from it, and each entry holds together."""

import math
import subprocess
import sys

import numpy as np
import pytest

from sightline.cli import compose_config
from sightline.config import parse
from sightline.errors import UsageError
from sightline.metrics.catalogue import HEADLINES, MEASURED, METRICS, MONITORED, monitored, of_class

RANGES = {
    "accuracy": (0, 1),
    "top5_accuracy": (0, 1),
    "balanced_accuracy": (0, 1),
    "precision_macro": (0, 1),
    "recall_macro": (0, 1),
    "f1_macro": (0, 1),
    "f1_weighted": (0, 1),
    "f1_micro": (0, 1),
    "roc_auc_ovr": (0, 1),
    "log_loss": (0, math.inf),
    "brier": (0, 2),
    "ece": (0, 1),
    "ece_debiased": (-1, 1),
    "ece_adaptive": (0, 1),
    "ece_classwise": (0, 1),
    "mce": (0, 1),
}
"""What run folders hold, in their order, and between what their limits lie."""


def test_the_choices_are_those_that_run_folders_hold():
    assert [column for column in MONITORED if column in {"val_loss", "val_accuracy", "val_f1_macro"}] == [
        "val_loss",
        "val_accuracy",
        "val_f1_macro",
    ]
    assert [name for name in MEASURED if name in RANGES] == list(RANGES)
    assert {name: (METRICS[name].smallest, METRICS[name].highest) for name in RANGES} == RANGES
    assert HEADLINES[0] == "accuracy"
    assert "loss" not in MEASURED
    assert "aurc" not in MEASURED


@pytest.mark.parametrize("name", METRICS)
def test_a_score_needs_what_it_says_and_no_more(name: str):
    metric = METRICS[name]
    if metric.score is None:
        return
    counts = {name: np.full((3, 2), 4.0) for name in ("right", "truth", "predicted")}
    others = {block: np.full((3, 2), 0.1) for block in metric.needs}
    others |= {"total": np.full(2, 12.0)}
    if "class_bin_residual" in others:
        others["class_bin_residual"] = np.full((3, 14, 2), 0.1)
    others |= {block: others[block][0] for block in ("log_loss", "brier", "area") if block in others}
    assert metric.score(counts | ({} if metric.monitored else others)).shape == (2,)


@pytest.mark.parametrize("name", METRICS)
def test_an_entry_holds_together(name: str):
    metric = METRICS[name]
    assert metric.name == name
    assert metric.label
    assert metric.meaning
    assert metric.smallest <= metric.lowest < metric.highest
    assert metric.sign == (-1 if metric.higher_is_better else 1)
    assert not metric.percent or metric.span == 1


def test_a_column_and_a_score_of_a_class_lead_to_their_metric():
    assert monitored("val_loss") is monitored("train_loss") is METRICS["loss"]
    assert of_class("f1") is METRICS["f1_macro"]


@pytest.mark.parametrize(
    ("key", "choices"),
    [("compare.metric", MEASURED), ("training.monitor", MONITORED), ("sweep.metric", MONITORED)],
)
def test_the_configuration_takes_what_the_catalogue_offers(key: str, choices: tuple[str, ...]):
    group, name = key.split(".")
    models = {"classification": "cnn", "segmentation": "unet"}
    composed = {task: compose_config([f"model={model}"]) for task, model in models.items()}
    content = composed["classification"]
    for choice in choices:
        direction = {"direction": "maximize" if monitored(choice).higher_is_better else "minimize"}
        changed = content[group] | {name: choice} | (direction if group == "sweep" else {})
        of_task = composed[monitored(choice).task]
        assert getattr(getattr(parse.parse(of_task | {group: changed}), group), name) == choice
    offered = (*choices, "auto") if key == "compare.metric" else choices
    listed = " or ".join([", ".join(map(repr, offered[:-1])), repr(offered[-1])])
    with pytest.raises(UsageError) as refused:
        parse.parse(content | {group: content[group] | {name: choices[0] + "x"}})
    assert str(refused.value) == f'{key}="{choices[0]}x" must be {listed}; did you mean {choices[0]}?'


def test_the_catalogue_opens_nothing_slow():
    loaded = "import sys, sightline.metrics.catalogue; print({'torch', 'scipy', 'pydantic'} & set(sys.modules))"
    assert (
        subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True).stdout == "set()\n"
    )
