"""What pixels say about pairs that may be copies, once both images are aligned; the limits stand here."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sightline.data.gate.duplicates.alignment import Fit, fitted
from sightline.data.gate.duplicates.candidates import Candidates
from sightline.data.gate.duplicates.descriptors import SIDE
from sightline.data.gate.duplicates.thumbnails import thumbnails
from sightline.data.store.image_store import ImageStore
from sightline.machine.signals import check_stop

LIKENESS: Final = 0.85
DETAIL: Final = 0.75
"""Correlations at 32 px: of 2,500 copies in CIFAR-10 the least have .87 (JPEG of quality 50) and .83 (resized)."""

COARSE: Final = 6.5
"""In levels of 255, of what neighbours share of the difference: the copies reach 6.4 (resized), all others 3.2."""

APART: Final = 25.0
CONTRAST: Final = 6.0
FINENESS: Final = 2.0
"""In levels of 255: the copies reach 16.5. Without contrast or fine detail nothing tells copies from other images."""

FINER_DETAIL: Final = 0.8
FINER_COARSE: Final = 3.0
"""Likewise at 64 and 128 px: of 480 copies of CamVid's frames the least has .94, crops reach 2.6."""

FINER: Final = (64, 128)
"""Sides at which pairs are looked at again where both images have as many pixels."""

AT_ONCE: Final = 2**19
"""Pixels of the images that are aligned at once."""

Images = Callable[[NDArray[np.int64]], Tensor]
"""Square images (m, 3, side, side) uint8 at some positions."""

WHOLE_FROM, WHOLE_TO = 0.955, 1.045
BRIGHTER: Final = 5.0
SPREAD: Final = 1.15


def judged(
    pairs: Candidates, images: Tensor, store: ImageStore, rows: NDArray[np.int64]
) -> tuple[Candidates, list[str], NDArray[np.float32]]:
    """Those pairs that are copies, in what way, and how far apart in levels of 255 (root mean square).

    Args:
        pairs: positions in `rows`.
        images: (n, 3, 32, 32) uint8 thumbnails of these rows.
        store: where more pixels are.
        rows: (n,) of the store.
    """
    pairs, fit = _held(pairs, SIDE, lambda places: images[places])
    smallest = store.index.shapes[rows].min(axis=1)
    least = np.minimum(smallest[pairs.first], smallest[pairs.second])
    finest = np.array([SIDE, *FINER])[np.searchsorted(FINER, least, side="right")]
    parts = [(pairs.take(finest == SIDE), fit.take(torch.from_numpy(finest == SIDE)))]
    for side in FINER:
        again = partial(_from_store, store, rows, side)
        parts.append(_held(pairs.take(finest == side), side, again))
    pairs, fit = Candidates.joined([part for part, _ in parts]), Fit.joined([one for _, one in parts])
    return pairs, _kinds(pairs, fit, store, rows), fit.apart.numpy()


def _held(pairs: Candidates, side: int, seen: Images) -> tuple[Candidates, Fit]:
    """The pairs that are copies as far as images of this side tell, with their boxes as they were found."""
    size = AT_ONCE // side**2
    found = []
    for start in range(0, max(1, len(pairs.first)), size):
        check_stop()
        part = pairs.take(slice(start, start + size))
        second = seen(part.second).float()
        turned = torch.from_numpy(part.is_mirrored)[:, None, None, None]
        second = torch.where(turned, second.flip(3), second)
        fit = fitted(seen(part.first).float(), second, torch.from_numpy(part.boxes))
        kept = _is_copy(fit, DETAIL, COARSE) if side == SIDE else _is_copy(fit, FINER_DETAIL, FINER_COARSE)
        fit = fit.take(kept)
        found.append((replace(part.take(kept.numpy()), boxes=fit.boxes.numpy()), fit))
    return Candidates.joined([part for part, _ in found]), Fit.joined([fit for _, fit in found])


def _from_store(store: ImageStore, rows: NDArray[np.int64], side: int, places: NDArray[np.int64]) -> Tensor:
    return thumbnails(store, rows[places], side)


def _is_copy(fit: Fit, detail: float, coarse: float) -> Tensor:
    alike = (fit.likeness > LIKENESS) & (fit.detail > detail) & (fit.apart < APART) & (fit.coarse < coarse)
    return alike & (fit.contrast > CONTRAST) & (fit.fineness > FINENESS)


def _kinds(pairs: Candidates, fit: Fit, store: ImageStore, rows: NDArray[np.int64]) -> list[str]:
    """In what way the images of each pair differ, in words that hold whichever of both comes first."""
    facts, sums = store.facts, store.index.checksums
    sizes = np.stack([facts.widths, facts.heights], axis=1)[rows]
    stored = np.arange(len(rows)) if sums is None else sums[rows]
    extent = fit.boxes[:, 2:].numpy()
    said = {
        "mirrored": pairs.is_mirrored,
        "cropped": ((extent < WHOLE_FROM) | (extent > WHOLE_TO)).any(axis=1),
        "resized": (sizes[pairs.first] != sizes[pairs.second]).any(axis=1),
        "other brightness": fit.brighter.abs().numpy() > BRIGHTER,
        "other contrast": (fit.spread.log().abs() > np.log(SPREAD)).numpy(),
    }
    same = (stored[pairs.first] == stored[pairs.second]) & ~said["mirrored"] & ~said["resized"]
    return [
        "equal pixels" if is_same else ", ".join(word for word in said if said[word][place]) or "saved anew"
        for place, is_same in enumerate(same.tolist())
    ]
