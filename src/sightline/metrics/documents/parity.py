"""The content of `export/parity.json`."""

from collections.abc import Mapping, Sequence
from typing import Final, TypedDict

UNITS: Final = {
    "bytes": "levels of 255",
    "resize": "levels of 255",
    "normalise": "of what the network sees",
    "network": "of logits",
    "temperature": "of probabilities",
}
"""Of a distance, by step."""


class ParityCell(TypedDict):
    """Batches of one size of photos of one size; none of both: images as they came, up to 32 of one shape together.

    `largest` is the largest distance of a probability from the predictor's.
    """

    batch: int | None
    height: int | None
    width: int | None
    answers: int
    largest: float


class FileParity(TypedDict):
    """One exported file.

    `steps` has the largest distance by step: of `bytes` and `resize` in levels of 255, of `normalise` in the numbers
    that the network sees, of `network` in logits, of `temperature` in probabilities.
    """

    bytes: int
    answers: int
    largest: float
    steps: Mapping[str, float]
    cells: Sequence[ParityCell]


class Parity(TypedDict):
    """The whole file; `files` by name."""

    split: str
    images: int
    tolerance: float
    threads: int
    versions: Mapping[str, str]
    files: Mapping[str, FileParity]
