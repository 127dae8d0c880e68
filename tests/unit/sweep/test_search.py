"""A study handed out trial by trial: exactly as many as asked for, whatever dies."""

import subprocess
import sys
from pathlib import Path

import optuna
import pytest
from optuna.study import Study
from optuna.trial import TrialState

from sightline.errors import PrunedError, UsageError
from sightline.sweep.locks import StorageLostError
from sightline.sweep.results import best_trials, completed_trials, importances
from sightline.sweep.search import Search
from sightline.sweep.storage import StudyLocation
from sightline.sweep.trials import ClaimedTrial, Outcome
from tests.unit.sweep.test_space import config

SPACE = {"x": {"uniform": [0, 1]}, "kind": {"categorical": ["a", "b"]}}
KINDS = ("sqlite", "journal")


def search(folder: Path, kind: str = "sqlite", **changed) -> Search:
    found = config(SPACE, **{"trials": 6, **changed})
    return Search(found, StudyLocation.parse(f"{kind}:///{folder}/{kind}", folder, "study"), 0)


def begun(folder: Path, kind: str = "sqlite", first=None, **changed) -> Search:
    found = search(folder, kind, **changed)
    found.begin({"data": "digits"}, first)
    return found


def value(claimed: ClaimedTrial) -> float:
    return float(claimed.values["x"])


def finish(found: Search, limit: int = 100) -> list[int]:
    """WorkerJob on trials until there are none; their numbers."""
    numbers = []
    while len(numbers) < limit and (claimed := found.claim()) is not None:
        found.end(claimed, Outcome("complete", value(claimed)))
        numbers.append(claimed.number)
    return numbers


@pytest.mark.parametrize("kind", KINDS)
def test_there_are_as_many_trials_as_asked_for(tmp_path, kind):
    found = begun(tmp_path, kind)
    assert finish(found) == list(range(6))
    assert found.is_complete()
    assert found.claim() is None
    assert finish(search(tmp_path, kind, trials=8)) == [6, 7]


def test_the_configuration_itself_goes_first(tmp_path):
    found = begun(tmp_path, first={"x": 0.25, "kind": "b"})
    claimed = found.claim()
    assert dict(claimed.values) == {"x": 0.25, "kind": "b"}
    found.end(claimed, Outcome("complete", 0.25))
    assert found.label(found.trials()[0]) == "as configured"
    assert finish(found) == list(range(1, 6))
    assert found.label(found.trials()[1]) == "trial 1"


DYING = """
import sys
sys.path[:0] = [{root!r}]
from pathlib import Path
from tests.unit.sweep.test_search import search
found = search(Path(sys.argv[1]), sys.argv[2])
claimed = found.claim()
found.note(claimed, run="somewhere")
found.report(claimed, 1, 0.5, last=False)
print(claimed.number, dict(claimed.values)["x"], flush=True)
input()
"""


@pytest.mark.parametrize("kind", KINDS)
def test_a_trial_whose_process_died_is_taken_up_where_it_was(tmp_path, kind):
    found = begun(tmp_path, kind, trials=2)
    program = DYING.format(root=str(Path(__file__).parents[3]))
    words = [sys.executable, "-c", program, str(tmp_path), kind]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        number, x = process.stdout.readline().split()
        other = found.claim()
        assert (number, other.number) == ("0", 1), "what another process works on is not for us"
        found.end(other, Outcome("complete", 0.0))
        assert found.claim() is None
        assert not found.is_complete()
        process.kill()
        process.communicate()
    again = found.claim()
    assert (again.number, dict(again.values)["x"]) == (0, float(x))
    assert again.trial.user_attrs["run"] == "somewhere"
    found.report(again, 1, 0.5, last=False)  # it was told before
    found.end(again, Outcome("complete", 0.5))
    assert [trial.state for trial in found.trials()] == [TrialState.COMPLETE] * 2


def test_a_trial_that_kills_its_process_again_and_again_fails(tmp_path):
    found = begun(tmp_path, trials=1, retries=1)
    for _ in range(2):
        claimed = found.claim()
        found.locks.release(claimed.number)  # as the system does when a process dies
        found.count_death(claimed.number, "its process was ended by SIGKILL")
    assert found.claim() is None
    (trial,) = found.trials()
    assert (trial.state, trial.user_attrs["reason"]) == (TrialState.FAIL, "its process was ended by SIGKILL")


def test_ends_are_written_down(tmp_path):
    found = begun(tmp_path, trials=3)
    outcomes = [Outcome("failed", reason="out of memory"), Outcome("pruned"), Outcome("complete", 0.5)]
    for outcome in outcomes:
        claimed = found.claim()
        found.report(claimed, 1, 0.1, last=True)
        found.end(claimed, outcome)
    trials = found.trials()
    assert [trial.state for trial in trials] == [TrialState.FAIL, TrialState.PRUNED, TrialState.COMPLETE]
    assert trials[0].user_attrs["reason"] == "out of memory"
    assert [trial.number for trial in completed_trials(found)] == [2]


def test_poor_trials_are_pruned_but_not_in_their_last_epoch(tmp_path):
    found = begun(tmp_path, pruner={"name": "median", "options": {"median": {"n_startup_trials": 1}}})
    good = found.claim()
    found.report(good, 1, 0.9, last=False)
    found.end(good, Outcome("complete", 0.9))
    poor = found.claim()
    found.report(poor, 1, 0.1, last=True)
    with pytest.raises(PrunedError, match="after epoch 1"):
        found.report(poor, 1, 0.1, last=False)
    found.report(poor, 2, float("nan"), last=False)  # a training that goes on may yet recover


def test_another_search_of_the_same_name_is_refused(tmp_path):
    found = begun(tmp_path)
    found.begin({"data": "digits"}, None)
    with pytest.raises(UsageError, match=r'sweep\.name=study is another search: data was "digits"'):
        found.begin({"data": "folder"}, None)
    other = optuna.create_study(study_name="study", storage=f"sqlite:///{tmp_path}/other.db", direction="maximize")
    other.enqueue_trial({"y": 1})
    stranger = Search(config(SPACE), StudyLocation.parse(f"sqlite:///{tmp_path}/other.db", tmp_path, "study"), 0)
    with pytest.raises(UsageError, match="a study of another program"):
        stranger.begin({"data": "digits"}, None)


@pytest.mark.parametrize("written", range(4))
def test_a_search_that_was_killed_while_it_was_made_is_made_to_its_end(tmp_path, monkeypatch, written):
    """After each of the transactions that make it."""
    done = []

    def stop_before(name):
        real = getattr(Study, name)

        def write(*arguments, **named):
            if len(done) == written:
                raise KeyboardInterrupt
            done.append(name)
            return real(*arguments, **named)

        return write

    first = {"x": 0.25, "kind": "b"}
    with monkeypatch.context() as patch:
        for name in ("set_user_attr", "enqueue_trial"):
            patch.setattr(Study, name, stop_before(name))
        if written < 3:
            with pytest.raises(KeyboardInterrupt):
                begun(tmp_path, first=first)
        else:
            begun(tmp_path, first=first)
    again = begun(tmp_path, first=first)
    assert [dict(trial.system_attrs)["fixed_params"] for trial in again.trials()] == [again.space.parameters(first)]
    assert dict(again.claim().values) == first
    assert again.label(again.trials()[0]) == "as configured"


def test_a_killed_search_draws_what_it_would_have_drawn(tmp_path):
    (tmp_path / "a").mkdir(), (tmp_path / "b").mkdir()
    whole = begun(tmp_path / "a")
    finish(whole)
    part = begun(tmp_path / "b")
    finish(part, 3)
    finish(search(tmp_path / "b"))
    assert [trial.params for trial in whole.trials()] == [trial.params for trial in part.trials()]


def test_the_best_are_different_and_hold_the_configuration(tmp_path):
    found = begun(tmp_path, first={"x": 0.25, "kind": "b"}, trials=8, top=2)
    finish(found)
    best = best_trials(found)
    values = sorted((trial.value for trial in found.trials()), reverse=True)
    assert [trial.value for trial in best[:2]] == values[:2]
    assert {found.label(trial) for trial in best} >= {"as configured"}
    assert sum(importances(found).values()) == pytest.approx(1)
    assert max(importances(found), key=importances(found).get) == "x"


def test_a_trial_that_happens_to_be_the_configuration_is_trained_anew_once(tmp_path):
    values = {"x": 0.25, "kind": "b"}
    found = begun(tmp_path, first=values, trials=4, top=1)
    found.study.enqueue_trial(found.space.parameters(values))
    found.study.enqueue_trial({"x": 0.9, "kind": "a"})
    finish(found)
    assert [found.label(trial) for trial in found.trials()].count("as configured") == 2
    assert [found.label(trial) for trial in best_trials(found)].count("as configured") == 1


@pytest.mark.parametrize(
    ("storage", "why"),
    [
        ("postgresql://me:secret@127.0.0.1/x", "PGPASSWORD"),
        ("mysql://x/y", "is none of sqlite"),
        ("sqlite://x", "is none of sqlite"),
    ],
)
def test_storages_that_will_not_do(tmp_path, storage, why):
    with pytest.raises(UsageError, match=why) as refused:
        StudyLocation.parse(storage, tmp_path, "s")
    assert "secret" not in str(refused.value)


def test_storages_that_will_do(tmp_path):
    assert StudyLocation.parse(None, tmp_path, "s").file == tmp_path / "sweeps.db"
    assert StudyLocation.parse("postgresql://me@host/x", tmp_path, "s").url == "postgresql+psycopg://me@host/x"
    with pytest.raises(UsageError, match="cannot be opened"):
        StudyLocation.parse("postgresql://me@127.0.0.1:1/x", tmp_path, "s").open()
    (tmp_path / "no.db").write_text("this is no database, and long enough to be sure of it")
    with pytest.raises(UsageError, match="cannot be opened"):
        StudyLocation.parse(f"sqlite:///{tmp_path}/no.db", tmp_path, "s").open()


def test_a_storage_that_fails_is_named_whatever_was_asked_of_it(tmp_path, monkeypatch):
    found = begun(tmp_path, first={"x": 0.25, "kind": "b"})
    assert found.noted_report() is None
    found.note_report(tmp_path / "report.html")
    assert found.noted_report() == str(tmp_path / "report.html")
    [trial] = found.trials()

    def fail(*_: object) -> None:
        raise optuna.exceptions.StorageInternalError("commit") from OSError("disk I/O error")

    for name in ("user_attrs", "set_user_attr"):
        monkeypatch.setattr(Study, name, property(fail) if name == "user_attrs" else fail)
    for ask in (lambda: found.note_report(tmp_path), found.noted_report, lambda: found.label(trial)):
        with pytest.raises(StorageLostError, match=r"does not answer: disk I/O error; once it does, the same command"):
            ask()
