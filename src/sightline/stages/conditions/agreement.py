"""What a model says of moved images, beside the truth and beside what it says of the images as they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sightline.data.preprocessing import Preprocessing
from sightline.data.targets import MISSING
from sightline.inference.tiles import MAPS
from sightline.metrics.segmentation.scoring import ScoredMasks
from sightline.models.outputs import Outputs, by_head
from sightline.robustness.moves import Move
from sightline.stages.conditions.changed import seen_again, squares_of

Reals = NDArray[np.float64]
OUTSIDE = -1
"""Of an answer that was moved, the pixels that it did not reach."""


@dataclass(frozen=True)
class Agreement:
    """By target, how right the answers to n images are each way, and how much of them is the answer without a move.

    Attributes:
        right: (n, ways) 0 to 1; NaN of an image without a truth.
        same: (n, ways) 0 to 1; NaN of a mask of which nothing is left in view.
    """

    right: Mapping[str, Reals]
    same: Mapping[str, Reals]


@dataclass(frozen=True)
class AgreementCollector:
    """Asks for each image as it is and each way it is moved, in one batch; see `inference.collector.Collector`.

    Attributes:
        moves: every way.
        targets: of the model.
        preprocessing: that the images went through.
        memory_format: of the images.
        ignore_index: the class id of pixels that do not count.
    """

    moves: Sequence[Move]
    targets: Sequence[str]
    preprocessing: Preprocessing
    memory_format: torch.memory_format
    ignore_index: int

    def forward(self, model: nn.Module, images: Tensor) -> Outputs:
        """The class of every image, (B, 1), or pixel, (B, 1, H, W), by target and way; way 0 is the image as it is.

        Logits of a way are gone before the next is asked for: those of masks are large.
        """
        squares = squares_of(images, self.preprocessing)
        found: dict[str, Tensor] = {}
        for way in range(1 + len(self.moves)):
            moved = images
            if way:
                moved = seen_again(self.moves[way - 1].images(squares), images, self.preprocessing)
            outputs: Outputs = model(moved.contiguous(memory_format=self.memory_format))
            heads = {self.targets[0]: outputs} if isinstance(outputs, Tensor) else outputs
            found |= {f"{target}/{way}": heads[target].argmax(dim=1, keepdim=True) for target in self.targets}
        return found

    def collect(self, ids: Sequence[str], outputs: Outputs, targets: Mapping[str, Tensor]) -> Agreement:  # noqa: ARG002
        """Of a batch."""
        right, same = {}, {}
        for target in self.targets:
            ways = [by_head(outputs)[f"{target}/{way}"] for way in range(1 + len(self.moves))]
            of_target = self._of_masks if ways[0].ndim == MAPS else _of_labels
            first, *others = (one[:, 0].long() for one in ways)  # an average over views makes floats of them
            right[target], same[target] = of_target(first, others, targets[target].long())
        return Agreement(right, same)

    def joined(self, parts: Sequence[Agreement]) -> Agreement:
        """One after the other."""
        return Agreement(
            *(
                {target: np.concatenate([getattr(part, name)[target] for part in parts]) for target in self.targets}
                for name in ("right", "same")
            )
        )

    def _of_masks(self, first: Tensor, others: Sequence[Tensor], truth: Tensor) -> tuple[Reals, Reals]:
        """Mean IoU of every image with what both the truth and the first answer become where they are moved alike."""
        pairs = list(zip(self.moves, others, strict=True))
        right = [image_ious(move.masks(truth, self.ignore_index), one, self.ignore_index) for move, one in pairs]
        same = [image_ious(move.masks(first, OUTSIDE), one, OUTSIDE) for move, one in pairs]
        return _columns(right), _columns(same)


def image_ious(truth: Tensor, answers: Tensor, ignore_index: int) -> Reals:
    """(B,) the mean IoU of masks (B, H, W) with others, over the classes of each image; NaN where no pixel counts."""
    counted = truth != ignore_index
    classes = 1 + int(torch.maximum(truth.where(counted, 0), answers).amax())
    image = torch.arange(len(truth), device=truth.device)[:, None, None].expand_as(truth)
    places = (image * classes + truth) * classes + answers
    counts = torch.bincount(places[counted], minlength=len(truth) * classes**2)
    scored = ScoredMasks(counts.view(-1, classes, classes).cpu().numpy())
    found = np.full(len(truth), np.nan)
    found[scored.counted] = scored.by_image["image_iou"]
    return found


def _of_labels(first: Tensor, others: Sequence[Tensor], truth: Tensor) -> tuple[Reals, Reals]:
    """Whether the class of every image is the truth, and that of the first answer."""
    right, same = (_columns([(one == wanted).cpu().numpy() for one in others]) for wanted in (truth, first))
    right[(truth == MISSING).cpu().numpy()] = np.nan
    return right, same


def _columns(ways: Sequence[NDArray[np.generic]]) -> Reals:
    """(B, ways)."""
    return np.stack(ways, axis=1).astype(np.float64)
