"""A logged model answers as `sightline.load` does: what it carries beside its program, and how it is read back.

Of what is imported here nothing but torch, NumPy, Pillow, SciPy and pydantic is asked for: where a logged model is
loaded nothing else may be there.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Protocol, cast

import torch
from torch import Tensor, nn

from sightline.config.later_stages import PredictConfig
from sightline.data.preprocessing import Preprocessing
from sightline.errors import UsageError
from sightline.inference.images import ImageInput
from sightline.inference.predictor import Predictor
from sightline.tasks.answers import Answer, Model
from sightline.tasks.classification.prediction_rows import ClassRows
from sightline.tasks.results import PredictionRows

ANSWERS: Final = "answers.json"
"""The file of a logged model that says how its outputs become answers."""

Program = Callable[[Tensor], Tensor]
"""From (n, 3, side, side) float32 in 0…1 to (n, classes) calibrated probabilities."""


class Table(Protocol):
    """A data frame of pandas', as far as it is used here."""

    @property
    def iloc(self) -> Any:
        """Its cells by place."""


@dataclass(frozen=True)
class LoggedAnswers:
    """What `mlflow.pyfunc.load_model` gives.

    Attributes:
        model: of the program that was logged.
    """

    model: Model

    def predict(self, images: Table | Iterable[ImageInput]) -> list[Answer]:
        """An answer for each image, as `Model.predict` gives it.

        Args:
            images: paths or bytes of image files; of a data frame its first column.
        """
        found = list(images.iloc[:, 0]) if hasattr(images, "iloc") else images
        answers = self.model.predict(cast("Iterable[ImageInput]", found))
        return answers if isinstance(answers, list) else [answers]


def describe(writer: PredictionRows, preprocessing: Preprocessing, limits: PredictConfig) -> dict[str, object] | None:
    """The content of `answers.json`, for a program that gives calibrated probabilities of labels; None of any other."""
    if not isinstance(writer, ClassRows):
        return None
    return {
        "preprocessing": preprocessing.to_json(),
        "rows": writer.to_json(),
        "limits": limits.model_dump(mode="json"),
    }


def load(folder: str | Path, program: Program) -> LoggedAnswers:
    """A logged model from its folder and its program.

    Raises:
        UsageError: the folder holds no `answers.json`.
    """
    place = Path(folder) / ANSWERS
    if not place.is_file():
        raise UsageError(f"{folder} has no {ANSWERS}: it was logged by an earlier version; log it anew")
    content: Mapping[str, Any] = json.loads(place.read_text())
    rows = ClassRows.from_json(content["rows"])
    # The program normalises and divides by the temperature itself.
    rows = replace(rows, decisions=replace(rows.decisions, temperature=1.0))
    preprocessing = Preprocessing.from_json(content["preprocessing"])
    predictor = Predictor(_Logits(program), preprocessing, torch.device("cpu"), normalises=True)
    return LoggedAnswers(Model(predictor, rows, PredictConfig.model_validate_json(json.dumps(content["limits"]))))


class _Logits(nn.Module):
    """Logits whose softmax is what the program gives."""

    def __init__(self, program: Program) -> None:
        super().__init__()
        self._program = program

    def forward(self, images: Tensor) -> Tensor:
        return self._program(images).log()
