"""What a model makes of images that are not its own: a second set of data, seen as the first is."""

from dataclasses import replace
from typing import TypeVar

import numpy as np

from sightline.config.data import DataConfig
from sightline.config.schema import Config
from sightline.data.dataset import Dataset, decode_images
from sightline.data.sources.find import find_unknown
from sightline.data.sources.source import Source
from sightline.data.splits.assignment import in_one_role
from sightline.errors import UsageError
from sightline.inference.collector import Collector
from sightline.inference.loaded_run import LoadedRun
from sightline.machine.terminal import logger

P = TypeVar("P")


def predict_ood(config: Config, data: DataConfig, loaded: LoadedRun, collector: Collector[P]) -> P:
    """Predictions of the readable images of other data; of their test split where they name one.

    Their labels say nothing about the model's classes.

    Args:
        config: of the command; where decoded images are kept.
        data: the other data.
        loaded: the run whose model is asked.
        collector: of the run's task.

    Raises:
        UsageError: there are no images, or none can be read.
    """
    source = _held_out(find_unknown(data))
    for remark in source.remarks:
        (logger.info if remark.outcome == "pass" else logger.warning)("evaluation.ood: %s", remark.message)
    seen = loaded.preprocessing
    store = decode_images(source, seen.reduction, config.model_copy(update={"data": data}), seen.white)
    kept = np.setdiff1d(np.arange(len(source)), list(store.facts.errors))
    if not len(kept):
        raise UsageError(f"evaluation.ood={data.name}: none of its {len(source)} images can be read")
    split = in_one_role(source.take(kept), [store.facts.hashes[row] for row in kept], "val")
    return replace(loaded, dataset=Dataset(split, store, kept)).predict("val", collector)


def _held_out(source: Source) -> Source:
    test = np.array([role == "test" for role in source.roles])
    return source.take(test) if test.any() else source
