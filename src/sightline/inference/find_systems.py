"""Finds what is to be compared: the variants of a study, runs of one configuration, folders of predictions."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from sightline.config import later_keys
from sightline.config.flatten import flatten
from sightline.config.groups import FIXED_BY_TRAINING
from sightline.config.parse import load
from sightline.errors import UsageError
from sightline.inference.systems import ExternalPredictions, System, TrainedRuns, short_name
from sightline.machine.paths import path_of
from sightline.run.external.folder import holds_predictions
from sightline.run.folder import Run

CLASSES = "classes.json"
"""The file of results of another tool's predictions that names its classes."""
MEMBERS = "members.jsonl"
"""The file of a study that says which runs belong to it."""
PLACES: Final = ("data.root", "data.manifest")
"""Settings that say more of what sets two systems apart than any other but the choices of groups."""


def find_systems(names: Sequence[str], runs_dir: Path) -> list[System]:
    """Find what is to be compared: a study brings all its variants, runs of one configuration become one system.

    Raises:
        UsageError: a name is no run, study or folder of predictions, or one of results of such predictions; a run is
            named twice; a study has not ended.
    """
    found: list[System] = []
    single: list[Run] = []
    for name in names:
        folder = next((path for path in (path_of(name), runs_dir / name) if holds_predictions(path)), None)
        if folder is not None:
            found.append(ExternalPredictions(name, folder))
            continue
        run = Run.open(name, runs_dir)
        if run.has(CLASSES):
            raise UsageError(f"run={name} holds results of predictions={_predictions_of(run)}; name that folder itself")
        if run.has(MEMBERS):
            found += _of_study(run)
        else:
            single.append(run)
    return [*found, *_by_configuration(single)]


def _of_study(run: Run) -> list[System]:
    """The variants of a study, in the order in which they were begun."""
    rows = run.rows(MEMBERS)
    ended = {(row["variant"], row["seed"]) for row in rows if row["state"] == "finished"}
    if waiting := [row for row in rows if (row["variant"], row["seed"]) not in ended]:
        raise UsageError(f"{run.path} has not ended: {waiting[0]['variant']}, seed {waiting[0]['seed']} is missing")
    folders: dict[str, dict[int, str]] = {}
    for row in rows:
        folders.setdefault(row["variant"], {})[row["seed"]] = row["run"]
    systems: list[System] = []
    for name, by_seed in folders.items():
        paths = [(run.path / folder).resolve() for folder in by_seed.values()]
        systems.append(TrainedRuns(name, tuple(Run.open(str(path), run.path) for path in paths)))
    return systems


def _by_configuration(runs: Sequence[Run]) -> list[System]:
    """Runs of the same configuration and code together, called after what sets them apart from the others."""
    by_training: dict[tuple[str, str], dict[int, Run]] = {}
    for run in runs:
        members, seed = by_training.setdefault(_training_of(run), {}), _settings(run)["seed"]
        if seed in members:
            both = f"{members[seed].path} and {run.path}"
            raise UsageError(f"{both} are the same training with the same seed; name one of them")
        members[seed] = run
    systems = [tuple(members.values()) for members in by_training.values()]
    settings = [_settings(members[0]) for members in systems]
    names = _distinct_names(settings, fallback=[short_name(members[0]) for members in systems])
    return [TrainedRuns(name, members) for name, members in zip(names, systems, strict=True)]


def _training_of(run: Run) -> tuple[str, str]:
    """The configuration but for the seed, and the code."""
    facts = run.load_json("provenance.json")
    return facts["config_hash"], (facts.get("git") or {}).get("commit", "")


def _predictions_of(run: Run) -> str:
    """The folder of another tool's predictions whose results these are."""
    return str(load(run.path / "config.yaml").get("predictions"))


def _settings(run: Run) -> dict[str, Any]:
    """The dotted keys of what training fixed.

    Raises:
        UsageError: the configuration lacks some of it.
    """
    path = run.path / "config.yaml"
    content = load(path)
    later_keys.fill(content)
    if lacking := [key for key in FIXED_BY_TRAINING if key not in content]:
        raise UsageError(f"{lacking[0]} is missing in {path}: it is damaged; train the run anew")
    return flatten({key: content[key] for key in FIXED_BY_TRAINING})


def _distinct_names(settings: Sequence[Mapping[str, Any]], fallback: Sequence[str], most: int = 4) -> list[str]:
    """The fewest settings that set all apart, groups first: `model=resnet`, `optimizer.lr=0.1`."""
    keys = {key: None for one in settings for key in one}
    different = [key for key in keys if key != "seed" and len({repr(one.get(key)) for one in settings}) > 1]
    different.sort(key=lambda key: (not key.endswith(".name"), key not in PLACES))
    for count in range(1, min(most, len(different)) + 1):
        names = [_words(one, different[:count]) for one in settings]
        if len(set(names)) == len(names):
            return names
    return list(fallback)


def _words(settings: Mapping[str, Any], keys: Sequence[str]) -> str:
    return " ".join(f"{key.removesuffix('.name')}={settings.get(key)}" for key in keys)
