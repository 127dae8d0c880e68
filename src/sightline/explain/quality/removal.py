"""Deletion and insertion (Petsiuk et al. 2018): what the answer loses when pixels go in the order of a map."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Final, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sightline.explain.hooks import in_eval_mode
from sightline.explain.quality.confidence import Confidence, class_probability
from sightline.explain.quality.fills import FILLS, Fill
from sightline.explain.quality.ranks import edge_map, moved, ranks
from sightline.models.outputs import Outputs, map_outputs

Reals = NDArray[np.float64]

STEPS: Final = 5
"""Parts in which the pixels of an image go."""
RANDOM_MAPS: Final = 20
"""Random maps for each map: better than all of them is rarer than one in twenty by chance."""
INSERTED: Final = 5
"""Of these, how many are inserted as well: their mean over images needs no more."""
SIGNS: Final[Mapping[str, int]] = {"deletion": -1, "insertion": 1}
"""Whether more area is better: as the pixels of a good map go the answer goes soon, and as they come it comes soon."""


@dataclass(frozen=True)
class Areas:
    """Mean confidence while pixels go or come, of each of B images, each fill and direction; R random maps.

    Attributes:
        own: (B, fills, 2) in the order of the map; deletion first, then insertion.
        edge: (B, fills, 2) in the order of the image's edge map.
        random: (B, fills, 2, R) in the order of the map moved about; NaN where that was not inserted.
        whole: (B,) confidence for the untouched image.
        left: (B, fills) confidence once every pixel has gone: where it is high a fill-in tells little.
    """

    own: Reals
    edge: Reals
    random: Reals
    whole: Reals
    left: Reals

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Those of several batches, one after the other."""
        return cls(*(np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(cls)))

    @property
    def over_random(self) -> Reals:
        """(B, fills, 2) by how much the map is better than random ones on average."""
        return np.asarray((self.own - np.nanmean(self.random, axis=-1)) * list(SIGNS.values()))

    @property
    def over_edge(self) -> Reals:
        """(B, fills, 2) by how much it is better than the edge map."""
        return np.asarray((self.own - self.edge) * list(SIGNS.values()))

    @property
    def beaten(self) -> Reals:
        """(B, fills, 2) the share of random maps that it beats; one that is equal counts half."""
        ahead = (self.own[..., None] - self.random) * np.array(list(SIGNS.values()))[:, None]
        return np.asarray(np.nanmean(np.where(np.isnan(ahead), np.nan, 0.5 * (1 + np.sign(ahead))), axis=-1))


def removal_areas(
    network: nn.Module,
    images: Tensor,
    maps: Tensor,
    targets: Tensor,
    *,
    confidence: Confidence = class_probability,
    fills: Mapping[str, Fill] = FILLS,
    random_maps: int = RANDOM_MAPS,
    inserted: int = INSERTED,
    steps: int = STEPS,
    batch_size: int = 64,
    seed: int = 0,
) -> Areas:
    """Deletion and insertion of maps, beside those of random maps and of the images' edges.

    `passes` says how often each image goes through the network.

    Args:
        network: comes back as it was.
        images: (B, C, H, W), normalised, on the network's device.
        maps: (B, H, W) what is judged: high where an answer is said to rest.
        targets: (B, …) what the maps are of.
        confidence: how surely a target is still said.
        fills: what stands in place of removed pixels, by name.
        random_maps: R, at least one.
        inserted: how many of them are inserted as well, at least one.
        steps: parts in which the pixels go.
        batch_size: images at once, which bounds memory.
        seed: of random maps, and of the order of equal values.
    """
    count, (own, edge) = len(images), ranks(torch.stack([maps.to(images.device), edge_map(images)]), seed)
    found = np.full((count, len(fills), len(SIGNS), 2 + random_maps), np.nan)
    whole, left = np.zeros(count), np.zeros((count, len(fills)))
    for row in range(count):
        every = torch.cat([own[row : row + 1], edge[row : row + 1], moved(own[row], random_maps, seed + row)])
        # What is inserted first is what is removed last: insertion is deletion in the opposite order.
        both = torch.cat([every, own[row].numel() - 1 - every[: 2 + inserted]])
        one, target = images[row : row + 1], targets[row : row + 1]
        for number, fill in enumerate(fills.values()):
            curves = removal_curves(network, one, both, target, confidence, fill, steps=steps, batch_size=batch_size)
            areas = area(curves).double().cpu().numpy()
            found[row, number, 0], found[row, number, 1, : 2 + inserted] = np.split(areas, [2 + random_maps])
            whole[row], left[row, number] = float(curves[0, 0]), float(curves[0, -1])
    return Areas(found[..., 0], found[..., 1], found[..., 2:], whole, left)


def passes(fills: int, random_maps: int, inserted: int, steps: int) -> int:
    """How often `removal_areas` sends each image through the network."""
    return fills * ((4 + random_maps + inserted) * (steps - 1) + 3)


def removal_curves(
    network: nn.Module,
    image: Tensor,
    orders: Tensor,
    target: Tensor,
    confidence: Confidence,
    fill: Fill,
    *,
    steps: int = STEPS,
    batch_size: int = 64,
) -> Tensor:
    """(M, steps + 1) the confidence for one image (1, C, H, W) after each part of its pixels, in each of M orders.

    Args:
        network: comes back as it was.
        image: normalised.
        orders: (M, H, W) ranks of the pixels: 0 goes first.
        target: (1, …).
        confidence: how surely the target is still said.
        fill: what stands in place of removed pixels.
        steps: parts, as equal as whole pixels make them.
        batch_size: images at once.
    """
    target, pixels = target.to(image.device), image.shape[2] * image.shape[3]
    with torch.no_grad(), in_eval_mode(network):
        filled = fill(image)
        untouched = network(image)
        ends = [confidence(network(one), target, untouched) for one in (image, filled)]
        parts = torch.arange(1, steps, device=image.device) * pixels // steps
        jobs = [(order, part) for order in range(len(orders)) for part in parts.tolist()]
        inner = [
            _after(network, image, filled, orders, jobs[start : start + batch_size], target, confidence, untouched)
            for start in range(0, len(jobs), batch_size)
        ]
    middle = torch.cat(inner).view(len(orders), -1) if inner else ends[0].new_zeros((len(orders), 0))
    first, last = (end.expand(len(orders), 1) for end in ends)
    return torch.cat([first, middle, last], dim=1)


def _after(
    network: nn.Module,
    image: Tensor,
    filled: Tensor,
    orders: Tensor,
    jobs: Sequence[tuple[int, int]],
    target: Tensor,
    confidence: Confidence,
    untouched: Outputs,
) -> Tensor:
    """(n,) the confidence once so many pixels of some orders have gone."""
    rows, gone = (torch.tensor(each, device=image.device) for each in zip(*jobs, strict=True))
    changed = torch.where((orders[rows] < gone[:, None, None])[:, None], filled, image)
    if image.is_contiguous(memory_format=torch.channels_last) and not image.is_contiguous():
        changed = changed.contiguous(memory_format=torch.channels_last)  # as the image lies, which `where` forgets
    return confidence(
        network(changed), _times(target, len(jobs)), map_outputs(lambda one: _times(one, len(jobs)), untouched)
    )


def _times(one: Tensor, count: int) -> Tensor:
    """(count, …) views of (1, …)."""
    return one.expand(count, *one.shape[1:])


def area(curves: Tensor) -> Tensor:
    """(…,) the area under (…, n) values at equal distances from 0 to 1, by the trapezoid rule."""
    return torch.trapezoid(curves.float(), dx=1 / max(1, curves.shape[-1] - 1), dim=-1)
