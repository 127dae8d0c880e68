"""How much memory or disk decoded images or masks would take."""

from collections.abc import Sequence

from sightline.data.image_file import size_of
from sightline.data.reduction import Reduction
from sightline.data.store.decode import IMAGE_CHANNELS
from sightline.data.store.decode_mask import MASK_CHANNELS
from sightline.data.store.entries import File, MaskFile, path_of

SAMPLED = 256
"""Files whose headers are read to estimate what all take."""


def estimated_bytes(files: Sequence[File], reduction: Reduction) -> int:
    """What the decoded files take, by the headers of evenly spread ones; those that do not read count as nothing."""
    sampled = files[:: max(1, len(files) // SAMPLED)]
    total = sum(_stored_bytes(file, reduction) for file in sampled)
    return round(total * len(files) / max(1, len(sampled)))


def _stored_bytes(file: File, reduction: Reduction) -> int:
    if isinstance(file, MaskFile):
        return MASK_CHANNELS * file.stored_height * file.stored_width
    size = size_of(path_of(file))
    if size is None:
        return 0
    across, down = reduction.stored(*size)
    return IMAGE_CHANNELS * across * down
