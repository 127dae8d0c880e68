"""What a model makes of images that are not its own: a second set of data, seen as the first is."""

import numpy as np
import torch
from torch import nn

from sightline.config.data import DataConfig
from sightline.config.schema import Config
from sightline.data.dataset import Dataset, decode_images
from sightline.data.preprocessing import Preprocessing
from sightline.data.sources.find import find
from sightline.data.sources.source import Source
from sightline.data.splits.assignment import in_one_role
from sightline.errors import UsageError
from sightline.inference.predict import Predicted, eval_loader, predict_logits


def predict_unknown(
    config: Config, data: DataConfig, model: nn.Module, preprocessing: Preprocessing, device: torch.device
) -> Predicted:
    """Logits and embeddings of the readable images of other data; of their test split where they name one.

    Their labels say nothing about the model's classes.

    Args:
        config: of the run; where decoded images are kept.
        data: the other data.
        model: in eval mode.
        preprocessing: of the run.
        device: of the model.

    Raises:
        UsageError: there are no images, or none can be read.
    """
    source = _held_out(find(data))
    store = decode_images(source, preprocessing.stored_side, config.model_copy(update={"data": data}))
    kept = np.setdiff1d(np.arange(len(source)), list(store.facts.errors))
    if not len(kept):
        raise UsageError(f"evaluation.ood={data.name}: none of its {len(source)} images can be read")
    split = in_one_role(source.take(kept), [store.facts.hashes[row] for row in kept], "val")
    loader = eval_loader(Dataset(split, store, kept), "val", preprocessing, config.evaluation.batch_size, device)
    return predict_logits(model, loader)


def _held_out(source: Source) -> Source:
    test = np.array([role == "test" for role in source.roles])
    return source.take(test) if test.any() else source
