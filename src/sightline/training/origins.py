"""Runs that a training learns from, as weights or as a teacher: they must not have seen what is held out here."""

from collections.abc import Iterator
from pathlib import Path

from sightline.config.flatten import flatten
from sightline.config.parse import load
from sightline.data.splits.split import Split
from sightline.errors import UsageError
from sightline.inference.model import load_split
from sightline.machine.paths import path_of
from sightline.machine.terminal import logger
from sightline.models.weights import DAMAGE, load_plain
from sightline.run.folder import Run

LEARNED_FROM = ("model.weights", "training.teacher")
HELD_OUT = ("val", "calibration", "test")


def check_weights(weights: str | None, split: Split, runs_dir: Path) -> None:
    """Refuse `model.weights` that lie in a run which was trained on images held out here, by their content.

    Weights outside a run are taken as they are, with a warning where they are a checkpoint of another split.

    Raises:
        UsageError: they have seen such images.
    """
    if weights is None:
        return
    if (run := _run_of(Path(weights))) is not None:
        check_held_out(f"model.weights={weights}", run, split, runs_dir)
    elif _split_of(path_of(weights)) not in {None, split.fingerprint()}:
        logger.warning(
            "model.weights=%s is a checkpoint of a training on another split: images held out here may have trained "
            "it; give its path within the run, checkpoints/best.pt, to have that checked",
            weights,
        )


def check_held_out(named: str, run: Run, split: Split, runs_dir: Path) -> None:
    """Refuse a run that was trained on images held out here: it would pass on their labels.

    The same goes for the runs that it started from or was taught by, as far as they are still there.

    Args:
        named: the key that names the run, and its value.
        run: to learn from.
        split: of the training.
        runs_dir: where a run's own teacher may be.

    Raises:
        UsageError: it has seen such images.
    """
    for origin in _with_origins(run, runs_dir):
        who = named if origin.path == run.path else f"{named} goes back to {origin.path}, which"
        theirs = load_split(origin)
        seen = {theirs.hashes[position] for position in theirs.positions("train").tolist()}
        for role in HELD_OUT:
            shared = [split.ids[place] for place in split.positions(role).tolist() if split.hashes[place] in seen]
            if shared:
                raise UsageError(
                    f"{who} was trained on {len(shared)} images that are in the {role} split here ({shared[0]}); "
                    "train it with the same data.split_seed and fractions"
                )


def _with_origins(run: Run, runs_dir: Path) -> Iterator[Run]:
    """The run, those whose weights or answers it learned from, theirs, and so on; each once."""
    waiting, known = [run], set()
    while waiting:
        one = waiting.pop(0)
        if one.path not in known:
            known.add(one.path)
            yield one
            waiting += _origins(one, runs_dir)


def _origins(run: Run, runs_dir: Path) -> Iterator[Run]:
    """What the configuration of a run says it learned from, where it is still there."""
    content = flatten(load(run.path / "config.yaml"))
    weights, teacher = (None if content.get(key) is None else str(content[key]) for key in LEARNED_FROM)
    if weights is not None:
        if (origin := _run_of(Path(weights))) is not None:
            yield origin
        elif not path_of(weights).exists():
            _warn(run, weights)
    if teacher is not None:
        if (teaching := _run_called(teacher, runs_dir)) is not None:
            yield teaching
        else:
            _warn(run, teacher)


def _warn(run: Run, origin: str) -> None:
    logger.warning("%s learned from %s, which is not to be found: what that had seen is not checked", run.path, origin)


def _run_called(name: str, runs_dir: Path) -> Run | None:
    """The run of that name, unless it is gone, or was the latest of another day."""
    try:
        return None if name == "latest" else Run.open(name, runs_dir)
    except UsageError:
        return None


def _split_of(weights: Path) -> object:
    """The fingerprint of the split that a checkpoint of ours was trained on; None for other weights."""
    if weights.suffix == ".safetensors":
        return None
    try:
        content = load_plain(weights)
    except (OSError, *DAMAGE):  # `models.weights` says what is wrong with it
        return None
    return content.get("split") if isinstance(content, dict) else None


def _run_of(weights: Path) -> Run | None:
    """The run whose checkpoint a file is."""
    folder = path_of(weights).resolve().parent.parent
    return Run(folder) if all((folder / name).is_file() for name in ("config.yaml", "split.json")) else None
