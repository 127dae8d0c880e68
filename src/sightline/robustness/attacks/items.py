"""Items under attack, and what became of each."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sightline.machine.memory import fit_in_memory
from sightline.robustness.attacks.attack import Attack, Effort
from sightline.robustness.attacks.ball import Ball
from sightline.robustness.attacks.draws import Draws
from sightline.robustness.attacks.pixel_model import PixelModel, fooled, losses_of

Reals = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Items:
    """Some items of a split.

    Attributes:
        ids: of the items.
        images: (n, 3, H, W) float32 from 0 to 1, on the model's device.
        labels: (n,) the truth, there too.
        logits: (n, classes) that the run stored of them, on the CPU.
        truth: (n,) the labels that it stored, there too.
    """

    ids: Sequence[str]
    images: Tensor
    labels: Tensor
    logits: Tensor
    truth: Tensor

    def __len__(self) -> int:
        return len(self.ids)

    def at(self, rows: Tensor) -> Self:
        """Those in some rows."""
        here = rows.cpu()
        ids = [self.ids[row] for row in here.tolist()]
        return type(self)(ids, self.images[rows], self.labels[rows], self.logits[here], self.truth[here])

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Those of several batches, one after the other."""
        images, labels, logits, truth = (
            torch.cat([getattr(part, name) for part in parts]) for name in ("images", "labels", "logits", "truth")
        )
        return cls([name for part in parts for name in part.ids], images, labels, logits, truth)


@dataclass(frozen=True)
class Setting:
    """How items are attacked.

    Attributes:
        attack: which way.
        ball: how far.
        effort: how hard.
        seed: of the random numbers.
    """

    attack: Attack
    ball: Ball
    effort: Effort
    seed: int


@dataclass(frozen=True)
class Attacked:
    """What became of n items; nothing of it is what the attack says of itself.

    Attributes:
        fooled: (n,) whether the answer is no longer the truth.
        distance: (n,) of the changed image from the image, in the norm of the budget, with white as 1.
        outside: (n,) how far its values lie beyond 0 … 1.
        unlike: (n,) how far the logits that the attack had seen are from those of its images, over the largest of them.
        before: (n,) cross-entropy of the truth for the image.
        after: (n,) for the changed image.
    """

    fooled: Flags
    distance: Reals
    outside: Reals
    unlike: Reals
    before: Reals
    after: Reals

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Those of several batches, one after the other."""
        return cls(*(np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(cls)))


def attacked(model: PixelModel, items: Items, setting: Setting) -> Attacked:
    """Attack a batch of items, and look at the images that come out by asking the model again."""
    ball, draws = setting.ball, Draws.of(items.ids, setting.seed)
    found = setting.attack(model, items.images, items.labels, ball=ball, effort=setting.effort, draws=draws)
    clean, logits = model.logits(items.images), model.logits(found.images)
    truth = items.truth.to(logits.device)
    size = 1 + logits.abs().amax(dim=1)
    values = found.images.flatten(1)
    outside = torch.maximum(-values.amin(dim=1), values.amax(dim=1) - 1).clamp(min=0)
    return Attacked(
        fooled(logits, truth).cpu().numpy(),
        ball.distances(found.images, items.images).numpy(),
        as_reals(outside),
        as_reals((logits - found.logits).abs().amax(dim=1) / size),
        as_reals(losses_of(clean, truth)),
        as_reals(losses_of(logits, truth)),
    )


def attacked_in_memory(model: PixelModel, items: Items, setting: Setting, parts: int) -> tuple[Attacked, int]:
    """The same in so many parts, or in more where memory runs out, and how many it took.

    Raises:
        RunFailedError: a single image does not fit.
    """

    def attempt(count: int) -> Attacked:
        rows = torch.arange(len(items)).tensor_split(count)
        return Attacked.joined([attacked(model, items.at(some), setting) for some in rows])

    return fit_in_memory(attempt, min(parts, max(1, len(items))), max(1, len(items)), len(items))


def as_reals(values: Tensor) -> Reals:
    """(n,) as numpy takes them."""
    found: Reals = values.double().cpu().numpy()
    return found
