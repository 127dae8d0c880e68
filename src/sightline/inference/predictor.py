"""The one way from images to a model's outputs: decode, cut the square, normalise, run the network."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sightline.config.later_stages import PredictConfig
from sightline.data.image_file import DecodeError, Picture
from sightline.data.preprocessing import Preprocessing
from sightline.inference.images import ImageInput, picture_of
from sightline.inference.tiles import whole_answers
from sightline.machine.signals import check_stop
from sightline.models.outputs import Outputs

if TYPE_CHECKING:
    from sightline.run.folder import Run

CHUNK = 64
"""Images that are decoded and answered together, where all have one shape by then."""


@dataclass(frozen=True)
class PredictedImages:
    """What became of some images.

    Attributes:
        images: all of them, in the order in which they were given; one given twice is there twice.
        outputs: of the network, one row for each that could be read, in that order; None where there are none.
        squares: what it saw of these: uint8 (m, 3, image_size, image_size), or (1, 3, h, w) of a whole image.
        errors: what is wrong with the others, by their place in `images`.
        sizes: height and width of each that could be read, upright and at its own size.
    """

    images: Sequence[ImageInput]
    outputs: Outputs | None
    squares: Tensor | None
    errors: Mapping[int, str]
    sizes: Sequence[tuple[int, int]] = ()

    def __len__(self) -> int:
        return len(self.images)


@dataclass(frozen=True)
class Predictor:
    """A trained network and all that stands before it.

    What changes images, such as a corruption, goes between `square` and `outputs`: there they are whole numbers of the
    size that the network sees.

    Attributes:
        network: in eval mode; takes normalised images, or such from 0 to 1 if it normalises itself.
        preprocessing: what happens to an image before.
        device: of the network.
        normalises: whether the network does that itself.
    """

    network: nn.Module
    preprocessing: Preprocessing
    device: torch.device
    normalises: bool = False

    @classmethod
    def load(cls, run: "Run", device: torch.device, heads: Mapping[str, int] | None = None) -> Self:
        """The best weights of a run; `heads` as `load_model` takes them."""
        # A network that came by itself, as a logged one does, asks for no model library.
        from sightline.inference.model import load_model, load_preprocessing

        seen = load_preprocessing(run)
        return cls(load_model(run, device, heads), seen, device)

    def square(self, pictures: Sequence[NDArray[np.uint8]]) -> Tensor:
        """Pictures (h, w, 3), resized and cropped: uint8 (n, 3, image_size, image_size).

        Their sizes may differ, but for `fit=whole`, which only reduces them: uint8 (n, 3, h, w).
        """
        return self.preprocessing.transform().square(*_padded(pictures))

    def outputs(self, squares: Tensor) -> Outputs:
        """What the network says of what `square` gave: logits, for classification."""
        with torch.inference_mode():
            images = squares / 255 if self.normalises else self.preprocessing.transform().normalise(squares)
            outputs: Outputs = whole_answers(self.network, self.preprocessing)(images.to(self.device))
            return outputs

    def predict_images(self, images: Sequence[ImageInput], limits: PredictConfig) -> Iterator[PredictedImages]:
        """Outputs for images, some at a time; one that cannot be read costs no other its answer."""
        at_once = 1 if self.preprocessing.fit == "whole" else CHUNK
        for start in range(0, len(images), at_once):
            chunk = images[start : start + at_once]
            pictures, errors = self._read(chunk, limits)
            squares = self.square([picture.pixels for picture in pictures]) if pictures else None
            outputs = None if squares is None else self.outputs(squares)
            sizes = [(picture.height, picture.width) for picture in pictures]
            yield PredictedImages(chunk, outputs, squares, errors, sizes)

    def _read(self, images: Sequence[ImageInput], limits: PredictConfig) -> tuple[list[Picture], dict[int, str]]:
        """The pictures that open, and what is wrong with the others by their place."""
        pictures: list[Picture] = []
        errors: dict[int, str] = {}
        for place, image in enumerate(images):
            check_stop()
            try:
                seen = self.preprocessing
                pictures.append(picture_of(image, seen.reduction, limits, seen.white))
            except OSError as error:
                errors[place] = error.strerror or str(error)
            except DecodeError as error:
                errors[place] = str(error)
        return pictures, errors


def _padded(pictures: Sequence[NDArray[np.uint8]]) -> tuple[Tensor, Tensor]:
    """One batch, zeros at the right and bottom of smaller pictures, and (n, 2) each one's height and width."""
    sizes = np.array([picture.shape[:2] for picture in pictures], dtype=np.int32)
    height, width = sizes.max(axis=0)
    batch = np.zeros((len(pictures), pictures[0].shape[2], height, width), dtype=np.uint8)
    for place, picture in zip(batch, pictures, strict=True):
        place[:, : picture.shape[0], : picture.shape[1]] = picture.transpose(2, 0, 1)
    return torch.from_numpy(batch), torch.from_numpy(sizes)
