"""What goes into an exported file: every step from pixels to probabilities."""

from typing import Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from sightline.data.preprocessing import Preprocessing
from sightline.inference.export.resizing import CropResize
from sightline.models.outputs import only_tensor

STEPS: Final = ("bytes", "resize", "normalise", "network", "temperature")
"""What an answer is made of, in order."""
SIZES: Final = {0: Dim("n", min=1), 1: Dim("height", min=1), 2: Dim("width", min=1)}
"""Of what a file takes: all but the channels is free."""


class ExportedClassifier(nn.Module):
    """uint8 (n, h, w, 3) to what each of `STEPS` gives, the last of which are probabilities (n, classes) in float32.

    Args:
        network: normalised images to logits, on the CPU and in eval mode.
        seen: what happens to an image before.
        temperature: what logits are divided by before softmax.
    """

    factor: Tensor
    shift: Tensor

    def __init__(self, network: nn.Module, seen: Preprocessing, temperature: float) -> None:
        super().__init__()
        self.resize = CropResize(seen)
        self.network = network
        self.temperature = temperature
        mean, std = (np.array(values)[:, None, None] for values in (seen.mean, seen.std))
        self.register_buffer("factor", torch.from_numpy((1 / (255 * std)).astype(np.float32)))
        self.register_buffer("shift", torch.from_numpy((-mean / std).astype(np.float32)))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """What each step gives."""
        pixels = images.permute(0, 3, 1, 2).double()
        squares = self.resize(pixels)
        normalised = squares.float() * self.factor + self.shift
        logits = only_tensor(self.network(normalised)).float()
        probabilities = (logits.double() / self.temperature).softmax(dim=1).float()
        return pixels, squares, normalised, logits, probabilities


def program_of(model: ExportedClassifier) -> ExportedProgram:
    """The model as a graph for any number of images of any size."""
    side = model.resize.side
    example = torch.zeros(2, side + 5, side + 9, 3, dtype=torch.uint8)
    with torch.no_grad():
        return torch.export.export(model, (example,), dynamic_shapes={"images": SIZES})
