"""Export without its slow part: what would be written to a file is asked as it is."""

from types import ModuleType

import numpy as np
import pytest
import torch

from sightline.inference.export import photos
from sightline.inference.export.graph import STEPS, ExportedClassifier


class Eager:
    """The module itself, as a file of it would answer."""

    def __init__(self, model: ExportedClassifier) -> None:
        self.model = model

    def steps(self, images: np.ndarray) -> dict[str, np.ndarray]:
        with torch.no_grad():
            return {
                step: value.numpy() for step, value in zip(STEPS, self.model(torch.from_numpy(images)), strict=True)
            }

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        return self.steps(images)[STEPS[-1]]


def install(patch: pytest.MonkeyPatch, stage: ModuleType) -> None:
    """Have the stage write a few bytes for the model, and judge it on photos of two sizes."""
    kept: list[ExportedClassifier] = []
    patch.setattr(photos, "SHAPES", ((33, 33), (97, 47)))
    patch.setattr(stage, "program_of", kept.append)
    patch.setattr(stage, "onnx_content", lambda *_: b"whole")
    patch.setattr(stage, "OnnxModel", lambda _: Eager(kept[-1]))
