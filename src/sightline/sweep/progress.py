"""What a person sees while a sweep goes on: a line for each trial that ends, and how far it is."""

from types import TracebackType
from typing import Self

from optuna.trial import FrozenTrial, TrialState

from sightline.config.overrides import as_overrides
from sightline.errors import RunFailedError
from sightline.machine.terminal import ProgressBar, logger
from sightline.sweep.results import completed_trials
from sightline.sweep.search import AS_CONFIGURED, Search

ALL_FAILED = 10
"""So many trials that all failed are no accident."""


class SweepProgress:
    """Follows a study from outside.

    Args:
        search: the study.
    """

    def __init__(self, search: Search) -> None:
        self._search = search
        self._seen = {trial.number for trial in search.trials() if trial.state.is_finished()}
        self._bar = ProgressBar(search.trial_count, "trials", len(self._seen))
        if 0 < len(self._seen) < search.trial_count:
            logger.info("sweep: going on after %d of %d trials", len(self._seen), search.trial_count)

    def __enter__(self) -> Self:
        self._bar.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._bar.__exit__(kind, error, _)

    def update(self) -> bool:
        """Say what ended since the last update, and whether anything did.

        Raises:
            RunFailedError: all trials so far failed.
        """
        trials = self._search.trials()
        new = [trial for trial in trials if trial.state.is_finished() and trial.number not in self._seen]
        best = completed_trials(self._search)[:1]
        for trial in new:
            self._seen.add(trial.number)
            logger.info(self._line(trial, best))
        running = [trial for trial in trials if trial.state == TrialState.RUNNING]
        note = ", ".join(f"trial {trial.number}: epoch {len(trial.intermediate_values) + 1}" for trial in running[:4])
        top = f"best {best[0].value:.4f} (trial {best[0].number})" if best else ""
        self._bar.update(len(self._seen), "trials", " · ".join(part for part in (top, note) if part))
        failed = [trial for trial in trials if trial.state == TrialState.FAIL]
        if new and len(failed) == len(self._seen) >= ALL_FAILED:
            raise RunFailedError(
                f"the first {len(failed)} trials all failed: {failed[-1].user_attrs.get('reason', '')}\n"
                "mend it, then begin anew with another sweep.name"
            )
        return bool(new)

    def _line(self, trial: FrozenTrial, best: list[FrozenTrial]) -> str:
        """A trial in one line."""
        config = self._search.config
        if trial.state == TrialState.FAIL:
            how = f"failed: {str(trial.user_attrs.get('reason', '')).splitlines()[0]}"
        elif trial.state == TrialState.PRUNED:
            how = f"pruned after {len(trial.intermediate_values)} epochs"
        else:
            mark = "  best so far" if best and best[0].number == trial.number else ""
            how = f"{config.metric} {trial.value:.4f}{mark}"
        found = self._search.space.values(trial.params)
        short = {key: float(f"{value:.4g}") if isinstance(value, float) else value for key, value in found.items()}
        values = " ".join(as_overrides(short))
        own = " (as configured)" if self._search.label(trial) == AS_CONFIGURED else ""
        return f"{len(self._seen):>3}/{self._search.trial_count}  trial {trial.number}{own}  {how}  {values}"
