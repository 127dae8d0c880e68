"""A classifier under random noise as large as the budget of the attacks."""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from sightline.config.robustness import NoiseName
from sightline.data.targets import LABEL
from sightline.machine.terminal import logger
from sightline.robustness.attacks.ball import Ball
from sightline.robustness.attacks.noise import NOISES, noisy_bytes
from sightline.stages.conditions.changed import ChangedLoader
from sightline.stages.conditions.question import NOISE, Key
from sightline.stages.conditions.subject import Subject


def noise_key(name: NoiseName) -> Key:
    """The condition of a kind of noise."""
    return f"{NOISE}_{name}", 0


def under_noise(subject: Subject, ball: Ball) -> dict[NoiseName, NDArray[np.float64]]:
    """(n,) by kind of noise, whether each image is right under it; what an earlier command found stays.

    Args:
        subject: a classifier, on the images that are attacked.
        ball: of the attacks.
    """
    asked = subject.config.robustness
    found = {}
    for name in asked.noise:
        key = noise_key(name)
        before = subject.stored(key)
        if before is None:
            logger.info("robustness: %s on %d images", NOISES[name].label, len(subject.question.ids))
            change = partial(noisy_bytes, name=name, ball=ball, seed=asked.seed)
            before = subject.measured(ChangedLoader(subject.loader, subject.loaded.preprocessing, change), key)
        found[name] = before.scores[LABEL]
    return found
