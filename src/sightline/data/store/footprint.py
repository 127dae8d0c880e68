"""How much memory or disk decoded images would take."""

from collections.abc import Sequence

from PIL import Image

from sightline.data.store.decode import LONGEST

SAMPLED = 256
"""Files whose headers are read to estimate what all take."""


def estimated_bytes(paths: Sequence[str], side: int | None) -> int:
    """What the decoded files take, by the headers of evenly spread ones; those that do not read count as nothing."""
    chosen = paths[:: max(1, len(paths) // SAMPLED)]
    total = sum(_stored_bytes(path, side) for path in chosen)
    return round(total * len(paths) / max(1, len(chosen)))


def _stored_bytes(path: str, side: int | None) -> int:
    try:
        with Image.open(path) as image:
            shorter, longer = sorted(image.size)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return 0
    scale = 1.0 if side is None else min(1.0, side / shorter)
    return round(3 * shorter * min(longer, LONGEST * shorter) * scale**2)
