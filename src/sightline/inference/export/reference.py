"""What an exported file must say: the predictor's answers, step by step, and the pixels that both are given."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.special import softmax

from sightline.config.later_stages import PredictConfig
from sightline.data.reduction import Reduction
from sightline.inference.images import ImageInput, picture_of
from sightline.inference.predictor import Predictor
from sightline.models.outputs import only_tensor


class Unreduced(Reduction):
    """All pixels that decoding gives: a JPEG that is much too large is read at a part of its size, as always."""

    def apply(self, image: Image.Image) -> Image.Image:
        """The image as it is."""
        return image


@dataclass(frozen=True)
class Reference:
    """The one way to an answer.

    Attributes:
        predictor: on the CPU.
        temperature: of its probabilities.
        limits: of files and images.
    """

    predictor: Predictor
    temperature: float
    limits: PredictConfig

    def pixels(self, image: ImageInput) -> NDArray[np.uint8]:
        """(h, w, 3) what a file is given of an image: decoded, upright, over white, not resized.

        Raises:
            OSError: it cannot be read.
            DecodeError: it is no image, or one beyond the limits.
        """
        seen = self.predictor.preprocessing
        whole = Unreduced(seen.reduction.side, seen.reduction.longest)
        return picture_of(image, whole, self.limits, seen.white).pixels

    def steps(self, images: Sequence[ImageInput], pixels: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
        """What each of `STEPS` should give for images whose pixels have one shape."""
        (seen,) = self.predictor.predict_images(images, self.limits)
        assert seen.outputs is not None, seen.errors
        assert seen.squares is not None
        assert not seen.errors, seen.errors
        logits = only_tensor(seen.outputs).cpu()
        return {
            "bytes": pixels.transpose(0, 3, 1, 2),
            "resize": seen.squares.numpy(),
            "normalise": self.predictor.preprocessing.transform().normalise(seen.squares).numpy(),
            "network": logits.numpy(),
            "temperature": softmax(logits.double().numpy() / self.temperature, axis=1),
        }
