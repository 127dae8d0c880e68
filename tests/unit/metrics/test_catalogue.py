"""The catalogue: every choice in the configuration comes from it, and each entry holds together."""

import subprocess
import sys

import pytest

from sightline.cli import compose_config
from sightline.config import parse
from sightline.errors import UsageError
from sightline.metrics.catalogue import HEADLINES, MEASURED, METRICS, MONITORED, monitored, of_class


def test_the_choices_are_those_that_run_folders_hold():
    assert MONITORED == ("val_loss", "val_accuracy", "val_f1_macro")
    assert MEASURED[0] == HEADLINES[0] == "accuracy"
    assert "loss" not in MEASURED
    assert "aurc" not in MEASURED


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
    content = compose_config([])
    for choice in choices:
        direction = {"direction": "maximize" if monitored(choice).higher_is_better else "minimize"}
        changed = content[group] | {name: choice} | (direction if group == "sweep" else {})
        assert getattr(getattr(parse.parse(content | {group: changed}), group), name) == choice
    listed = " or ".join([", ".join(map(repr, choices[:-1])), repr(choices[-1])])
    with pytest.raises(UsageError) as refused:
        parse.parse(content | {group: content[group] | {name: choices[0] + "x"}})
    assert str(refused.value) == f'{key}="{choices[0]}x" must be {listed}; did you mean {choices[0]}?'


def test_the_catalogue_opens_nothing_slow():
    loaded = "import sys, sightline.metrics.catalogue; print({'torch', 'scipy', 'pydantic'} & set(sys.modules))"
    assert (
        subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True).stdout == "set()\n"
    )
