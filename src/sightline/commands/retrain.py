"""What comes after the trials of a sweep: the best trained anew with fresh seeds, the winner through the pipeline."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from sightline.commands.modes import with_stages, without_tracking
from sightline.commands.pipeline import run_stages
from sightline.commands.study import Member, train_members
from sightline.commands.trial import BEST_RECIPE, TrialTemplate, remove_resume_checkpoints
from sightline.commands.writing import writing
from sightline.config.schema import Config
from sightline.errors import RunFailedError
from sightline.metrics.documents.sweep import FreshRun, Retrained
from sightline.run.folder import Run
from sightline.sweep.results import RETRAINED_FILE, best_trials, retrained
from sightline.sweep.search import AS_CONFIGURED, Search

WINNER_STAGES = ("calibrate", "evaluate", "explain", "report")
"""What the winner, once trained, goes through."""


def finish_sweep(config: Config, template: TrialTemplate, search: Search, run: Run) -> None:
    """Train the best anew, take the winner through the pipeline, and sum up.

    Args:
        config: of the command.
        template: of its trials.
        search: its study, whose trials have ended.
        run: the folder of the sweep.

    Raises:
        RunFailedError: no trial ended with a value.
    """
    members = _members(config, template, search, run)
    with run.entering("sweep"):
        train_members(run, members, partial(_retrain, template))
    again = retrained(search, run)
    winner = again[0]
    best = next(member for member in members if member.variant == winner["name"])
    _run_winner(config, best, winner, run, template.arguments)
    _measure_on_test(members, winner, run, template.arguments)
    about = f"{winner['name']}, {template.metric} {winner['mean']:.4f} over {config.sweep.fresh_seeds} fresh seeds"
    run.save_text(BEST_RECIPE, template.recipe(winner["values"], search.location.name, about))
    run_stages(without_tracking(with_stages(config, "sweep", "report")), run)
    search.note_report(run.path / "report.html")


def _members(config: Config, template: TrialTemplate, search: Search, run: Run) -> list[Member]:
    """The best trials, each with every fresh seed: the first seed of all before the second of any."""
    best = best_trials(search)
    if not best:
        raise RunFailedError(f"no trial of {search.location.name} ended with a value; their reasons are in {run.path}")
    members = []
    for seed in range(config.seed + 1, config.seed + 1 + config.sweep.fresh_seeds):
        for trial in best:
            values = search.space.values(trial.params)
            members.append(Member(search.label(trial), seed, template.config_with(values, seed=seed)))
    return members


def _retrain(template: TrialTemplate, member: Member, child: Run | None, begun: Callable[[Run], None]) -> Run:
    """Train one of the best with a seed that no trial used."""
    folder = template.folder / "again" / f"{member.variant.replace(' ', '-')}-s{member.seed}"
    child = child or template.open_run(folder, member.config)
    begun(child)
    value = template.train(child, member.config)
    place = str(child.path.relative_to(template.folder))
    row = FreshRun(name=member.variant, seed=member.seed, value=value, run=place)
    Run(template.folder).append(RETRAINED_FILE, row)
    remove_resume_checkpoints(child)
    return child


def _measure_on_test(members: Sequence[Member], winner: Retrained, run: Run, arguments: Sequence[str]) -> None:
    """Evaluate all runs of the winner and of the configuration as it was, if that is another, to compare the two."""
    compared = {winner["name"], AS_CONFIGURED}
    if len(compared) == 1 or all(member.variant != AS_CONFIGURED for member in members):
        return
    configs = {(member.variant, member.seed): member.config for member in members}
    rows: list[FreshRun] = run.rows(RETRAINED_FILE)
    for row in rows:
        child = Run((run.path / row["run"]).resolve())
        if row["name"] in compared and (row["name"], row["seed"]) in configs and not child.has("evaluation.json"):
            with writing(child, arguments):
                run_stages(without_tracking(with_stages(configs[row["name"], row["seed"]], "evaluate")), child)


def _run_winner(config: Config, member: Member, winner: Retrained, run: Run, arguments: Sequence[str]) -> None:
    """Take the first run of the winner through the stages after training, and make it the latest."""
    rows: list[FreshRun] = run.rows(RETRAINED_FILE)
    folder = next(row["run"] for row in rows if row["name"] == winner["name"])
    child = Run((run.path / folder).resolve())
    if not child.has("report.html"):
        with writing(child, arguments):
            run_stages(with_stages(member.config, *WINNER_STAGES), child)
    child.become_latest(Path(config.runs_dir))
