"""From a model and images to logits."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Protocol, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sightline.config.schema import Config
from sightline.data.batch import Batch
from sightline.data.dataset import Dataset
from sightline.data.loaders import EvalLoader
from sightline.data.preprocessing import Preprocessing
from sightline.data.transforms.test_time import Views, views
from sightline.inference.model import load_model, load_preprocessing, load_split
from sightline.inference.predictions import has_predictions, save_predictions
from sightline.machine.device import pick_device
from sightline.machine.distributed import World
from sightline.machine.memory import fit_in_memory
from sightline.machine.terminal import ProgressBar
from sightline.metrics.predictions import Predictions
from sightline.models.groups import NORMS
from sightline.run.folder import Run, SplitName


class Backbone(Protocol):
    """timm's protocol, in so far as it is used here."""

    def forward_features(self, x: Tensor) -> Tensor:
        """The last maps or tokens."""

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor:
        """Pooled features, or logits."""


Predicted = tuple[Predictions, NDArray[np.float32]]
"""Logits of items, and (n, features) what the classifier saw of each."""


def predict_logits(model: nn.Module, loader: EvalLoader, kind: Views = "none") -> Predicted:
    """Logits in float32 for every item of a loader, in its order, and the embeddings they were made from.

    Args:
        model: in eval mode.
        loader: of one role.
        kind: the views of an image over which logits and embeddings are averaged.

    Returns:
        The predictions, and (n, features) what the classifier saw of each item.
    """
    backbone = cast("Backbone", model)
    logits, embeddings, positions, parts = [], [], [], 1
    with torch.inference_mode(), ProgressBar(len(loader), f"predicting {loader.role}") as bar:
        for number, batch in enumerate(loader):
            answers, parts = fit_in_memory(partial(_answers, backbone, batch, kind), parts, len(batch), len(batch))
            logits += [answer for answer, _ in answers]
            embeddings += [embedding for _, embedding in answers]
            positions.append(batch.positions)
            bar.update(number + 1, f"predicting {loader.role}")
    split = loader.dataset.split
    index = np.concatenate(positions)
    predictions = Predictions(
        ids=np.array([split.ids[position] for position in index]),
        logits=np.concatenate(logits),
        labels=split.labels[index].astype(np.int64),
    )
    return predictions, np.concatenate(embeddings)


def noisy_passes(model: nn.Module, loader: EvalLoader, passes: int, seed: int) -> Iterator[Predictions]:
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
                torch.manual_seed(seed * 100_003 + number)
                predictions, _ = predict_logits(model, loader)
            yield predictions
    finally:
        model.eval()


def _answers(
    backbone: Backbone, batch: Batch, kind: Views, parts: int
) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Logits and embeddings of each part of a batch."""
    answers = []
    for part in batch.micro_batches(parts):
        seen = [(weight, backbone.forward_features(images)) for weight, images in views(part.images, kind)]
        answers.append((_mean(backbone, seen, pre_logits=False), _mean(backbone, seen, pre_logits=True)))
    return answers


def _mean(backbone: Backbone, seen: list[tuple[float, Tensor]], *, pre_logits: bool) -> NDArray[np.float32]:
    answers = (weight * backbone.forward_head(maps, pre_logits=pre_logits).float() for weight, maps in seen)
    mean: NDArray[np.float32] = torch.stack(list(answers)).sum(dim=0).cpu().numpy()
    return mean


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


def predict_held_out(run: Run, config: Config, roles: Sequence[SplitName]) -> None:
    """Write the predictions of splits whose labels are not locked, where they are not there yet."""
    if not run.has("split.json"):  # predictions that another tool made are all there is
        return
    split = load_split(run)
    missing = [role for role in roles if len(split.positions(role)) and not has_predictions(run, role)]
    if not missing:
        return
    preprocessing, device = load_preprocessing(run), pick_device(config.device)
    dataset, model = Dataset.open(config, split, preprocessing.stored_side), load_model(run, device)
    for role in missing:
        loader = eval_loader(dataset, role, preprocessing, config.evaluation.batch_size, device)
        save_predictions(run, role, predict_logits(model, loader)[0])
