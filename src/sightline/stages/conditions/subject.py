"""What is measured under each condition: a run's model on some of its images."""

import json
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

import numpy as np

from sightline.config.schema import Config
from sightline.data.loaders import EvalLoader
from sightline.errors import UsageError
from sightline.inference.collector import Collector
from sightline.inference.loaded_run import LoadedRun
from sightline.inference.model import group_codes_of
from sightline.inference.predict import Batches, predict
from sightline.inference.tiles import whole_answers
from sightline.machine.signals import check_stop
from sightline.machine.terminal import logger
from sightline.metrics.documents.robustness import Condition
from sightline.metrics.intervals.resampling import Resampling
from sightline.robustness.corruptions.constants import constants_for
from sightline.run.folder import Run
from sightline.run.origin import MADE_FROM, as_array
from sightline.run.stored import DamagedFileError
from sightline.stages.conditions.question import SCORES, Found, Key, Question, file_of, found_in, text_of
from sightline.tasks.results import Shift, Shifted
from sightline.tasks.task import Task

P = TypeVar("P")


@dataclass(frozen=True)
class Subject:
    """A run's model, and the images that it is measured on under each condition.

    Attributes:
        config: of the command.
        run: whose model it is.
        loaded: the model and its images, those of the test split unlocked where they are asked for.
        loader: of the images as they are.
        shift: how the task measures them.
        question: what is asked.
    """

    config: Config
    run: Run
    loaded: LoadedRun
    loader: EvalLoader
    shift: Shift
    question: Question

    @classmethod
    def open(cls, config: Config, run: Run, task: Task) -> "Subject":
        """The images that `robustness` asks for.

        Raises:
            UsageError: the split has none.
        """
        asked = config.robustness
        loaded = LoadedRun.open(run, config, task.heads, test_unlocked=asked.split == "test")
        loader = replace(loaded.loader(asked.split), most=asked.items)
        if not len(loader.positions):
            raise UsageError(f"{run.path} has no {asked.split} split; robustness.split takes val or test")
        constants = constants_for(side_of(loaded)) if asked.constants == "auto" else asked.constants
        question = Question.of(config, run, constants, [loader.dataset.split.ids[one] for one in loader.positions])
        return cls(config, run, loaded, loader, task.shift(config, run, asked.split), question)

    def among(self, loader: EvalLoader) -> "Subject":
        """The same on fewer of the images."""
        ids = np.array([loader.dataset.split.ids[one] for one in loader.positions])
        return replace(self, loader=loader, question=replace(self.question, ids=ids))

    @cached_property
    def resampling(self) -> Resampling:
        """How sure limits over the images are, and which images belong together."""
        evaluation = self.config.evaluation
        groups = group_codes_of(self.run, self.config.robustness.split, self.question.ids)
        return Resampling(evaluation.level, evaluation.resamples, self.config.seed, groups)

    @property
    def side(self) -> int:
        """Pixels of the shorter side of what the model sees."""
        return side_of(self.loaded)

    def answers(self, batches: Batches, collector: Collector[P]) -> P:
        """What the model says of the images of some batches."""
        check_stop()
        return predict(whole_answers(self.loaded.model, self.loaded.preprocessing), batches, collector)

    def stored(self, key: Key) -> Found | None:
        """What an earlier command found under a condition, if it asked the same of the same weights."""
        if not self.run.has(file_of(key)):
            return None
        try:
            arrays = self.run.load_arrays(file_of(key))
            measured_so = text_of(arrays["measured_by"]) == self.question.measured_by()
            current = np.array_equal(arrays[MADE_FROM], as_array(self.question.origin))
            same = self.question.has_pixels(arrays, key) and measured_so and current
            return found_in(arrays) if same else None
        except DamagedFileError as error:
            logger.warning("%s; it is made anew", error.fault)
            return None

    def measured(self, batches: Batches, key: Key) -> Found:
        """Ask the model under one condition, measure its answers as the task does, and write both down."""
        answers = self.shift.measure(self.answers(batches, self.shift.collector()))
        found = Found(
            {target: _condition(key, one) for target, one in answers.items()},
            {target: one.scores for target, one in answers.items()},
        )
        return self.kept(found, key)

    def kept(self, found: Found, key: Key) -> Found:
        """Write down what was found under one condition."""
        self.run.save_arrays(
            file_of(key),
            ids=self.question.ids,
            pixels=np.array([self.question.pixels(key)]),
            measured_by=np.array([self.question.measured_by()]),
            found=np.array([json.dumps(found.targets, allow_nan=False)]),
            **{f"{target}.{SCORES}": scores for target, scores in found.scores.items()},
            **found.more,
            **{MADE_FROM: as_array(self.question.origin)},
        )
        return found


def side_of(loaded: LoadedRun) -> int:
    """Pixels of the shorter side of what a model sees."""
    seen = loaded.preprocessing
    return seen.stored_side if seen.fit == "whole" else seen.image_size


def _condition(key: Key, shifted: Shifted) -> Condition:
    condition: Condition = {"corruption": key[0], "severity": key[1], "metrics": dict(shifted.metrics)}
    if shifted.sets:
        condition["sets"] = list(shifted.sets)
    return condition
