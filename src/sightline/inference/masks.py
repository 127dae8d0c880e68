"""From logits of every pixel to the predictions that are kept of masks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sightline.metrics.segmentation.predictions import MaskPredictions
from sightline.models.outputs import Outputs, only_tensor


@dataclass(frozen=True)
class MaskCollector:
    """Counts the pixels of each image, and samples some of them.

    Which pixels of an image are sampled follows from the seed and the image's id alone, so that neither the size of a
    batch nor the order of the images changes it.

    Attributes:
        target: the name of the masks among the targets.
        ignore_index: the label of pixels that count for nothing; all others are below the number of classes.
        pixels: how many are sampled of an image, at most.
        seed: of the sampling.
    """

    target: str
    ignore_index: int
    pixels: int
    seed: int

    def forward(self, model: nn.Module, images: Tensor) -> Outputs:
        """Logits of every pixel."""
        logits: Tensor = model(images)
        return logits

    def collect(self, ids: Sequence[str], outputs: Outputs, targets: Mapping[str, Tensor]) -> MaskPredictions:
        """The predictions of a batch, from logits (B, classes, H, W) and masks (B, H, W)."""
        images = zip(ids, only_tensor(outputs), targets[self.target], strict=True)
        return self.joined([self._of_image(*image) for image in images])

    def joined(self, parts: Sequence[MaskPredictions]) -> MaskPredictions:
        """The images of several parts, one after the other."""
        return MaskPredictions.joined(parts)

    def _of_image(self, name: str, logits: Tensor, mask: Tensor) -> MaskPredictions:
        classes, labels = len(logits), mask.flatten().long()
        counted = labels != self.ignore_index
        pairs = labels[counted] * classes + logits.argmax(dim=0).flatten()[counted]
        confusion = torch.bincount(pairs, minlength=classes**2).view(1, classes, classes)
        chosen = self._sampled(name, np.flatnonzero(counted.cpu().numpy()))
        places = torch.from_numpy(chosen).to(logits.device)
        return MaskPredictions(
            ids=np.array([name]),
            confusions=confusion.cpu().numpy(),
            ignored=np.array([int((~counted).sum())]),
            pixel_logits=logits.flatten(1)[:, places].T.float().cpu().numpy(),
            pixel_labels=labels[places].cpu().numpy(),
            pixel_images=np.zeros(len(chosen), dtype=np.int64),
        )

    def _sampled(self, name: str, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Some of these places, ascending."""
        number = int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big")
        rng = np.random.default_rng([self.seed, number])
        chosen = rng.choice(len(places), min(self.pixels, len(places)), replace=False, shuffle=False)
        return places[np.sort(chosen)]
