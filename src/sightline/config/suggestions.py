"""Suggestions for a mistyped name."""

from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from typing import Final

ELSEWHERE: Final[Mapping[str, str]] = {
    "learning_rate": "optimizer.lr",
    "num_epochs": "training.epochs",
    "num_workers": "data.workers",
    "imgsz": "image_size",
    "dropout": "model.drop_rate",
    "path": "data.root",
    "dir": "data.root",
    "folder": "data.root",
    "dataset": "data",
    "arch": "model",
    "checkpoint": "model.weights",
}
"""What other programs call a key."""
VALUES_ELSEWHERE: Final[Mapping[str, str]] = {"gpu": "cuda", "nvidia": "cuda", "metal": "mps"}
"""What other programs call a value."""
MOST: Final = 3
"""Keys of one name that are suggested together."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean X?` for the nearest known name, or nothing where none is near."""
    names, elsewhere = list(known), VALUES_ELSEWHERE.get(word.lower())
    near = [elsewhere] if elsewhere in names else get_close_matches(word, names, n=1, cutoff=0.6)
    return f"; did you mean {near[0]}?" if near else ""


def did_you_mean_key(key: str, known: Iterable[str]) -> str:
    """The same for a dotted key, the last part of which counts most: `batch_size` is `training.batch_size`."""
    found = _meant(key, [name for name in known if name != key and not name.startswith("sweep.space.")])[:MOST]
    return f"; did you mean {' or '.join(found)}?" if found else ""


def _meant(key: str, known: Collection[str]) -> list[str]:
    """Keys of its last part, a like-named one beside it, those of a like name elsewhere, or the nearest of all."""
    parent, _, name = key.lower().replace("-", "_").rpartition(".")
    last = {other: other.rpartition(".")[2] for other in known}
    if same := [other for other in known if last[other] == name]:
        return same
    beside = {last[other]: other for other in known if other.rpartition(".")[0] == parent}
    if near := get_close_matches(name, beside, n=1, cutoff=0.6):
        return [beside[near[0]]]
    if ELSEWHERE.get(name) in known:
        return [ELSEWHERE[name]]
    near = get_close_matches(name, set(last.values()), n=1, cutoff=0.8)
    return [other for other in known if last[other] in near] or get_close_matches(key, known, 1, 0.8)
