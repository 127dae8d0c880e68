"""One study: hands out its trials, each to one process at a time, and takes their ends.

A trial that was interrupted stays the trial it was: whoever takes it next finds its number, its parameters and the
folder of its run, and goes on. So a study of n trials holds n trials, however often it was killed.
"""

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import optuna
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from sightline.config.stored import differences
from sightline.config.sweep import SweepConfig
from sightline.errors import PrunedError, UsageError
from sightline.sweep.claims import StorageLostError
from sightline.sweep.sampling import FINITE, most_trials, pruner, sampler
from sightline.sweep.space import Space
from sightline.sweep.storage import Place

ABOUT = "sightline"
"""The attribute of a study that holds what its trials share."""
FIRST = "as_configured"
"""The attribute that holds the parameters of the configuration itself, or None."""


@dataclass(frozen=True)
class Claimed:
    """A trial that this process may work on.

    Attributes:
        number: of the trial.
        values: by key.
        trial: Optuna's own.
    """

    number: int
    values: Mapping[str, Any]
    trial: Trial


@dataclass(frozen=True)
class Outcome:
    """How a trial ended: with a value, pruned, or failed for a reason."""

    state: Literal["complete", "pruned", "failed"]
    value: float | None = None
    reason: str = ""


AS_CONFIGURED = "as configured"
STATES = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}


class Search:
    """A study, opened.

    Args:
        config: of the search.
        place: where it is stored.
        seed: of the sampler.
    """

    def __init__(self, config: SweepConfig, place: Place, seed: int) -> None:
        self.config, self.place, self._seed = config, place, seed
        self.space = Space(config)
        sampler(config.sampler, self.space, seed, 0)  # refuse wrong options before anything is stored
        self.asked = most_trials(config, self.space)
        self._pruner = pruner(config.pruner)
        self._storage, self.claims = place.open()

    # ------------------------------------------------------------ the study

    def exists(self) -> bool:
        """Whether the study was begun before."""
        with self._asking():
            return self.place.name in optuna.get_all_study_names(self._storage)

    def begin(self, about: Mapping[str, Any], first: Mapping[str, Any] | None) -> None:
        """Make the study, or find that it is there.

        Args:
            about: what its trials share, as plain values by dotted key.
            first: values that the configuration has, by key, for the first trial; None where the space has them not.

        Raises:
            UsageError: it is there, and about something else.
        """
        with self._asking(), self.claims.study():
            if self.exists():
                self._check_same(about)
                return
            study = optuna.create_study(
                storage=self._storage, study_name=self.place.name, direction=self.config.direction
            )
            study.set_user_attr(ABOUT, dict(about))
            study.set_user_attr(FIRST, None if first is None else self.space.parameters(first))
            if first is not None and self.config.sampler.name not in FINITE:  # those come to it by themselves
                study.enqueue_trial(self.space.parameters(first))

    def _check_same(self, about: Mapping[str, Any]) -> None:
        before = self.study.user_attrs.get(ABOUT)
        if before is None:
            raise UsageError(f"sweep.name={self.place.name} is a study of another program; take another name")
        if different := differences(before, about):
            raise UsageError(
                f"sweep.name={self.place.name} is another search: {different}\n"
                "repeat the command that began it, or take another sweep.name"
            )

    @cached_property
    def study(self) -> Study:
        """Optuna's own."""
        return optuna.load_study(study_name=self.place.name, storage=self._storage, pruner=self._pruner)

    def label(self, trial: FrozenTrial) -> str:
        """What a trial is called."""
        return AS_CONFIGURED if trial.params == self.study.user_attrs.get(FIRST) else f"trial {trial.number}"

    def trials(self) -> list[FrozenTrial]:
        """All trials by number, those included that wait or run."""
        with self._asking():
            return self.study.get_trials(deepcopy=False)

    def asked_and_ended(self) -> bool:
        """Whether there are as many trials as asked for, all ended."""
        return len(self.trials()) >= self.asked and self.all_ended()

    def ended(self) -> int:
        """How many trials have ended, however."""
        return sum(trial.state.is_finished() for trial in self.trials())

    def all_ended(self) -> bool:
        """Whether no trial waits or runs."""
        return all(trial.state.is_finished() for trial in self.trials())

    # ------------------------------------------------------------ trials

    def claim(self) -> Claimed | None:
        """The next trial to work on: one that a process left behind, one that waits, or a new one; None for now."""
        with self._asking(), self.claims.study():
            found = self.study.get_trials(deepcopy=False)
            for trial in found:
                if trial.state == TrialState.RUNNING and self.claims.take(trial.number):
                    self._left_behind(trial)
            found = self.study.get_trials(deepcopy=False)
            waiting = [trial.number for trial in found if trial.state == TrialState.WAITING]
            if not waiting and len(found) >= self.asked:
                return None
            number = waiting[0] if waiting else len(found)
            self.study.sampler = sampler(self.config.sampler, self.space, self._seed, number)
            new = self.study.ask()
            if not self.claims.take(new.number):
                raise AssertionError(f"trial {new.number} waited and yet is taken")
            new.set_user_attr("host", socket.gethostname())
            return Claimed(new.number, self.space.draw(new), new)

    def _left_behind(self, trial: FrozenTrial) -> None:
        """Put a trial back whose process is gone, unless that happened too often while its sweep went on."""
        deaths = int(trial.user_attrs.get("deaths", 0))
        if deaths > self.config.retries:
            self.study.tell(trial.number, state=TrialState.FAIL)
        else:
            self._storage.set_trial_state_values(self._id(trial.number), TrialState.WAITING)
        self.claims.let_go(trial.number)

    def report(self, claimed: Claimed, epochs: int, value: float, *, last: bool) -> None:
        """Tell the value after so many epochs.

        Raises:
            PrunedError: the pruner has seen enough.
            StorageLostError: the storage is gone, and the trial may be another's by now.
        """
        with self._asking():
            self.claims.check()
            if not np.isfinite(value):
                return
            if epochs not in self._storage.get_trial(self._id(claimed.number)).intermediate_values:
                claimed.trial.report(value, epochs)
            if not last and claimed.trial.should_prune():
                raise PrunedError(f"pruned after epoch {epochs}")

    def note(self, claimed: Claimed, **facts: Any) -> None:
        """Write facts about a trial into the study."""
        with self._asking():
            for key, value in facts.items():
                claimed.trial.set_user_attr(key, value)

    def end(self, claimed: Claimed, outcome: Outcome) -> None:
        """Take the end of a trial."""
        with self._asking():
            self.claims.check()
            if outcome.reason:
                claimed.trial.set_user_attr("reason", outcome.reason)
            value = outcome.value if outcome.state == "complete" else None
            self.study.tell(claimed.trial, value, state=STATES[outcome.state])
            self.claims.let_go(claimed.number)

    def count_death(self, number: int, why: str) -> None:
        """Note that the process of a running trial died while its sweep went on."""
        with self._asking():
            trial = self._id(number)
            deaths = int(self._storage.get_trial(trial).user_attrs.get("deaths", 0))
            self._storage.set_trial_user_attr(trial, "deaths", deaths + 1)
            self._storage.set_trial_user_attr(trial, "reason", why)

    def _id(self, number: int) -> int:
        study = self._storage.get_study_id_from_name(self.place.name)
        return self._storage.get_trial_id_from_study_id_trial_number(study, number)

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Errors of the storage are not those of the trial at work; Optuna 5 hides some behind an UnboundLocalError."""
        try:
            yield
        except (SQLAlchemyError, optuna.exceptions.StorageInternalError, UnboundLocalError) as error:
            raise StorageLostError(f"sweep.storage does not answer: {str(error).splitlines()[0]}") from error


Objective = Callable[[Search, Claimed], Outcome]
"""Works on a trial, reporting after every epoch."""
