"""Samplers and pruners by name: all can be made, draw on after a kill, and refuse what they do not know."""

from functools import cache

import optuna
import pytest
from optuna.trial import TrialState

from sightline.errors import UsageError
from sightline.sweep.distributions import suggest
from sightline.sweep.sampling import PRUNERS, SAMPLERS, build_pruner, build_sampler, trial_count
from sightline.sweep.space import Space
from tests.unit.sweep.test_space import config

FINITE = {"a": {"integer": [1, 3]}, "b": {"uniform": [0, 1], "step": 0.5}, "c": {"categorical": ["x", "y"]}}


@cache
def searched(name: str, **options: object):
    """Composed once, for a trial asks for it anew."""
    return config(FINITE, sampler={"name": name, "options": {name: options}}, trials=10)


def walk(name: str, numbers: range, study: optuna.Study) -> list[dict]:
    """Trials of these numbers, each with a sampler of its own, as after a kill."""
    found = searched(name)
    space, values = Space(found), []
    for number in numbers:
        study.sampler = build_sampler(found.sampler, space, 7, number)
        trial = study.ask()
        values.append(space.draw(trial))
        study.tell(trial, float(number % 4))
    return values


@pytest.mark.parametrize("name", SAMPLERS)
def test_every_sampler_draws_and_says_the_same_with_the_same_seed(name):
    runs = [walk(name, range(10), optuna.create_study(study_name="s")) for _ in range(2)]
    assert runs[0] == runs[1]
    assert len({str(values) for values in runs[0]}) > 3, "trials are not all alike"


@pytest.mark.parametrize("drawn", [0, 1, 2])
@pytest.mark.parametrize("name", sorted(SAMPLERS.keys() - {"qmc"}))  # which takes the next point of its sequence
def test_killed_between_two_draws_the_rest_comes_out_as_it_would_have(name, drawn):
    whole = walk(name, range(10), optuna.create_study(study_name="s"))
    study, found = optuna.create_study(study_name="s"), searched(name)
    space = Space(found)
    for number in range(10):
        study.sampler = build_sampler(found.sampler, space, 7, number)
        killed = study.ask()
        for key, (dimension,) in space.items()[:drawn]:
            suggest(killed, key, dimension)
        study._storage.set_trial_state_values(killed._trial_id, TrialState.WAITING)
        assert walk(name, range(number, number + 1), study) == whole[number : number + 1]


@pytest.mark.parametrize("name", ["grid", "brute_force"])
def test_those_that_try_all_points_try_each_once(name):
    found = walk(name, range(18), optuna.create_study())
    assert len({str(sorted(values.items())) for values in found}) == 18


def test_how_many_trials_there_will_be():
    assert trial_count(config(FINITE, trials=50), Space(config(FINITE))) == 50
    grid = config(FINITE, trials=50, sampler={"name": "grid", "options": {}})
    assert trial_count(grid, Space(grid)) == 18
    endless = config({"a": {"uniform": [0, 1]}}, sampler={"name": "brute_force", "options": {}})
    with pytest.raises(UsageError, match="a has values without end"):
        trial_count(endless, Space(endless))


def test_a_grid_knows_no_conditions():
    found = config(
        {"a": {"categorical": [1, 2]}, "b": {"categorical": [3, 4], "when": {"a": 1}}},
        sampler={"name": "grid", "options": {}},
    )
    with pytest.raises(UsageError, match="take brute_force"):
        build_sampler(found.sampler, Space(found), 0, 0)


@pytest.mark.parametrize("name", PRUNERS)
def test_every_pruner_can_be_asked(name):
    options = {"percentile": {"percentile": 25.0}, "patient": {"patience": 1, "wrapped_pruner": "median"}}
    options |= {"threshold": {"upper": 0.9}}
    found = config(FINITE, pruner={"name": name, "options": {name: options.get(name, {})}})
    study = optuna.create_study(pruner=build_pruner(found.pruner), direction="maximize")
    for number in range(3):
        trial = study.ask()
        trial.report(0.1 * number, 1)
        assert trial.should_prune() in {True, False}
        study.tell(trial, 0.1 * number)


def test_options_reach_what_they_are_for():
    found = searched("tpe", n_startup_trials=3)
    assert build_sampler(found.sampler, Space(found), 0, 0)._n_startup_trials == 3
    with pytest.raises(UsageError, match=r"unknown option n_startup; did you mean n_startup_trials\?"):
        build_sampler(searched("tpe", n_startup=3).sampler, Space(found), 0, 0)
    with pytest.raises(UsageError, match=r"sweep\.pruner: "):
        build_pruner(config(FINITE, pruner={"name": "median", "options": {"median": {"n_startup_trials": -1}}}).pruner)
    with pytest.raises(UsageError, match="is none of none, median"):
        build_pruner(
            config(FINITE, pruner={"name": "patient", "options": {"patient": {"wrapped_pruner": "os.system"}}}).pruner
        )
