"""Runs that look as if mode `robustness` had measured them: its own writers, but no model was asked."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sightline.cli import configure
from sightline.config import parse
from sightline.config.columns import GROUNDS, MOVES
from sightline.config.robustness import RobustnessConfig
from sightline.config.schema import Config
from sightline.data.splits.split import Split
from sightline.data.targets import LABEL, MASK, ClassTarget, MaskHashes
from sightline.metrics.intervals.resampling import Resampling
from sightline.metrics.predictions import Predictions
from sightline.robustness.attacks.items import Attacked
from sightline.robustness.attacks.robust_accuracy import scores as attack_scores
from sightline.robustness.attacks.robust_accuracy import worst
from sightline.robustness.attacks.table import ATTACKS
from sightline.run.folder import Run
from sightline.run.origin import SOURCES, origin_of, save_derived
from sightline.stages.conditions import attacking
from sightline.stages.conditions.corruption_summary import summary_of
from sightline.stages.conditions.moved import move_keys
from sightline.stages.conditions.question import CLEAN, Found, Key, Question
from sightline.stages.conditions.subject import Subject

METRICS = {LABEL: "accuracy", MASK: "image_iou"}
RESAMPLING = Resampling(0.95, 100, 0)


@cache
def of_model(model: str) -> Config:
    """A configuration of mode `robustness` with few conditions."""
    words = (
        "robustness.corruptions=[fog,contrast]", "robustness.severities=[1,5]", "robustness.attacks=[fgsm,square]",
        "robustness.shifts=[1,2]", "robustness.rotations=[5]", "robustness.noise=[gaussian]",
    )  # fmt: skip
    return configure("mode=robustness", f"model={model}", *words)


@dataclass(frozen=True)
class Said:
    """What a run says.

    Attributes:
        run: the folder.
        scores: by condition and target.
        right: (n,) of the images as they are.
        robust: by attack, (n,) right under it.
    """

    run: Run
    scores: Mapping[Key, Mapping[str, np.ndarray]]
    right: np.ndarray
    robust: Mapping[str, np.ndarray]


Make = Callable[..., Said]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Makes a run that was measured."""

    def made(name: str, drawn: int, skill: float = 0.7, /, **keys: Any) -> Said:
        return measured_run(tmp_path / name, drawn, skill, **keys)

    return made


def measured_run(
    path: Path,
    drawn: int,
    skill: float,
    /,
    *,
    targets: tuple[str, ...] = (LABEL,),
    n: int = 60,
    groups: tuple[str, ...] | None = None,
    trusted: bool = True,
    reverse: bool = False,
    labels: int = 0,
    **keys: Any,
) -> Said:
    """A run of images whose scores are drawn; the keys are those of `robustness`."""
    config = of_model({(LABEL,): "cnn", (MASK,): "unet"}.get(targets, "multitask"))
    asked = config.robustness.model_copy(update=keys)
    config = config.model_copy(update={"robustness": asked})
    run, rng = Run.at(path), np.random.default_rng(drawn)
    run.save_text("config.yaml", parse.to_yaml(config))
    run.save_bytes("checkpoints/best.pt", f"weights {drawn}".encode())
    save_split(run, n, targets, groups, labels)
    ids = [f"image {index}" for index in range(n)][: asked.items]
    question = Question.of(config, run, "cifar", ids[::-1] if reverse else ids)
    keys_of = [(CLEAN, 0), *((name, level) for name in asked.corruptions for level in asked.severities)]
    found: dict[Key, Found] = {}
    for key in keys_of:
        each = {target: drawn_scores(rng, target, len(ids), skill - 0.05 * key[1]) for target in targets}
        about: Any = {"corruption": key[0], "severity": key[1], "metrics": {}}
        found[key] = Found(dict.fromkeys(targets, about), each)
        Subject(config, run, None, None, None, question).kept(found[key], key)  # type: ignore[arg-type]
    content: dict[str, Any] = {
        "split": asked.split,
        "n": len(ids),
        "corruptions": {
            "constants": "cifar", "side": 8, "seed": asked.seed, "severities": list(asked.severities), "notes": [],
            "targets": {one: summary_of(METRICS[one], found, one, RESAMPLING, None) for one in targets},
        },
    }  # fmt: skip
    more = more_conditions(asked, targets)
    others = np.random.default_rng(drawn + 1000)
    for key, those in more.items():
        about = {"corruption": key[0], "severity": key[1], "metrics": {}}
        each = {target: moved_scores(others, key, target, len(ids)) for target in those}
        found[key] = Found(dict.fromkeys(those, about), each)
        Subject(config, run, None, None, None, question).kept(found[key], key)  # type: ignore[arg-type]
    of_moves = [{"corruption": key[0], "severity": key[1], "metrics": {}} for key in move_keys(asked)]
    content["moves"] = {target: {"conditions": of_moves} for target in targets}
    if len(targets) > 1:
        content["backgrounds"] = {"seed": asked.seed}
    right = next(iter(found[CLEAN, 0].scores.values())) == 1
    robust = {}
    if targets != (LABEL,):
        content["left_out"] = "Attacks are for a classifier with one label an image."
    elif asked.attacks:
        fooled = {name: rng.random(int(right.sum())) < 0.5 for name in asked.attacks}
        content["attacks"] = attacks_of(config, run, question, right, fooled, trusted)
        content["attacks"]["noise"] = [{"name": name} for name in asked.noise]
        content["trusted"] = trusted
        for name, flags in fooled.items():
            robust[name] = right.copy()
            robust[name][right] = ~flags
    save_derived(run, "robustness.json", content, origin_of(run, *SOURCES))
    return Said(run, {key: one.scores for key, one in found.items()}, right, robust)


def more_conditions(asked: RobustnessConfig, targets: tuple[str, ...]) -> dict[Key, tuple[str, ...]]:
    """Those beside corruptions, and the targets that have scores there."""
    found: dict[Key, tuple[str, ...]] = dict.fromkeys(move_keys(asked), targets)
    if targets == (LABEL,):
        found |= {(f"noise_{name}", 0): (LABEL,) for name in asked.noise}
    if len(targets) > 1:
        found |= {("background_same", 0): (LABEL,), ("background_rand", 0): (LABEL,)}
    return found


def moved_scores(rng: np.random.Generator, key: Key, target: str, n: int) -> np.ndarray:
    """Shares of ways that are right for a move of a label, else as `drawn_scores`; the first image has no partner."""
    if target == LABEL and key[0] in MOVES:
        return rng.integers(0, 5, n) / 4
    found = drawn_scores(rng, target, n, 0.6)
    if key[0] in GROUNDS:
        found[0] = np.nan
    return found


def save_split(run: Run, n: int, targets: tuple[str, ...], groups: tuple[str, ...] | None, labels: int) -> None:
    """Images of val, half of each class."""
    ids = tuple(f"image {index}" for index in range(n))
    classes = ClassTarget((np.arange(n) + labels) % 2, ("cat", "dog"))
    masks = MaskHashes(tuple(f"mask {name}" for name in ids), ("sky", "road"), 255)
    known = {LABEL: classes, MASK: masks}
    chosen = {target: known[target] for target in targets}
    roles = np.full(n, "val")
    run.save_json(
        "split.json", Split(ids, tuple(f"pixels of {one}" for one in ids), chosen, groups, roles, 0).to_json()
    )


def drawn_scores(rng: np.random.Generator, target: str, n: int, skill: float) -> np.ndarray:
    """Right or wrong, or an IoU; of a mask the first image has none that counts."""
    if target == LABEL:
        return (rng.random(n) < skill).astype(np.float64)
    found = rng.beta(8 * skill, 8 * (1 - skill), n)
    found[0] = np.nan
    return found


def attacks_of(
    config: Config, run: Run, question: Question, right: np.ndarray, fooled: Mapping[str, np.ndarray], trusted: bool
) -> dict[str, Any]:
    """The files of attacks, and what `robustness.json` holds of them."""
    asked = config.robustness
    logits = np.stack([right, ~right], axis=1).astype(np.float32)
    way = attacking._Attacking(config, run, None, None)  # type: ignore[arg-type]
    vars(way)["clean"] = Predictions(question.ids, logits, np.zeros(len(right), dtype=np.int64))
    for name, flags in fooled.items():
        none = np.zeros(len(flags))
        attacked = Attacked(flags, none, none, none, none, none)
        way._kept(attacking.file_of(name), [name, ATTACKS[name].effort(way.effort)], lambda one=attacked: asdict(one))
    way._kept(attacking.CHECKS, [], lambda: {"checks": np.array(["[]"])})
    return {
        "norm": asked.norm, "budget": asked.budget, "seed": asked.seed, "n": len(right), "right": int(right.sum()),
        "accuracy": RESAMPLING.share(right).to_json(),
        "attacks": attack_scores(right, fooled, way.effort, RESAMPLING), "worst": worst(right, fooled, RESAMPLING),
        "checks": [{"name": "no_gradient", "holds": trusted, "seen": "gradients are there for 3 of 64 images"}],
        "trusted": trusted,
    }  # fmt: skip
