"""A task of two targets, the model and the data for it: what a reader would write to add one."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sightline.cli import compose_config
from sightline.config import parse
from sightline.config.schema import Config
from sightline.data.batch import Batch
from sightline.data.dataset import Dataset
from sightline.data.splits.split import Split
from sightline.data.targets import MISSING
from sightline.models.freezing import FreezingPlan
from sightline.models.groups import layer_groups
from sightline.models.outputs import Outputs, by_head
from sightline.models.parameter_groups import beside, parameter_groups
from sightline.run.folder import Run
from sightline.tasks.objective import Loss, Losses, Objective, Tally, Targets
from sightline.tasks.task import Task, TeacherLoss
from sightline.training.adversary import Adversary
from sightline.training.averages import running_average, slow_weights
from sightline.training.precision import Precision
from sightline.training.setup import Training

CPU = torch.device("cpu")
STEPS = 4
ITEMS = 16
NAMES = ("dark", "middle", "bright")


class TwoHeads(nn.Module):
    """A class and a number for each image, from one backbone with running statistics and dropout."""

    def __init__(self, heads: Mapping[str, int], most: int = ITEMS) -> None:
        super().__init__()
        self.most = most
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.GELU())
        self.head_drop = nn.Dropout(0.2)
        self.heads = nn.ModuleDict({name: nn.Linear(8, values) for name, values in heads.items()})

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """(n, 3, h, w) to (n, values) by head; more than `most` images at once are too many."""
        features = self.head_drop(self.stem(images).mean(dim=(2, 3)))
        if len(images) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
        return {name: head(features) for name, head in self.heads.items()}

    def get_classifier(self) -> nn.ModuleDict:
        """Both heads."""
        return self.heads

    def group_matcher(self, coarse: bool = False) -> dict[str, str]:  # noqa: ARG002 - timm's protocol
        """The stem; what follows it is the head."""
        return {"stem": r"^stem"}


class TwoTally:
    """The loss, how many known labels are right, and the error of known depths."""

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}

    def add(self, outputs: Outputs, targets: Targets, losses: Losses) -> None:
        """Count a batch."""
        label, known = targets["label"], targets["label"] != MISSING
        right = (by_head(outputs)["label"].argmax(dim=1) == label) & known
        error, deep = depth_errors(outputs, targets)
        counted = {f"{name}_loss": mean.detach() * items for name, (mean, items) in losses.items()}
        counted |= {"right": right.sum(), "labels": known.sum(), "error": error.detach().sum(), "depths": deep.sum()}
        for name, value in counted.items():
            self._sums[name] = self._sums.get(name, torch.zeros((), dtype=torch.float64)) + value

    def metrics(self) -> dict[str, float]:
        """Means over what is known."""
        sums = {name: float(value) for name, value in self._sums.items()}
        return {
            "loss": sums["label_loss"] / sums["labels"] + sums["depth_loss"] / sums["depths"],
            "label_accuracy": sums["right"] / sums["labels"],
            "depth_error": sums["error"] / sums["depths"],
        }

    def state_dict(self) -> dict[str, Any]:
        """The sums."""
        return dict(self._sums)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take them back."""
        self._sums = dict(state)

    def merged(self, states: Sequence[Mapping[str, Any]]) -> "TwoTally":
        """All sums together."""
        total = TwoTally()
        total.load_state_dict({name: torch.stack([state[name] for state in states]).sum(dim=0) for name in states[0]})
        return total


def depth_errors(outputs: Outputs, targets: Targets) -> tuple[Tensor, Tensor]:
    """(n,) squared error of each depth, 0 where it is not known, and (n,) whether it is known."""
    known = ~targets["depth"].isnan()
    error = by_head(outputs)["depth"].float().squeeze(1) - targets["depth"].nan_to_num()
    return error.square() * known, known


class Balance(nn.Module):
    """How much more than 1 the depth weighs, which is learned."""

    def __init__(self) -> None:
        super().__init__()
        self.more = nn.Parameter(torch.zeros(()))


class TwoLosses(Objective):
    """Cross-entropy and squared error, each over the items where it is known, in a balance that is learned."""

    def __init__(self, smoothing: float) -> None:
        self._smoothing = smoothing
        self.balance = Balance()

    def train_losses(self, outputs: Outputs, targets: Targets) -> Losses:
        """With labels smoothed."""
        return self._losses(outputs, targets, self._smoothing)

    def plain_losses(self, outputs: Outputs, targets: Targets) -> Losses:
        """With labels as they are."""
        return self._losses(outputs, targets, 0.0)

    def labelled(self, targets: Targets) -> dict[str, int]:
        """Those that are known."""
        known = {"label": targets["label"] != MISSING, "depth": ~targets["depth"].isnan()}
        return {name: int(one.sum()) for name, one in known.items()}

    def total(self, losses: Losses) -> Tensor:
        """The depth weighs as is learned, and gets the heavier, the smaller its loss."""
        more = self.balance.more
        return losses["label"].mean + losses["depth"].mean * more.exp() - 0.1 * more

    @property
    def learned(self) -> Balance:
        """The balance."""
        return self.balance

    def _losses(self, outputs: Outputs, targets: Targets, smoothing: float) -> Losses:
        logits, label = by_head(outputs)["label"].float(), targets["label"]
        entropy = nn.functional.cross_entropy(
            logits, label, ignore_index=MISSING, label_smoothing=smoothing, reduction="sum"
        )
        sums = {"label": entropy, "depth": depth_errors(outputs, targets)[0].sum()}
        return {name: Loss(sums[name] / max(1, items), items) for name, items in self.labelled(targets).items()}

    def tally(self) -> Tally:
        """An empty one."""
        return TwoTally()


def follow(outputs: Outputs, teacher: Outputs) -> Tensor:
    """Mean squared distance from a teacher's outputs, over both heads."""
    squares = [(tensor - by_head(teacher)[head]).square().sum(dim=1) for head, tensor in by_head(outputs).items()]
    return torch.stack(squares).sum(dim=0).mean()


@dataclass(frozen=True)
class LabelAndDepth:
    """A class and a number for each image; either may be missing."""

    name: ClassVar[str] = "label-and-depth"

    @classmethod
    def of_split(cls, _split: Split) -> Self:
        """The same for all data."""
        return cls()

    @classmethod
    def of_run(cls, _run: Run) -> Self:
        """The same for all runs."""
        return cls()

    @property
    def class_names(self) -> dict[str, tuple[str, ...]]:
        """Of the label; a depth has no classes."""
        return {"label": NAMES}

    @property
    def heads(self) -> dict[str, int]:
        """A logit for each class, and a depth."""
        return {"label": len(NAMES), "depth": 1}

    def objective(self, config: Config, _dataset: Dataset, _positions: NDArray[np.int64]) -> Objective:
        """Of both heads."""
        return TwoLosses(config.training.label_smoothing)

    def teacher_loss(self, _temperature: float) -> TeacherLoss:
        """Of both heads."""
        return follow


class Loader:
    """Images whose brightness says label and depth; a third of the labels and a third of the depths are missing."""

    device = CPU
    cached_views = 1
    cached_until = 1

    def __len__(self) -> int:
        return STEPS

    def batch(self, epoch: int, index: int, _progress: float) -> Batch:
        """Drawn anew for each epoch and index."""
        generator = torch.Generator().manual_seed(epoch * STEPS + index)
        level = torch.rand(ITEMS, generator=generator)
        images = level.view(-1, 1, 1, 1) + 0.1 * torch.randn(ITEMS, 3, 4, 4, generator=generator)
        label, depth = (level * 3).long(), level.clone()
        label[::3] = MISSING
        depth[1::3] = torch.nan
        return Batch(images, {"label": label, "depth": depth}, np.arange(ITEMS))

    def batches(self, first: int, last: int, _total: int) -> Generator[Batch, None, None]:
        """Those of some steps."""
        yield from (self.batch(*divmod(step, STEPS), 0.0) for step in range(first, last))

    def __iter__(self) -> Iterator[Batch]:
        """For validation."""
        return (self.batch(999, index, 0.0) for index in range(2))


def build_training(folder: Path, *overrides: str, freezing: FreezingPlan | None = None, most: int = ITEMS) -> Training:
    """A training as `training/wiring.py` would wire it, on images drawn here."""
    base = ["mode=demo", "scheduler=constant", "training.epochs=2", "training.patience=null"]
    config = parse.parse(compose_config([*base, *overrides]))
    task: Task = LabelAndDepth()
    torch.manual_seed(0)
    model = TwoHeads(task.heads, most)
    groups = layer_groups(model)
    loader: Any = Loader()
    dataset: Any = None
    objective = task.objective(config, dataset, np.arange(ITEMS))
    assert objective.learned is not None
    parameters = parameter_groups(model, groups, weight_decay=0.01, layer_decay=0.9)
    return Training(
        config=config.training,
        scheduler=config.scheduler,
        seed=0,
        rate=0.05,
        model=model,
        ema=running_average(model, config.training),
        lookahead=slow_weights(model, config.training),
        objective=objective,
        optimizer=torch.optim.AdamW([*parameters, beside(groups, objective.learned)], lr=0.05),
        precision=Precision("fp32", CPU),
        train=loader,
        val=loader,
        groups=groups,
        plan=freezing or FreezingPlan((0,) * len(groups)),
        run=Run.create(folder, "a", "b"),
        identity={"task": task.name},
        adversary=Adversary.of(config.training.adversarial, (0.5,) * 3, (0.5,) * 3, 0, CPU),
    )
