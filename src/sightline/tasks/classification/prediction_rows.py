"""Labels and calibrated probabilities of single images, as rows and lines."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict, cast

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from sightline.models.outputs import Outputs, only_tensor
from sightline.tasks.results import JsonRow


class LikelyClass(TypedDict):
    """A class, and how likely it is."""

    label: str
    probability: float


@dataclass(frozen=True)
class ClassRows:
    """See `tasks.results.PredictionRows`.

    Attributes:
        names: of the classes.
        temperature: of the probabilities.
        top_k: how many classes are named for each image.
    """

    names: Sequence[str]
    temperature: float
    top_k: int
    columns: Sequence[str] = ("label", "probability")

    def rows(self, outputs: Outputs) -> list[dict[str, object]]:
        """The likeliest classes of each image."""
        logits = only_tensor(outputs).double().cpu().numpy()
        return [self._row(probabilities) for probabilities in softmax(logits / self.temperature, axis=1)]

    def _row(self, probabilities: NDArray[np.float64]) -> dict[str, object]:
        order = np.argsort(-probabilities, kind="stable")[: self.top_k]
        top = [LikelyClass(label=self.names[index], probability=float(probabilities[index])) for index in order]
        return {**top[0], "top": top}

    def line(self, row: JsonRow) -> str:
        """The likeliest classes with their probabilities."""
        top = cast("list[LikelyClass]", row["top"])
        return "  ".join(f"{entry['label']} {entry['probability']:.1%}" for entry in top)
