"""From a model and images to predictions, whatever a task keeps of them."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Protocol, TypeVar

import torch
from torch import Tensor, nn

from sightline.data.batch import Batch
from sightline.data.dataset import Dataset
from sightline.data.loaders import EvalLoader
from sightline.data.preprocessing import Preprocessing
from sightline.data.transforms.test_time import View, Views, views
from sightline.inference.collector import Collector
from sightline.inference.tiles import MAPS
from sightline.machine.distributed import World
from sightline.machine.memory import fit_in_memory
from sightline.machine.signals import check_stop
from sightline.machine.terminal import ProgressBar
from sightline.models.outputs import Outputs, map_outputs
from sightline.models.parameter_groups import NORMS
from sightline.run.folder import SplitName

P = TypeVar("P")


class Batches(Protocol):
    """Batches of the items of one role, in the order of its split; `EvalLoader` and what changes its images."""

    @property
    def dataset(self) -> Dataset:
        """Whose items they are."""

    @property
    def role(self) -> str:
        """Of the items."""

    def __len__(self) -> int:
        """How many batches."""

    def __iter__(self) -> Iterator[Batch]:
        """One after the other."""


def predict(model: nn.Module, loader: Batches, collector: Collector[P], kind: Views = "none") -> P:
    """Predictions of every item of a loader, in its order.

    Args:
        model: in eval mode.
        loader: of one role.
        collector: of the task.
        kind: the views of an image over which outputs are averaged.
    """
    ids = loader.dataset.split.ids
    collected, micro_batches = [], 1
    with torch.inference_mode(), ProgressBar(len(loader), f"predicting {loader.role}") as bar:
        for number, batch in enumerate(loader):
            check_stop()
            attempt = partial(_collect, model, batch, ids, collector, kind)
            parts, micro_batches = fit_in_memory(attempt, micro_batches, len(batch), len(batch))
            collected += parts
            bar.update(number + 1, f"predicting {loader.role}")
    return collector.joined(collected)


def mc_dropout(model: nn.Module, loader: EvalLoader, collector: Collector[P], passes: int, seed: int) -> Iterator[P]:
    """Predictions with dropout and stochastic depth left on, drawn anew in each pass (Gal and Ghahramani 2016).

    Normalisation keeps its statistics. Passes are the same for the same seed and batch size.
    """
    try:
        for number in range(passes):
            model.train()
            for module in model.modules():
                if isinstance(module, NORMS):
                    module.eval()
            with torch.random.fork_rng():
                torch.manual_seed((seed * 100_003 + number) % 2**63)
                predictions = predict(model, loader, collector)
            yield predictions
    finally:
        model.eval()


def _collect(
    model: nn.Module, batch: Batch, ids: Sequence[str], collector: Collector[P], kind: Views, micro_batches: int
) -> list[P]:
    """Predictions of each part of a batch."""
    return [
        collector.collect(
            [ids[position] for position in part.positions],
            over_views(model, part.images, collector, kind),
            part.targets,
        )
        for part in batch.micro_batches(micro_batches)
    ]


def over_views(model: nn.Module, images: Tensor, collector: Collector[P], kind: Views) -> Outputs:
    """The weighted mean over the views of each image; of a pixel, over those that show it."""
    seen = list(views(images, kind))
    answers = [collector.forward(model, view.images) for view in seen]
    return map_outputs(partial(_mean, seen), *answers)


def _mean(seen: Sequence[View], *outputs: Tensor) -> Tensor:
    """The mean of what is said of each view: of maps as large as the images, once all are turned back."""
    if outputs[0].ndim != MAPS or outputs[0].shape[2:] != seen[0].images.shape[2:]:
        return torch.stack([view.weight * output.float() for view, output in zip(seen, outputs, strict=True)]).sum(
            dim=0
        )
    total = torch.zeros_like(outputs[0], dtype=torch.float32)
    weights = total.new_zeros(1, 1, *total.shape[2:])
    for view, output in zip(seen, outputs, strict=True):
        total += view.weight * view.turned_back(output.float())
        weights += view.weight * view.turned_back(torch.ones_like(weights))
    return total / weights


def eval_loader(
    dataset: Dataset,
    role: SplitName,
    preprocessing: Preprocessing,
    batch_size: int,
    device: torch.device,
    memory_format: torch.memory_format = torch.channels_last,
    peers: World = World(),  # noqa: B008 - immutable
) -> EvalLoader:
    """Batches of a role as every later stage sees them; of several processes each gets its share."""
    transform = preprocessing.transform()
    return EvalLoader(dataset, role, transform, batch_size, device, memory_format, peers.rank, peers.size)
