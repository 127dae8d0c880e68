"""A picture of what each corruption makes of an image."""

import numpy as np
import torch
from numpy.typing import NDArray

from sightline.reporting import figures
from sightline.reporting.sections.robustness import name_of
from sightline.robustness.corruptions.corrupt import corrupt
from sightline.stages.conditions.subject import Subject


def sheet(subject: Subject) -> bytes:
    """The first image under every corruption, PNG."""
    asked, loader = subject.config.robustness, subject.loader
    position = loader.positions[:1]
    ids = [loader.dataset.split.ids[position[0]]]
    pixels, sizes = loader.dataset.store.batch(loader.dataset.rows[position])
    image = loader.transform.square(pixels, sizes)
    corrupted = {
        name_of(name): [
            _picture(corrupt(image, ids, name, severity, seed=asked.seed, constants=subject.question.constants))
            for severity in asked.severities
        ]
        for name in asked.corruptions
    }
    return figures.corruptions(_picture(image), corrupted, asked.severities)


def _picture(images: torch.Tensor) -> NDArray[np.uint8]:
    picture: NDArray[np.uint8] = images[0].permute(1, 2, 0).numpy()
    return picture
