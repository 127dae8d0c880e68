"""What a run scores on each image by a column, from the files that mode `robustness` wrote."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from sightline.config.columns import CLEAN, GROUNDS, MEAN, MOVES, NOISES, WORST, Column
from sightline.errors import UsageError
from sightline.metrics.documents.attacks import Attacks
from sightline.run.folder import Run
from sightline.run.origin import MADE_FROM
from sightline.run.stored import damaged
from sightline.stages.columns.measured import Arrays, Measured
from sightline.stages.conditions import attacking
from sightline.stages.conditions.question import SCORES, Key, file_of, pixels_of

VERSION: Final = "version"
"""Of the code that makes pixels or attacks, beside the keys of a command."""


@dataclass(frozen=True)
class Scores:
    """What a run scores by a column.

    Attributes:
        run: which.
        ids: (n,) of the images.
        scores: (n, conditions) from 0 to 1; NaN of an image without a truth.
        question: by key of the command, how they were measured: of runs with the same, on the same pixels.
        files: that they were read from, within the run.
        looks: what the ledger knows these answers by.
    """

    run: Run
    ids: NDArray[np.str_]
    scores: NDArray[np.float64]
    question: Mapping[str, object]
    files: Sequence[str]
    looks: Sequence[Arrays]

    def at(self, rows: NDArray[np.int64]) -> Self:
        """Those of some images, in this order."""
        return replace(self, ids=self.ids[rows], scores=self.scores[rows])


def scores_of(measured: Measured, column: Column) -> Scores:
    """What a run scores by a column that it has, of a target that it has.

    Raises:
        UsageError: a file is missing, of other weights, or of another command than `robustness.json`; or a check of the
            attacks has failed.
        RunFailedError: a file is damaged.
    """
    return _under_attacks(measured, column) if column.of_attacks else _under_conditions(measured, column)


def _under_conditions(measured: Measured, column: Column) -> Scores:
    keys = measured.keys_of(column)
    files = [file_of(key) for key in keys]
    found = [measured.arrays(file) for file in files]
    question = {"robustness.split": measured.split, **_asked(measured, column, keys)}
    for key, arrays in zip(keys, found, strict=True):
        question[VERSION] = _version(measured, arrays, "pixels", _pixels(measured, key))
    ids = found[0]["ids"]
    n = measured.found["n"] if measured.attacks is None or column.name not in NOISES else measured.attacks["n"]
    if len(ids) != n or not all(np.array_equal(arrays["ids"], ids) for arrays in found):
        raise measured.mixed()
    name = f"{column.target}.{SCORES}"
    for file, arrays in zip(files, found, strict=True):
        scores = arrays[name]
        if scores.shape != ids.shape or not ((scores >= 0) & (scores <= 1) | np.isnan(scores)).all():
            raise damaged(measured.run.path, file, f"{name} is no share for each image")
    each = np.stack([arrays[name] for arrays in found], axis=1)
    return Scores(measured.run, ids, each, question, files, [_look(arrays) for arrays in found])


def _under_attacks(measured: Measured, column: Column) -> Scores:
    """An image scores 1 where it is right as it is and no attack of the column breaks it, else 0."""
    about = measured.attacks
    assert about is not None, "the run has this column"
    _check_trust(measured, about, column)
    used = [one for one in about["attacks"] if column.name in {WORST, one["name"]}]
    files = [attacking.file_of(one["name"]) for one in used]
    found = [measured.arrays(file) for file in files]
    question: dict[str, object] = {"robustness.split": measured.split}
    if column.name == WORST:
        question["robustness.attacks"] = [one["name"] for one in used]
    ball = (about["norm"], about["budget"], about["seed"])
    question |= dict(zip(("robustness.norm", "robustness.budget", "robustness.seed"), ball, strict=True))
    ids = found[0]["all_ids"]
    right = np.isin(ids, found[0]["ids"])
    robust = right.copy()
    for one, arrays in zip(used, found, strict=True):
        question |= {f"robustness.{key}": count for key, count in one["effort"].items()}
        asked = attacking.question_of(measured.split, *ball, [one["name"], one["effort"]])
        question[VERSION] = _version(measured, arrays, "asked", asked)
        same = np.array_equal(arrays["all_ids"], ids) and np.array_equal(arrays["ids"], ids[right])
        if not same or len(ids) != about["n"] or len(arrays["fooled"]) != right.sum():
            raise measured.mixed()
        robust[right] &= ~arrays["fooled"].astype(bool)
    clean = _look(measured.arrays(file_of((CLEAN, 0))))
    looks = [attacking.look_at({**clean, "ids": ids}, arrays["asked"]) for arrays in found]
    return Scores(measured.run, ids, robust[:, None].astype(np.float64), question, [*files, attacking.CHECKS], looks)


def _asked(measured: Measured, column: Column, keys: Sequence[Key]) -> dict[str, object]:
    """By key of the command, what the pixels of a column hang on beside the split."""
    about, attacks = measured.corruptions, measured.attacks
    if column.name == CLEAN:
        return {}
    if column.name in MOVES:
        return {f"robustness.{column.name}s": [size for _, size in keys]}
    if column.name in GROUNDS:
        return {"robustness.seed": about["seed"]}
    if column.name in NOISES:
        assert attacks is not None, "the run has this column"
        return {f"robustness.{key}": attacks[key] for key in ("norm", "budget", "seed")}
    of_all = {"robustness.corruptions": list(dict.fromkeys(name for name, _ in keys))} if column.name == MEAN else {}
    severities = [column.size] if column.size else list(about["severities"])
    return {
        **of_all,
        "robustness.severities": severities,
        "robustness.seed": about["seed"],
        "robustness.constants": about["constants"],
    }


def _pixels(measured: Measured, key: Key) -> list[object]:
    """What the pixels of a condition hang on, as `robustness.json` tells."""
    about, attacks = measured.corruptions, measured.attacks
    ball = (None, None) if attacks is None else (attacks["norm"], attacks["budget"])
    return pixels_of(key, measured.split, about["seed"], about["constants"], *ball)


def _check_trust(measured: Measured, about: Attacks, column: Column) -> None:
    """Refuse robust accuracies of which a check has failed.

    Raises:
        UsageError: one has.
    """
    if not about["trusted"]:
        failed = "; ".join(check["seen"] for check in about["checks"] if not check["holds"])
        raise UsageError(
            f"compare.metric={column}: no robust accuracy of {measured.run.path} can be trusted: checks of its attacks "
            f"failed. {failed}"
        )


def _version(measured: Measured, arrays: Arrays, name: str, question: Sequence[object]) -> object:
    """Of the code that made a file, if the file answers the question that `robustness.json` tells of."""
    try:
        version, *asked = json.loads(str(arrays[name].reshape(-1)[0]))
    except (ValueError, TypeError, IndexError):
        raise measured.mixed() from None
    if asked != list(question):
        raise measured.mixed()
    return version


def _look(arrays: Arrays) -> Arrays:
    """What mode `robustness` told the ledger of a condition."""
    return {"pixels": arrays["pixels"], "ids": arrays["ids"], "weights": arrays[MADE_FROM]}
