"""The space of a search: what is drawn, how it is written, what is refused."""

from typing import Any

import numpy as np
import optuna
import pytest
from optuna.trial import FixedTrial
from pydantic import TypeAdapter

from sightline.cli import compose_config
from sightline.config import parse
from sightline.config.overrides import as_overrides
from sightline.config.sweep import SweepConfig
from sightline.errors import UsageError
from sightline.sweep.space import Space

BASE = compose_config([])["sweep"]


def config(space: dict[str, Any], **changed: Any) -> SweepConfig:
    found = parse.parse(compose_config([]) | {"sweep": BASE | {"space": space} | changed})
    return found.sweep


def space(**dimensions: Any) -> Space:
    return Space(config({key.replace("_of_", "."): value for key, value in dimensions.items()}))


CONDITIONAL = {
    "optimizer.lr": [
        {"log_uniform": [1e-4, 1e-2], "when": {"optimizer": "adamw"}},
        {"log_uniform": [1e-2, 1.0], "when": {"optimizer": ["sgd", "muon"]}},
    ],
    "optimizer.momentum": {"uniform": [0.5, 0.9], "step": 0.2, "when": {"optimizer": "sgd"}},
    "optimizer": {"categorical": ["adamw", "sgd", "muon"]},
}


def drawn(found: Space, number: int = 30, seed: int = 0) -> list[dict[str, Any]]:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    return [found.draw(study.ask()) for _ in range(number)]


def test_draws_keep_to_their_ranges_steps_and_conditions():
    for values in drawn(Space(config(CONDITIONAL)), 100):
        low, high = (1e-4, 1e-2) if values["optimizer"] == "adamw" else (1e-2, 1.0)
        assert low <= values["optimizer.lr"] <= high
        assert ("optimizer.momentum" in values) == (values["optimizer"] == "sgd")
        assert values.get("optimizer.momentum", 0.7) in {0.5, 0.7, 0.9}


def test_every_kind_of_dimension():
    found = space(
        a_of_b={"integer": [2, 10], "step": 4},
        c={"log_integer": [1, 1000]},
        d={"uniform": [-1, 1]},
        e={"categorical": [None, True, 3, "word", [5, 10]]},
    )
    seen = drawn(found, 200)
    assert {values["a.b"] for values in seen} == {2, 6, 10}
    assert all(isinstance(values["c"], int) for values in seen)
    assert sum(values["c"] < 32 for values in seen) > 60, "even in the logarithm"
    assert any(values["d"] < 0 for values in seen)
    assert [value for value in (None, True, 3, "word", [5, 10]) if value not in [v["e"] for v in seen]] == []


def test_a_lasting_study_takes_every_kind(tmp_path):
    study = optuna.create_study(storage=f"sqlite:///{tmp_path}/s.db")
    found = space(e={"categorical": [[5, 10], None]}, c={"log_integer": [1, 10]})
    values = found.draw(study.ask())
    assert found.values(study.trials[0].params) == values


def test_numbers_come_back_from_hydra_as_they_were():
    rng = np.random.default_rng(0)
    exponents, signs = rng.uniform(-300, 300, 300), rng.choice([-1, 1], 300)
    values = [float(sign * 10**exponent) for sign, exponent in zip(signs, exponents, strict=True)]
    values += [0.0, 1e-5, 1e16, 0.1, 3, -7, 10**12, True, False, None]
    found = compose_config(as_overrides({"optimizer.betas": values}))["optimizer"]["betas"]
    assert found == values
    assert [type(value) for value in found] == [type(value) for value in values]


@pytest.mark.parametrize("word", ["a b", "null", "x=y", "it's", "1e3", "{a}", "$x", "standard", "müller\\", "inf"])
def test_words_come_back_from_hydra_as_they_were(word):
    assert compose_config(as_overrides({"report.title": word}))["report"]["title"] == word


def test_lists_come_back_from_hydra_as_they_were():
    assert compose_config(as_overrides({"evaluation.slices": ["a", "b c"]}))["evaluation"]["slices"] == ["a", "b c"]


def test_values_become_parameters_and_back():
    found = Space(config(CONDITIONAL))
    values = {"optimizer": "sgd", "optimizer.lr": 0.1, "optimizer.momentum": 0.7}
    parameters = found.parameters(values)
    assert set(parameters) == {"optimizer", "optimizer.lr (optimizer=[sgd,muon])", "optimizer.momentum"}
    assert found.values(parameters) == values
    assert found.draw(FixedTrial(parameters)) == values


@pytest.mark.parametrize(
    "values",
    [
        {"optimizer": "timm"},
        {"optimizer": "adamw", "optimizer.lr": 0.1},
        {"optimizer": "adamw", "optimizer.lr": "x"},
        {"optimizer": "sgd", "optimizer.lr": 0.1, "optimizer.momentum": 0.6},
    ],
)
def test_values_outside_are_refused(values):
    with pytest.raises(UsageError, match=r"lies outside sweep\.space"):
        Space(config(CONDITIONAL)).parameters(values)


def test_points_are_counted_once_whatever_depends_on_what():
    found = space(
        optimizer={"categorical": ["adamw", "sgd"]},
        optimizer_of_momentum={"uniform": [0.5, 0.9], "step": 0.2, "when": {"optimizer": "sgd"}},
    )
    points = list(found.points())
    assert len(points) == 4
    assert points[0] == {"optimizer": "adamw"}
    with pytest.raises(UsageError, match="values without end"):
        list(space(x={"uniform": [0, 1]}).points())


def test_every_end_and_choice_is_tried_with_what_it_depends_on():
    tried = []
    Space(config(CONDITIONAL)).check(tried.append)
    assert ["optimizer=sgd", "optimizer.momentum=0.5"] in tried
    assert ["optimizer=sgd", "optimizer.lr=1.0"] in tried
    assert len(tried) == 3 + 4 + 2


REFUSED = {
    "no kind": ({"a": {"step": 1}}, "it takes one of uniform"),
    "two kinds": ({"a": {"uniform": [0, 1], "integer": [0, 1]}}, "got uniform and integer"),
    "falling": ({"a": {"uniform": [1, 0]}}, "must rise"),
    "log of zero": ({"a": {"log_uniform": [0, 1]}}, "must begin above 0"),
    "step of log": ({"a": {"log_uniform": [1, 2], "step": 1}}, "step goes with uniform and integer"),
    "broken step": ({"a": {"integer": [1, 5], "step": 0.5}}, "must be whole"),
    "twice": ({"a": {"categorical": [1, 1]}}, "names a choice twice"),
    "no choice": ({"a": {"categorical": []}}, "sweep.space.a.categorical"),
    "unknown parent": ({"a": {"uniform": [0, 1], "when": {"b": 1}}}, "names b, which is not in the space"),
    "circle": (
        {"a": {"uniform": [0, 1], "when": {"b": 1}}, "b": {"uniform": [0, 1], "when": {"a": 1}}},
        "a and b wait for each other",
    ),
    "nothing": ({}, "sweep.space"),
    "unknown word": ({"a": {"unifrom": [0, 1]}}, "unknown key sweep.space.a.unifrom"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_wrong_space_is_refused_by_its_key(name):
    dimensions, why = REFUSED[name]
    with pytest.raises(UsageError) as refused:
        config(dimensions)
    assert why in str(refused.value)
    assert "function-" not in str(refused.value)


def test_a_metric_is_sought_where_it_is_good():
    with pytest.raises(UsageError, match="metric=val_loss is there to minimize"):
        config(BASE["space"], metric="val_loss")
    assert config(BASE["space"], metric="val_loss", direction="minimize").metric == "val_loss"


def test_a_search_is_stored_and_read_back_the_same():
    found = config(CONDITIONAL)
    assert TypeAdapter(SweepConfig).validate_json(found.model_dump_json()) == found
