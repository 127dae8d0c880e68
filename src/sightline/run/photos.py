"""Small pictures in one file of a run: JPEG of each, by the id of its image."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sightline.errors import UsageError

PHOTOS: Final = "examples/photos.npz"
QUALITY: Final = 82
"""Of JPEG: a photo of 224 by 336 pixels takes some 15 KB."""

Arrays = Mapping[str, NDArray[np.generic]]


def jpeg(pixels: NDArray[np.uint8]) -> bytes:
    """An image (h, w, 3) as JPEG."""
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, format="JPEG", quality=QUALITY, optimize=True)
    return content.getvalue()


@dataclass(frozen=True)
class Photos:
    """Photos, and heat maps over what the model saw of them.

    Attributes:
        folder: what stands before the id in the path of each image's file; empty where nobody knows.
        photos: JPEG by id.
        maps: likewise, of those that have one.
    """

    folder: str
    photos: Mapping[str, bytes]
    maps: Mapping[str, bytes]

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """For an `.npz` file."""
        found: dict[str, NDArray[np.generic]] = {"folder": np.array([self.folder], dtype=np.str_)}
        for name, pictures in (("photos", self.photos), ("maps", self.maps)):
            found[f"{name}_ids"] = np.array(list(pictures), dtype=np.str_)
            found[f"{name}_ends"] = np.cumsum([len(content) for content in pictures.values()], dtype=np.int64)
            found[name] = np.frombuffer(b"".join(pictures.values()), dtype=np.uint8)
        return found

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Read back what `to_arrays` gave.

        Raises:
            UsageError: they are no photos.
        """
        try:
            photos, maps = (
                _parted(arrays[f"{name}_ids"].tolist(), arrays[f"{name}_ends"].tolist(), arrays[name].tobytes())
                for name in ("photos", "maps")
            )
            return cls(str(arrays["folder"][0]), photos, maps)
        except (KeyError, ValueError, TypeError, IndexError) as error:
            raise UsageError(f"{PHOTOS} holds no photos; remove it, and the report does without") from error


def _parted(names: Sequence[str], ends: Sequence[int], content: bytes) -> dict[str, bytes]:
    starts = [0, *ends[:-1]] if ends else []
    return {name: content[start:end] for name, start, end in zip(names, starts, ends, strict=True)}
