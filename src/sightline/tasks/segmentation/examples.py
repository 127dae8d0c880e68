"""Pictures of masks, a part of the evaluation: the worst images, those in the middle and the best."""

from collections.abc import Callable, Sequence
from typing import Final, Protocol

import numpy as np
import torch
from torch import Tensor

from sightline.inference.loaded_run import LoadedRun
from sightline.inference.tiles import whole_answers
from sightline.machine.signals import check_stop
from sightline.metrics.documents.segmentation import ImageScores
from sightline.metrics.segmentation.evaluation import extremes
from sightline.metrics.segmentation.predictions import MaskPredictions
from sightline.models.outputs import Outputs
from sightline.reporting import figures
from sightline.run.folder import Run, SplitName

SHOWN: Final = 4
"""Images of each kind."""


class ClassLook(Protocol):
    """What classes are called and how they look in pictures, by class id."""

    @property
    def names(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def colours(self) -> tuple[int, ...] | None: ...  # noqa: D102


def draw_masks(
    run: Run,
    loaded: LoadedRun,
    split: SplitName,
    predictions: MaskPredictions,
    look: ClassLook,
    mask_of: Callable[[Outputs], Tensor],
) -> None:
    """Write `figures/masks_worst.png`, `masks_median.png` and `masks_best.png`; the images are asked about once more.

    Args:
        run: that is written to.
        loaded: its model and images.
        split: that was predicted.
        predictions: of its images.
        look: names and colours of the classes.
        mask_of: the logits of every pixel (n, classes, h, w) among the outputs.
    """
    places = {str(name): place for place, name in enumerate(predictions.ids)}
    found = extremes(predictions)
    for kind, chosen in (("worst", found["worst"]), ("median", found["median"]), ("best", found["best"])):
        rows = [places[one["id"]] for one in chosen[:SHOWN]]
        run.save_bytes(f"figures/masks_{kind}.png", _drawn(loaded, split, rows, chosen[:SHOWN], look, mask_of))


def _drawn(
    loaded: LoadedRun,
    split: SplitName,
    rows: Sequence[int],
    scores: Sequence[ImageScores],
    look: ClassLook,
    mask_of: Callable[[Outputs], Tensor],
) -> bytes:
    """The figure of some images."""
    positions = loaded.dataset.positions(split)[np.asarray(rows, dtype=np.int64)]
    transform, masks = loaded.preprocessing.transform(), loaded.dataset.masks
    network, images, truths, answers = whole_answers(loaded.model, loaded.preprocessing), [], [], []
    assert masks is not None
    for position in positions.tolist():
        check_stop()
        row = loaded.dataset.rows[position : position + 1]
        pixels, sizes = loaded.dataset.store.batch(row)
        seen, truth = transform.with_masks(pixels, masks.batch(row, *pixels.shape[2:]), sizes, masks.ignore_index)
        with torch.inference_mode():
            logits = mask_of(network(seen.to(loaded.device)))
        images.append(loaded.preprocessing.to_pixels(seen)[0])
        truths.append(truth[0].numpy())
        answers.append(logits[0].argmax(dim=0).cpu().numpy())
    titles = [f"{one['id']}  IoU {one['iou']:.1%}, pixels {one['accuracy']:.1%}" for one in scores]
    return figures.masks(images, truths, answers, titles, look.names, look.colours)
