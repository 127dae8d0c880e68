"""What pruning saves, and what a trial costs beyond its training.

    python -m benchmarks.sweeps pruning --root FOLDER [--seeds 0 1] [--limit 5000] [--epochs 10] [--trials 30]
    python -m benchmarks.sweeps overhead [--trials 12]

- pruning: the same sweep with and without its pruner, on real images: epochs trained, and the best value on val.
- overhead: seconds of a trial before its first step and after its last epoch, on the digits.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from benchmarks.processes import machine_facts
from sightline.cli import compose_config
from sightline.commands.command import Command
from sightline.commands.modes import with_stages, without_tracking
from sightline.commands.new_run import create_run
from sightline.commands.pipeline import run_stages
from sightline.commands.trial import TrialTemplate, remove_trial_checkpoints, run_trial
from sightline.config import parse
from sightline.machine.signals import StopSignal
from sightline.machine.terminal import show_log
from sightline.sweep.search import Search
from sightline.sweep.storage import StudyLocation
from sightline.training.loop import Loop
from sightline.training.state import Progress

RESULTS, ROOT = Path(__file__).parent / "results", Path(__file__).parents[1]


def main() -> None:
    """Run one of the two, write its results and show them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["pruning", "overhead"])
    parser.add_argument("--root")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--limit", type=int, default=5000)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--sampler", default="random")
    parser.add_argument("--pruner", default="percentile")
    parser.add_argument("--trials", type=int, default=30)
    arguments = parser.parse_args()
    found = pruning(arguments) if arguments.what == "pruning" else overhead(arguments.trials)
    where = machine_facts()
    path = RESULTS / f"sweeps_{arguments.what}.json"
    path.write_text(json.dumps({"where": where, **found}, indent=1) + "\n")
    print(json.dumps(found, indent=1))


def swept(folder: str, *overrides: str) -> dict[str, Any]:
    """Run a sweep as a person would, and return its `sweep.json`."""
    command = ["bash", str(ROOT / "run.sh"), "sweep", "tracking=none", "sweep.top=1", "sweep.fresh_seeds=1"]
    subprocess.run([*command, "sweep.name=benchmark", f"runs_dir={folder}", *overrides], check=True, stdout=sys.stderr)
    found: dict[str, Any] = json.loads((Path(folder) / "sweeps/benchmark/sweep.json").read_text())
    return found


def pruning(arguments: argparse.Namespace) -> dict[str, Any]:
    """Epochs and best values of the default sweep with its pruner and without one, for each seed.

    Sampled at random, both sweeps hold the very same trials, so that a difference is the pruner's doing. With another
    sampler they part ways after the first trial that is pruned.
    """
    rows = []
    for seed in arguments.seeds:
        own = {}
        for pruner in (arguments.pruner, "none"):
            with tempfile.TemporaryDirectory() as folder:
                found = swept(
                    folder,
                    *(f"data.root={arguments.root}", "data=folder", "model=cnn", "model.width=32", f"seed={seed}"),
                    *(f"limit={arguments.limit}", f"training.epochs={arguments.epochs}"),
                    *(f"sweep.trials={arguments.trials}", f"sweep.pruner.name={pruner}"),
                    f"sweep.sampler.name={arguments.sampler}",
                )
            ended = [row for row in found["trials"] if row["state"] in {"complete", "pruned"}]
            own[pruner] = {
                "epochs": sum(len(row["curve"]) for row in ended),
                "pruned": sum(row["state"] == "pruned" for row in ended),
                "best": max(row["value"] for row in ended if row["value"] is not None),
            }
        pruned, whole = own[arguments.pruner], own["none"]
        saved, lost = 1 - pruned["epochs"] / whole["epochs"], whole["best"] - pruned["best"]
        rows.append({"seed": seed, **own, "saved": saved, "lost": lost})
    shape = {key: getattr(arguments, key) for key in ("limit", "epochs", "trials", "sampler", "pruner")}
    return {**shape, "seeds": rows}


def overhead(trials: int) -> dict[str, Any]:
    """Seconds of a trial, from its draw to its end in the storage, that are not spent in the training loop."""
    spent = [0.0]
    train = Loop.run

    def timed(loop: Loop, stop: StopSignal) -> Progress:
        began = perf_counter()
        try:
            return train(loop, stop)
        finally:
            spent[0] = perf_counter() - began

    Loop.run = timed  # type: ignore[method-assign]
    show_log(silent=True)
    with tempfile.TemporaryDirectory() as folder:
        overrides = ["mode=sweep", "sweep=quick", "data=digits", f"runs_dir={folder}", f"sweep.trials={trials}"]
        config = parse.parse(compose_config(overrides))
        template = TrialTemplate.from_command(Command(config, overrides, [], compose_config))
        run = create_run(config, "", [], Path(folder) / "sweeps/benchmark")
        search = Search(config.sweep, StudyLocation.parse(None, Path(folder), "benchmark"), config.seed)
        search.begin({}, None)
        template = template.in_folder(run.path)
        run_stages(without_tracking(with_stages(template.config_with({}), "validate")), run)
        beyond = []
        for _ in range(trials):
            began = perf_counter()
            claimed = search.claim()
            assert claimed is not None
            search.end(claimed, run_trial(template, search, claimed))
            remove_trial_checkpoints(template, claimed.number)
            beyond.append(perf_counter() - began - spent[0])
    return {"trials": trials, "first": beyond[0], "median": median(beyond[1:]), "largest": max(beyond[1:])}


if __name__ == "__main__":
    main()
