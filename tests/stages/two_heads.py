"""A task of two heads, from training to explaining it: what a reader would write to add one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sightline.config.schema import Config
from sightline.data.dataset import Dataset
from sightline.data.splits.split import Split
from sightline.explain.targets import TargetScore, class_logit
from sightline.inference.loaded_run import LoadedRun
from sightline.inference.model import class_names_of
from sightline.metrics.predictions import Arrays
from sightline.models.networks.cnn import Cnn
from sightline.models.outputs import Outputs, by_head
from sightline.reporting.sections.blocks import Table
from sightline.run.folder import Run, SplitName
from sightline.tasks.objective import Loss, Losses, Objective, TallyState, Targets
from sightline.tasks.task import Task


class TwoHeads(nn.Module):
    """A class and the brightness of each image, from one backbone."""

    def __init__(self, heads: Mapping[str, int]) -> None:
        super().__init__()
        self.backbone = Cnn(0, width=8)
        self.heads = nn.ModuleDict({name: nn.Linear(self.backbone.num_features, size) for name, size in heads.items()})

    def forward_features(self, images: Tensor) -> Tensor:
        """The last maps."""
        return self.backbone.forward_features(images)

    def forward_head(self, maps: Tensor) -> dict[str, Tensor]:
        """Both heads."""
        pooled = self.backbone.forward_head(maps)
        return {name: head(pooled) for name, head in self.heads.items()}

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Both heads."""
        return self.forward_head(self.forward_features(images))

    def get_classifier(self) -> nn.ModuleDict:
        """Both heads."""
        return self.heads

    def group_matcher(self, coarse: bool = False) -> dict[str, str]:  # noqa: ARG002 - timm's protocol
        """The backbone; what follows it is the head."""
        return {"stem": r"^backbone"}


@dataclass(frozen=True)
class TwoPredictions:
    """Logits and brightness of n items, and their labels."""

    ids: NDArray[np.str_]
    logits: NDArray[np.float32]
    brightness: NDArray[np.float32]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ids)

    def to_arrays(self) -> Arrays:
        """As they are stored."""
        return dict(vars(self))


class TwoCollector:
    """Keeps both heads."""

    def forward(self, model: nn.Module, images: Tensor) -> Outputs:
        """Both."""
        outputs: Outputs = model(images)
        return outputs

    def collect(self, ids: Sequence[str], outputs: Outputs, targets: Mapping[str, Tensor]) -> TwoPredictions:
        """Of a batch."""
        heads = {name: tensor.cpu().numpy() for name, tensor in by_head(outputs).items()}
        return TwoPredictions(np.array(ids), heads["label"], heads["brightness"][:, 0], targets["label"].cpu().numpy())

    def joined(self, parts: Sequence[TwoPredictions]) -> TwoPredictions:
        """One after the other."""
        arrays = [part.to_arrays() for part in parts]
        return TwoPredictions(**{name: np.concatenate([one[name] for one in arrays]) for name in arrays[0]})


@dataclass(frozen=True)
class TwoResults:
    """Measured."""

    content: dict[str, Any]

    def draw(self, run: Run) -> None:
        """Nothing."""

    def tables(self) -> Iterator[tuple[str, Table]]:
        """One."""
        yield "two heads", Table(("Metric", "Value"), [[name, f"{value:.3f}"] for name, value in self.values().items()])

    def values(self) -> dict[str, float]:
        """Both metrics."""
        return {name: entry["value"] for name, entry in self.content["metrics"].items()}


@dataclass(frozen=True)
class Brightest:
    """The brightness of the first images."""

    rows: NDArray[np.int64]
    targets: Tensor
    items: list[dict[str, object]]
    titles: list[str]
    right: list[bool]

    def score(self, outputs: Outputs, _targets: Tensor) -> Tensor:
        """What the second head says."""
        return by_head(outputs)["brightness"][:, 0]

    def confidence(self, outputs: Outputs, _targets: Tensor, _untouched: Outputs) -> Tensor:
        """The same, from 0 to 1."""
        return by_head(outputs)["brightness"][:, 0].sigmoid()


class TwoTally:
    """The loss, and how many labels are right."""

    def __init__(self) -> None:
        self._sums: Tensor | None = None

    def add(self, outputs: Outputs, targets: Targets, losses: Losses) -> None:
        """Count a batch."""
        right = by_head(outputs)["label"].argmax(dim=1) == targets["label"]
        sums = torch.stack([losses["label"].mean.detach() * len(right), right.sum(), torch.tensor(len(right))])
        self._sums = sums if self._sums is None else self._sums + sums

    def metrics(self) -> dict[str, float]:
        """Means."""
        assert self._sums is not None
        loss, right, items = self._sums.tolist()
        return {"loss": loss / items, "accuracy": right / items}

    def state_dict(self) -> TallyState:
        """The sums."""
        return {"sums": self._sums}

    def load_state_dict(self, state: TallyState) -> None:
        """Take them back."""
        self._sums = state["sums"]

    def merged(self, _states: Sequence[TallyState]) -> "TwoTally":
        """No other process has one."""
        return self


class TwoLosses(Objective):
    """Cross-entropy, and a brightness that is drawn towards the label, which stands in for a second target."""

    def train_losses(self, outputs: Outputs, targets: Targets) -> Losses:
        """The same as for validation."""
        return self.plain_losses(outputs, targets)

    def plain_losses(self, outputs: Outputs, targets: Targets) -> Losses:
        """Of both heads in one, since no target is ever missing."""
        heads, label = by_head(outputs), targets["label"]
        entropy = nn.functional.cross_entropy(heads["label"].float(), label)
        distance = nn.functional.mse_loss(heads["brightness"][:, 0].float(), label.float())
        return {"label": Loss(entropy + distance, len(label))}

    def labelled(self, targets: Targets) -> dict[str, int]:
        """All."""
        return {"label": len(targets["label"])}

    def tally(self) -> TwoTally:
        """An empty one."""
        return TwoTally()


@dataclass(frozen=True)
class LabelAndBrightness(Task):
    """A class and a number for each image."""

    name: ClassVar[str] = "label-and-brightness"
    names: tuple[str, ...]

    @classmethod
    def of_split(cls, split: Split) -> Self:
        """With the classes of the data."""
        return cls(split.class_names)

    @classmethod
    def of_run(cls, run: Run) -> Self:
        """With the classes of the run."""
        return cls(tuple(class_names_of(run)))

    @property
    def class_names(self) -> dict[str, tuple[str, ...]]:
        """Of the label."""
        return {"label": self.names}

    @property
    def heads(self) -> dict[str, int]:
        """A logit for each class, and a brightness."""
        return {"label": len(self.names), "brightness": 1}

    def objective(self, _config: Config, _dataset: Dataset, _positions: NDArray[np.int64]) -> TwoLosses:
        """Of both heads."""
        return TwoLosses()

    def collector(self) -> TwoCollector:
        """Of both heads."""
        return TwoCollector()

    @classmethod
    def read_predictions(cls, arrays: Arrays) -> TwoPredictions:
        """Of both heads."""
        return TwoPredictions(**arrays)

    def evaluate(
        self, _config: Config, _run: Run, split: SplitName, predictions: TwoPredictions, averaged: TwoPredictions | None
    ) -> TwoResults:
        """Accuracy, and the mean brightness."""
        metrics = {
            "accuracy": {"value": float((predictions.logits.argmax(axis=1) == predictions.labels).mean())},
            "brightness": {"value": float(predictions.brightness.mean())},
        }
        content: dict[str, Any] = {"split": split, "n": len(predictions), "metrics": metrics}
        if averaged is not None:
            content["tta"] = float(averaged.brightness.mean())
        return TwoResults(content)

    def draw_examples(
        self, _config: Config, run: Run, loaded: LoadedRun, split: SplitName, predictions: TwoPredictions
    ) -> None:
        """As many words as images."""
        assert len(loaded.dataset.positions(split)) == len(predictions)
        run.save_text("figures/examples.txt", " ".join(predictions.ids))

    def calibrate(self, _config: Config, _run: Run, predictions: TwoPredictions, val: TwoPredictions) -> TwoResults:
        """The mean brightness of either split."""
        means = {"calibration": predictions.brightness, "val": val.brightness}
        return TwoResults({"metrics": {name: {"value": float(values.mean())} for name, values in means.items()}})

    def explanation(self, _config: Config, _run: Run, predictions: TwoPredictions) -> Brightest:
        """Of the first three images."""
        ids = predictions.ids[:3].tolist()
        return Brightest(np.arange(3), torch.zeros(3), [{"id": one} for one in ids], ids, [True] * 3)

    def explained(self, _config: Config, outputs: Outputs) -> tuple[Tensor, TargetScore]:
        """The label."""
        logits = by_head(outputs)["label"]
        return logits.argmax(dim=1), lambda found, targets: class_logit(by_head(found)["label"], targets)
