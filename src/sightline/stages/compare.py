"""Comparison: two or more systems on the same items, paired, from their predictions or what mode `robustness` left."""

import csv
import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sightline.config.schema import Config
from sightline.inference.find_systems import find_systems
from sightline.inference.systems import System
from sightline.inference.time_to_accuracy import seconds_to_common_accuracy
from sightline.reporting import figures
from sightline.reporting.sections.comparison.cost import cost_table
from sightline.reporting.sections.comparison.pairs import pair_table
from sightline.reporting.sections.comparison.systems import system_table
from sightline.reporting.terminal import show
from sightline.run.folder import Run
from sightline.run.ledger import note_test_uses
from sightline.run.origin import digests_of, save_derived
from sightline.stages.columns.compared import Outcome, compare_by
from sightline.tasks.table import entrant_of, task_of_systems


def run(config: Config, run: Run) -> dict[str, float]:
    """Write `comparison.json`, its two tables as CSV, and a figure."""
    named = config.runs if config.mode.name == "compare" else (str(run.path),)
    systems = find_systems(named, Path(config.runs_dir))
    column = config.compare.column
    outcome = _by_predictions(config, systems) if column is None else compare_by(column, config, systems)
    found = outcome.found
    note_test_uses(outcome.uses, "compare", run)
    target, seconds = seconds_to_common_accuracy(systems)
    found["systems"] = [
        {**row, **system.costs(), "seconds_to_target": reached}
        for row, system, reached in zip(found["systems"], systems, seconds, strict=True)
    ]
    found["notes"] += [f"{system.name}: {note}" for system in systems for note in system.notes()]
    found.update({"split": outcome.split, "target_val_accuracy": target})
    run.save_text("comparison_systems.csv", _csv(found["systems"]))
    run.save_text("comparison_pairs.csv", _csv(found["pairs"]))
    run.save_bytes("figures/comparison.png", figures.comparison(found))
    files = [os.path.relpath(path, run.path) for path in outcome.files]
    save_derived(run, "comparison.json", found, digests_of(run, *files))
    show(f"{outcome.split} split, {found['n']} items", system_table(found))
    if (costs := cost_table(found)).rows:
        show("cost", costs)
    if found["pairs"]:
        show("differences", pair_table(found))
    values = {f"{row['name']}/{found['metric']}": row["value"] for row in found["systems"]}
    return {name: value for name, value in values.items() if value is not None}


def _by_predictions(config: Config, systems: Sequence[System]) -> Outcome:
    """By what they predict of the test split."""
    task = task_of_systems(systems)
    found = task.compare(config, [entrant_of(system, task) for system in systems])
    uses = [use for system in systems for use in system.uses()]
    return Outcome(found, "test", uses, [path for system in systems for path in system.files()])


def _csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """A table with one row a line; lists are joined by blanks."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else ["a", "b"], lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: " ".join(map(str, v)) if isinstance(v, list) else v for key, v in row.items()})
    return text.getvalue()
