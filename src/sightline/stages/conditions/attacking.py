"""The attacks on a run's classifier, each kept in a file of its own, and the checks of what they found."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from sightline.config.adversarial import WHITE
from sightline.config.robustness import RobustnessConfig
from sightline.config.schema import Config
from sightline.data.loaders import EvalLoader
from sightline.data.targets import LABEL, MISSING
from sightline.inference.loaded_run import LoadedRun
from sightline.inference.predict import predict
from sightline.machine.signals import check_stop
from sightline.machine.terminal import logger
from sightline.metrics.documents.attacks import Attacks
from sightline.metrics.predictions import Predictions
from sightline.robustness.attacks.attack import Effort
from sightline.robustness.attacks.ball import Ball
from sightline.robustness.attacks.checks.check import Check
from sightline.robustness.attacks.checks.checks import CHECKED, all_results_checks, sample_checks
from sightline.robustness.attacks.checks.of_effort import noise_checks
from sightline.robustness.attacks.items import Attacked, Items, Setting, attacked_in_memory
from sightline.robustness.attacks.pixel_model import PixelModel, from_bytes
from sightline.robustness.attacks.robust_accuracy import noise_scores, scores, worst
from sightline.robustness.attacks.table import ATTACKS
from sightline.run.folder import Run
from sightline.run.origin import MADE_FROM, SOURCES, as_array, origin_of
from sightline.run.stored import DamagedFileError
from sightline.stages.conditions.changed import squares_of
from sightline.stages.conditions.noisy import noise_key, under_noise
from sightline.stages.conditions.question import CLEAN
from sightline.stages.conditions.subject import Subject
from sightline.tasks.classification.shift import LogitsCollector

Arrays = Mapping[str, NDArray[Any]]

BATCH: Final = 64
"""Images at once at most: gradients hold what every layer gave."""
VERSION: Final = 1
"""Of what attacks and checks do; what an earlier one found is found anew."""


def file_of(attack: str) -> str:
    """The file of an attack, within a run."""
    return f"robustness/attack_{attack}.npz"


CHECKS: Final = file_of("checks")


def question_of(split: str, norm: str, budget: float, seed: int, asked: Sequence[object]) -> list[object]:
    """What the numbers of an attack hang on, besides the version of the code: last its name and its effort."""
    return [split, norm, budget, seed, *asked]


def under_attack(subject: Subject) -> Attacks:
    """Attack some images of `robustness.split`; what an earlier command found of the same question stays.

    Args:
        subject: a classifier with one label an image.
    """
    asked, attacked_ones = subject.config.robustness, _attacked(subject)
    way = _Attacking(subject.config, subject.run, subject.loaded, attacked_ones.loader)
    found: dict[str, Attacked] = {name: way.found(name) for name in asked.attacks}
    fooled = {name: one.fooled for name, one in found.items()}
    noise = {name: np.equal(scores, 1) for name, scores in under_noise(attacked_ones, way.ball).items()}
    broken = {name: ~stays[way.right] for name, stays in noise.items()}
    results = all_results_checks(found, way.ball, 3 * subject.side**2)
    checks = [*way.sample_checks(), *results, *noise_checks(broken, fooled)]
    resampling = attacked_ones.resampling
    return {
        "norm": asked.norm,
        "budget": asked.budget,
        "seed": asked.seed,
        "n": len(way.right),
        "right": int(way.right.sum()),
        "accuracy": resampling.share(way.right).to_json(),
        "noise": noise_scores(way.right, noise, resampling),
        "attacks": scores(way.right, fooled, way.effort, resampling),
        "worst": worst(way.right, fooled, resampling),
        "checks": [{"name": check.name, "holds": bool(check.holds), "seen": check.seen} for check in checks],
        "trusted": all(check.holds for check in checks),
    }


def attack_questions(subject: Subject) -> list[Arrays]:
    """What each attack and each noise is asked, for the ledger: the answers follow from it."""
    asked, question = subject.config.robustness, _attacked(subject).question
    effort = Effort(asked.steps, asked.restarts, asked.queries)
    clean = question.named((CLEAN, 0))
    noise = [question.named(noise_key(name)) for name in asked.noise]
    return [*noise, *(look_at(clean, _asked(asked, [name, ATTACKS[name].effort(effort)])) for name in asked.attacks)]


def look_at(clean: Arrays, asked: NDArray[np.str_]) -> Arrays:
    """What the ledger knows the answers to an attack by.

    Args:
        clean: what it knows those to the attacked images by, as they are.
        asked: (1,) of the attack, as its file holds it.
    """
    return {**clean, "attack": asked}


def _asked(asked: RobustnessConfig, what: Sequence[object]) -> NDArray[np.str_]:
    """(1,) the question that a file of attacks answers."""
    how = [VERSION, *question_of(asked.split, asked.norm, asked.budget, asked.seed, what)]
    return np.array([json.dumps(how)])


def _attacked(subject: Subject) -> Subject:
    """The same on the images that are attacked."""
    asked, loader = subject.config.robustness, subject.loader
    most = asked.attacked if asked.items is None else min(asked.attacked, asked.items)
    return subject.among(replace(loader, most=most, batch_size=min(loader.batch_size, BATCH)))


@dataclass(frozen=True)
class _Attacking:
    """A run's classifier, the images that are attacked, and how."""

    config: Config
    run: Run
    loaded: LoadedRun
    loader: EvalLoader

    @property
    def ball(self) -> Ball:
        """The budget."""
        return Ball(self.config.robustness.norm, self.config.robustness.budget / WHITE)

    @property
    def effort(self) -> Effort:
        """Of every attack."""
        asked = self.config.robustness
        return Effort(asked.steps, asked.restarts, asked.queries)

    @cached_property
    def model(self) -> PixelModel:
        """The classifier with normalisation inside."""
        return PixelModel(self.loaded.model, self.loaded.preprocessing.transform().normalise)

    @cached_property
    def clean(self) -> Predictions:
        """What it says of the images as they are, on the way of evaluation."""
        return predict(self.loaded.model, self.loader, LogitsCollector())

    @cached_property
    def right(self) -> NDArray[np.bool_]:
        """(n,) which of them it has right."""
        found: NDArray[np.bool_] = np.equal(self.clean.logits.argmax(axis=1), self.clean.labels)
        return found

    def found(self, name: str) -> Attacked:
        """What an attack makes of the images that are right."""
        listed = ATTACKS[name]
        setting = Setting(listed.attack, self.ball, self.effort, self.config.robustness.seed)

        def make() -> Arrays:
            logger.info("robustness: %s on %d images", listed.label, int(self.right.sum()))
            found, row, parts = [], 0, 1
            for items in self._items(self.loader):
                rows = np.flatnonzero(self.right[row : row + len(items)])
                row += len(items)
                of_batch, parts = attacked_in_memory(self.model, items.at(torch.from_numpy(rows)), setting, parts)
                found.append(of_batch)
            return asdict(Attacked.joined(found))

        arrays = self._kept(file_of(name), [name, listed.effort(self.effort)], make)
        return Attacked(*(arrays[one.name] for one in fields(Attacked)))

    def sample_checks(self) -> list[Check]:
        """Checks on a few of the images."""

        def make() -> Arrays:
            logger.info("robustness: checks of the attacks")
            items = self._few(CHECKED)
            some, seed = items.at(torch.nonzero(items.truth != MISSING)[:, 0]), self.config.robustness.seed
            return {"checks": np.array([json.dumps(sample_checks(self.model, some, self.ball, self.effort, seed))])}

        arrays = self._kept(CHECKS, [CHECKED, asdict(self.effort)], make)
        return [Check(*one) for one in json.loads(str(arrays["checks"][0]))]

    def _few(self, most: int) -> Items:
        """So many of the images at most, evenly taken of those that are attacked."""
        count = min(most, len(self.clean))
        chosen, row, parts = np.arange(count) * len(self.clean) // count, 0, []
        for items in self._items(self.loader):
            here = chosen[(chosen >= row) & (chosen < row + len(items))] - row
            row += len(items)
            parts.append(items.at(torch.from_numpy(here)))
        return Items.joined(parts)

    def _items(self, loader: EvalLoader) -> Iterator[Items]:
        """Images of a loader, batch by batch, beside what `clean` has of them."""
        rows = {name: row for row, name in enumerate(self.clean.ids.tolist())}
        names = loader.dataset.split.ids
        for batch in loader:
            check_stop()
            ids = [names[position] for position in batch.positions]
            at = [rows[name] for name in ids]
            pixels = squares_of(batch.images, self.loaded.preprocessing)
            logits, truth = torch.from_numpy(self.clean.logits[at]), torch.from_numpy(self.clean.labels[at])
            images = from_bytes(pixels.contiguous()).to(batch.images.device)
            yield Items(ids, images, batch.targets[LABEL], logits, truth)

    def _kept(self, file: str, asked: list[object], make: Callable[[], Arrays]) -> Arrays:
        """What an earlier command found if it asked the same of the same weights, else what is made now."""
        question = {
            "asked": _asked(self.config.robustness, asked),
            "ids": self.clean.ids[self.right],
            "all_ids": self.clean.ids,
            MADE_FROM: as_array(origin_of(self.run, *SOURCES)),
        }
        if self.run.has(file):
            try:
                arrays = self.run.load_arrays(file)
                if all(np.array_equal(arrays.get(key, np.zeros(0)), value) for key, value in question.items()):
                    return arrays
            except DamagedFileError as error:
                logger.warning("%s; it is made anew", error.fault)
        made = {**make(), **question}
        self.run.save_arrays(file, **made)
        return made
