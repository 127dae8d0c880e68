"""Labels, calibrated probabilities and decisions of single images, as rows and lines."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self, TypedDict, cast

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from sightline.models.outputs import Outputs, only_tensor
from sightline.tasks.classification.decisions import Decisions
from sightline.tasks.results import Files, JsonRow, Size

MOST_SHOWN = 5
"""Classes of a set that a line names; of a larger one it says how many there are."""


class LikelyClass(TypedDict):
    """A class, and how likely it is."""

    label: str
    probability: float


@dataclass(frozen=True)
class ClassRows:
    """See `tasks.results.PredictionRows`.

    Attributes:
        names: of the classes.
        decisions: at the temperature of the probabilities.
        top_k: how many classes are named for each image.
    """

    names: Sequence[str]
    decisions: Decisions
    top_k: int
    columns: Sequence[str] = ("label", "probability", "set", "abstain")

    @property
    def head(self) -> Sequence[str]:
        """What the answers are worth."""
        return self.decisions.head

    def rows(self, outputs: Outputs, sizes: Sequence[Size] = ()) -> list[dict[str, object]]:  # noqa: ARG002 - no size matters
        """The likeliest classes of each image, its conformal set, and whether to abstain."""
        logits = only_tensor(outputs).double().cpu().numpy()
        probabilities = softmax(logits / self.decisions.temperature, axis=1)
        sets, unsure = self.decisions.sets(probabilities), self.decisions.abstains(probabilities)
        return [
            self._row(row, None if sets is None else sets[place], None if unsure is None else bool(unsure[place]))
            for place, row in enumerate(probabilities)
        ]

    def _row(
        self, probabilities: NDArray[np.float64], members: NDArray[np.bool_] | None, abstain: bool | None
    ) -> dict[str, object]:
        order = np.argsort(-probabilities, kind="stable")
        top = [LikelyClass(label=self.names[k], probability=float(probabilities[k])) for k in order[: self.top_k]]
        in_set = None if members is None else [self.names[k] for k in order if members[k]]
        return {**top[0], "set": in_set, "abstain": abstain, "top": top}

    def filed(self, row: JsonRow, stem: str, photo: Callable[[], NDArray[np.uint8]]) -> tuple[JsonRow, Files]:  # noqa: ARG002
        """The answer; no file belongs to it."""
        return row, {}

    def line(self, row: JsonRow) -> str:
        """The likeliest classes with their probabilities, the set in braces, and whether to abstain, if not always."""
        top = cast("list[LikelyClass]", row["top"])
        parts = [f"{entry['label']} {entry['probability']:.1%}" for entry in top]
        if row["set"] is not None:
            members = cast("list[str]", row["set"])
            parts.append(f"{{{', '.join(members) if len(members) <= MOST_SHOWN else f'{len(members)} classes'}}}")
        if row["abstain"] and self.decisions.threshold is not None:
            parts.append("abstains")
        return "  ".join(parts)

    def to_json(self) -> dict[str, object]:
        """All of it in plain values."""
        return {"names": list(self.names), "decisions": asdict(self.decisions), "top_k": self.top_k}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """Read back what `to_json` wrote."""
        decisions = {**content["decisions"], "head": tuple(content["decisions"]["head"])}
        return cls(tuple(content["names"]), Decisions(**decisions), content["top_k"])
