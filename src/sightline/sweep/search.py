"""One study: hands out its trials, each to one process at a time, and takes their ends.

A trial that was interrupted stays the trial it was: whoever takes it next finds its number, its parameters and the
folder of its run, and goes on. So a study of n trials holds n trials, however often it was killed.
"""

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import numpy as np
import optuna
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from sightline.config.stored import differences
from sightline.config.sweep import SweepConfig
from sightline.errors import PrunedError, UsageError
from sightline.machine.credentials import hidden
from sightline.sweep.locks import StorageLostError
from sightline.sweep.sampling import FINITE, build_pruner, build_sampler, trial_count
from sightline.sweep.space import Space
from sightline.sweep.storage import StudyLocation
from sightline.sweep.trials import ClaimedTrial, Outcome

SHARED_ATTRIBUTE = "sightline"
"""The attribute of a study that holds what its trials share."""
FIRST_ATTRIBUTE = "as_configured"
"""The attribute that holds the parameters of the configuration itself, or None."""
REPORT_ATTRIBUTE = "report"
AS_CONFIGURED = "as configured"
"""What a trial with the values of the configuration itself is called."""
STATES = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}


class Search:
    """A study, opened.

    Args:
        config: of the search.
        location: where it is stored.
        seed: of the sampler.
    """

    def __init__(self, config: SweepConfig, location: StudyLocation, seed: int) -> None:
        self.config = config
        self.location = location
        self._seed = seed
        self.space = Space(config)
        build_sampler(config.sampler, self.space, seed, 0)  # refuse wrong options before anything is stored
        self.trial_count = trial_count(config, self.space)
        self._pruner = build_pruner(config.pruner)
        self._storage, self.locks = location.open()

    # ------------------------------------------------------------ the study

    def exists(self) -> bool:
        """Whether the study was begun before."""
        with self._storage_errors():
            return self.location.name in optuna.get_all_study_names(self._storage)

    def shared(self) -> Mapping[str, object] | None:
        """What the trials of the study share, as it was begun; None where it was not."""
        with self._storage_errors():
            return self.study.user_attrs.get(SHARED_ATTRIBUTE) if self.exists() else None

    def begin(self, about: Mapping[str, object], first: Mapping[str, object] | None) -> None:
        """Make the study, or find that it is there.

        Args:
            about: what its trials share, as plain values by dotted key.
            first: values that the configuration has, by key, for the first trial; None where the space has them not.

        Raises:
            UsageError: it is there, and about something else.
        """
        with self._storage_errors(), self.locks.hold_study():
            if not self.exists():
                optuna.create_study(
                    storage=self._storage, study_name=self.location.name, direction=self.config.direction
                )
            if SHARED_ATTRIBUTE in self.study.user_attrs:
                self._check_same(about)
            else:
                self._fill(about, first)

    def _fill(self, about: Mapping[str, object], first: Mapping[str, object] | None) -> None:
        """Write into a new study what it is about: last of all, so one whose making was killed is made to its end."""
        study, parameters = self.study, None if first is None else self.space.parameters(first)
        known = {FIRST_ATTRIBUTE: parameters} if FIRST_ATTRIBUTE in study.user_attrs else {}
        waiting = [trial.system_attrs.get("fixed_params") for trial in study.get_trials(deepcopy=False)]
        if study.user_attrs != known or waiting not in ([], [parameters]) or study.direction != self._direction():
            raise UsageError(f"sweep.name={self.location.name} is a study of another program; take another name")
        study.set_user_attr(FIRST_ATTRIBUTE, parameters)
        if parameters is not None and not waiting and self.config.sampler.name not in FINITE:  # those come to it anyway
            study.enqueue_trial(parameters)
        study.set_user_attr(SHARED_ATTRIBUTE, dict(about))

    def _direction(self) -> StudyDirection:
        return StudyDirection[self.config.direction.upper()]

    def _check_same(self, about: Mapping[str, object]) -> None:
        before = self.study.user_attrs[SHARED_ATTRIBUTE]
        if different := differences(before, about):
            raise UsageError(
                f"sweep.name={self.location.name} is another search: {different}\n"
                "repeat the command that began it, or take another sweep.name"
            )

    @cached_property
    def study(self) -> Study:
        """Optuna's own."""
        return optuna.load_study(study_name=self.location.name, storage=self._storage, pruner=self._pruner)

    def note_report(self, path: Path) -> None:
        """Write into the study, for its dashboard, where the report of the sweep is."""
        with self._storage_errors():
            self.study.set_user_attr(REPORT_ATTRIBUTE, str(path))

    def noted_report(self) -> str | None:
        """Where the report of the sweep is; None while it is not done."""
        with self._storage_errors():
            found = self.study.user_attrs.get(REPORT_ATTRIBUTE)
        return None if found is None else str(found)

    def label(self, trial: FrozenTrial) -> str:
        """What a trial is called."""
        with self._storage_errors():
            first = self.study.user_attrs.get(FIRST_ATTRIBUTE)
        return AS_CONFIGURED if trial.params == first else f"trial {trial.number}"

    def trials(self) -> list[FrozenTrial]:
        """All trials by number, those included that wait or run."""
        with self._storage_errors():
            return self.study.get_trials(deepcopy=False)

    def is_complete(self) -> bool:
        """Whether there are as many trials as asked for, all of them ended."""
        return len(self.trials()) >= self.trial_count and self.all_ended()

    def ended_count(self) -> int:
        """How many trials have ended, however."""
        return sum(trial.state.is_finished() for trial in self.trials())

    def all_ended(self) -> bool:
        """Whether no trial waits or runs."""
        return all(trial.state.is_finished() for trial in self.trials())

    # ------------------------------------------------------------ trials

    def claim(self) -> ClaimedTrial | None:
        """The next trial to work on: one that a process left behind, one that waits, or a new one; None for now."""
        with self._storage_errors(), self.locks.hold_study():
            found = self.study.get_trials(deepcopy=False)
            for trial in found:
                if trial.state == TrialState.RUNNING and self.locks.acquire(trial.number):
                    self._requeue(trial)
            found = self.study.get_trials(deepcopy=False)
            waiting = [trial.number for trial in found if trial.state == TrialState.WAITING]
            if not waiting and len(found) >= self.trial_count:
                return None
            number = waiting[0] if waiting else len(found)
            self.study.sampler = build_sampler(self.config.sampler, self.space, self._seed, number)
            new = self.study.ask()
            if not self.locks.acquire(new.number):
                raise AssertionError(f"trial {new.number} waited and yet is taken")
            new.set_user_attr("host", socket.gethostname())
            return ClaimedTrial(new.number, self.space.draw(new), new)

    def _requeue(self, trial: FrozenTrial) -> None:
        """Put a trial back whose process is gone, unless that happened too often while its sweep went on."""
        deaths = int(trial.user_attrs.get("deaths", 0))
        if deaths > self.config.retries:
            self.study.tell(trial.number, state=TrialState.FAIL)
        else:
            self._storage.set_trial_state_values(self._id(trial.number), TrialState.WAITING)
        self.locks.release(trial.number)

    def report(self, claimed: ClaimedTrial, epochs: int, value: float, *, last: bool) -> None:
        """Tell the value after so many epochs.

        Raises:
            PrunedError: the pruner has seen enough.
            StorageLostError: the storage is gone, and the trial may be another's by now.
        """
        with self._storage_errors():
            self.locks.check_held()
            if not np.isfinite(value):
                return
            if epochs not in self._storage.get_trial(self._id(claimed.number)).intermediate_values:
                claimed.trial.report(value, epochs)
            if not last and claimed.trial.should_prune():
                raise PrunedError(f"pruned after epoch {epochs}")

    def note(self, claimed: ClaimedTrial, **facts: object) -> None:
        """Write facts about a trial into the study."""
        with self._storage_errors():
            for key, value in facts.items():
                claimed.trial.set_user_attr(key, value)

    def end(self, claimed: ClaimedTrial, outcome: Outcome) -> None:
        """Take the end of a trial."""
        with self._storage_errors():
            self.locks.check_held()
            if outcome.reason:
                claimed.trial.set_user_attr("reason", outcome.reason)
            value = outcome.value if outcome.state == "complete" else None
            self.study.tell(claimed.trial, value, state=STATES[outcome.state])
            self.locks.release(claimed.number)

    def count_death(self, number: int, why: str) -> None:
        """Note that the process of a running trial died while its sweep went on."""
        with self._storage_errors():
            trial = self._id(number)
            deaths = int(self._storage.get_trial(trial).user_attrs.get("deaths", 0))
            self._storage.set_trial_user_attr(trial, "deaths", deaths + 1)
            self._storage.set_trial_user_attr(trial, "reason", why)

    def _id(self, number: int) -> int:
        study = self._storage.get_study_id_from_name(self.location.name)
        return self._storage.get_trial_id_from_study_id_trial_number(study, number)

    @contextmanager
    def _storage_errors(self) -> Iterator[None]:
        """Errors of the storage are not those of the trial at work; Optuna 5 hides some behind an UnboundLocalError."""
        try:
            yield
        except (SQLAlchemyError, optuna.exceptions.StorageInternalError, UnboundLocalError) as error:
            raise StorageLostError.of(hidden(self.location.url), error) from error


Objective = Callable[[Search, ClaimedTrial], Outcome]
"""Works on a trial, reporting after every epoch."""
