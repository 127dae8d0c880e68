"""Masks of single images, at the size of the image itself, as rows, lines and files."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from sightline.data.preprocessing import Preprocessing
from sightline.machine.text import significant
from sightline.models.outputs import Outputs, only_tensor
from sightline.tasks.results import Files, JsonRow, Size

SHOWN: Final = 4
"""Classes that a line names, the largest first."""
NOT_CALIBRATED: Final = "the run is not calibrated: confidence is the network's own; mode `calibrate` fits it"


@dataclass(frozen=True)
class MaskRows:
    """See `tasks.results.PredictionRows`.

    Attributes:
        names: of the classes.
        ignore_index: the class id of what the network did not see.
        preprocessing: of the images.
        temperature: of the confidence; None of a run that is not calibrated.
        fitted_on: how many images it is from.
        colours: of the classes, where the data have some.
    """

    names: Sequence[str]
    ignore_index: int
    preprocessing: Preprocessing
    temperature: float | None = None
    fitted_on: int = 0
    colours: Sequence[int] | None = None
    columns: Sequence[str] = ("shares", "confidence", "seen", "mask", "overlay")

    @property
    def head(self) -> Sequence[str]:
        """What the confidence is worth."""
        if self.temperature is None:
            return (NOT_CALIBRATED,)
        fitted_on = f"{self.fitted_on} images of the calibration split"
        return (f"confidence of a pixel at temperature {significant(self.temperature, 3)}, from {fitted_on}",)

    def rows(self, outputs: Outputs, sizes: Sequence[Size]) -> list[dict[str, object]]:
        """The share of each class in the pixels, their mean confidence, and the mask: (h, w) uint8 class ids.

        A mask is as large as its image; the network's logits are resized to that, and the largest one decides. `seen`
        is the share of the image that the network saw; shares and confidence are of that alone.
        """
        logits = only_tensor(outputs).float()
        return [self._row(image, size) for image, size in zip(logits, sizes, strict=True)]

    def _row(self, logits: Tensor, size: Size) -> dict[str, object]:
        height, width = size
        seen_of = self.preprocessing.seen(width, height)
        of_image = within_bars(logits, size, seen_of)
        probabilities = (of_image / (self.temperature or 1.0)).softmax(dim=0)
        mask = mask_at(logits, size, seen_of, self.ignore_index)
        counts = np.bincount(mask.ravel(), minlength=256)
        seen = max(1, int(counts[: len(self.names)].sum()))
        shares = {name: int(counts[number]) / seen for number, name in enumerate(self.names) if counts[number]}
        ranked = dict(sorted(shares.items(), key=lambda share: -share[1]))
        confidence = float(probabilities.amax(dim=0).mean())
        return {"shares": ranked, "confidence": confidence, "seen": seen / mask.size, "mask": mask}

    def filed(self, row: JsonRow, stem: str, photo: Callable[[], NDArray[np.uint8]]) -> tuple[JsonRow, Files]:
        """The mask as a PNG file with a palette, and over the photo."""
        # Only files have colours, and a model alone needs no matplotlib.
        from sightline.reporting.figures.overlay import mask_file, mask_overlay

        mask, names = cast("NDArray[np.uint8]", row["mask"]), (f"masks/{stem}.png", f"overlays/{stem}.png")
        look = len(self.names), self.colours
        contents = (mask_file(mask, *look), mask_overlay(photo(), mask, *look))
        return {**row, "mask": names[0], "overlay": names[1]}, dict(zip(names, contents, strict=True))

    def line(self, row: JsonRow) -> str:
        """The largest classes with their share of the pixels, and the mean confidence."""
        shares = list(cast("Mapping[str, float]", row["shares"]).items())
        parts = [f"{name} {share:.1%}" for name, share in shares[:SHOWN]]
        if len(shares) > SHOWN:
            parts.append(f"{len(shares) - SHOWN} more")
        seen = cast("float", row["seen"])
        unseen = [] if seen == 1 else [f"{seen:.1%} of it were seen"]
        return "  ".join([*parts, f"confidence {row['confidence']:.1%}", *unseen])

    def to_json(self) -> dict[str, object]:
        """All of it in plain values."""
        known: dict[str, Any] = {"names": list(self.names), "ignore_index": self.ignore_index}
        return {**known, "preprocessing": self.preprocessing.to_json(), "temperature": self.temperature}


def within_bars(maps: Tensor, size: Size, seen: tuple[float, float, float, float]) -> Tensor:
    """The part of maps (k, h', w') of what was seen that shows the image, and not bars beside it; see `mask_at`."""
    rows, columns = (
        slice(
            round(max(0.0, -first) / (last - first) * count),
            round((min(length, last) - first) / (last - first) * count),
        )
        for first, last, length, count in (
            (seen[1], seen[3], size[0], maps.shape[1]),
            (seen[0], seen[2], size[1], maps.shape[2]),
        )
    )
    return maps[:, rows, columns]


def mask_at(logits: Tensor, size: Size, seen: tuple[float, float, float, float], unseen: int) -> NDArray[np.uint8]:
    """The class of every pixel of an image, (h, w) uint8, from logits (classes, h', w') of what was seen of it.

    One class after the other is resized, so that a large image takes no more than two maps of its size.

    Args:
        logits: of what the network saw.
        size: height and width of the image.
        seen: what it saw in pixels of the image: left, top, right, bottom; it may reach beyond the edges.
        unseen: the class id of all else.
    """
    height, width = size
    left, top, right, bottom = (round(edge) for edge in seen)
    right, bottom = max(right, left + 1), max(bottom, top + 1)
    down, across = slice(max(0, top), min(height, bottom)), slice(max(0, left), min(width, right))
    of_seen = (slice(down.start - top, down.stop - top), slice(across.start - left, across.stop - left))
    best: Tensor | None = None
    ids = torch.zeros(down.stop - down.start, across.stop - across.start, dtype=torch.uint8, device=logits.device)
    for number, one in enumerate(logits):
        shape = (bottom - top, right - left)
        large = F.interpolate(one[None, None], size=shape, mode="bilinear", align_corners=False)[0, 0][of_seen]
        if best is None:
            best = large
            continue
        ids[large > best] = number
        best = torch.maximum(best, large)
    mask = np.full(size, unseen, dtype=np.uint8)
    mask[down, across] = ids.cpu().numpy()
    return mask
