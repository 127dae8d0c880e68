"""Training: wire everything together, hand it to the loop, leave checkpoints and curves."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from sightline.config.schema import Config
from sightline.data.dataset import Dataset, list_images, white_of
from sightline.data.loaders import TrainLoader
from sightline.data.preprocessing import Preprocessing, pixel_statistics
from sightline.data.sources.source import Source
from sightline.errors import RunFailedError
from sightline.inference.model import InputSpec, input_spec, load_preprocessing, load_split
from sightline.machine.device import pick_device
from sightline.machine.distributed import all_reduce_max
from sightline.machine.signals import stop_signal
from sightline.machine.terminal import logger, show_table
from sightline.models.freezing import table_of
from sightline.reporting import figures
from sightline.run.folder import Run
from sightline.run.origin import PREPROCESSING
from sightline.tasks.table import task_to_train
from sightline.tasks.task import Task
from sightline.training.extras.soup import average_best_epochs
from sightline.training.extras.streams import open_stream
from sightline.training.loop import Loop
from sightline.training.origins import check_weights
from sightline.training.resume import restore
from sightline.training.setup import Training
from sightline.training.wiring import wire

Pixels = NDArray[np.uint8]

PREVIEW_IMAGES = 6
PREVIEW_DRAWS = 7
TRIAL = "trial"
"""The mode of a training that is one of many, of which no one looks at pictures."""


def run(config: Config, run: Run) -> dict[str, float]:
    """Train from where the run stands; writes checkpoints, `metrics.jsonl`, `preprocessing.json` and two figures."""
    training, preprocessing = prepare(config, run)
    run.save_json(PREPROCESSING, preprocessing.to_json())
    run.become_latest(Path(config.runs_dir))
    _show(training)
    drawn = run.writes and config.mode.name != TRIAL
    if drawn:
        run.save_bytes("figures/augmentation.png", _preview(training.train, preprocessing))

    best = _train(training)
    if drawn:
        run.save_bytes("figures/curves.png", figures.curves(run.rows("metrics.jsonl"), best_epoch=int(best["epoch"])))
    logger.info("best epoch %d by %s: %.4f", best["epoch"] + 1, config.training.monitor, best[config.training.monitor])
    return best


def prepare(config: Config, run: Run) -> tuple[Training, Preprocessing]:
    """Everything of a training that has not taken a step, and how its images are brought to the model."""
    device = pick_device(config.device)
    split = load_split(run)
    check_weights(config.model.weights, split, Path(config.runs_dir))
    source = list_images(config)
    spec = spec_of_run(config, run, source)
    white = white_of_run(config, run, source, spec)
    dataset = Dataset.open(config, split, spec.reduction, white=white)
    task = task_to_train(config, split)
    preprocessing = replace(_preprocessing(spec, dataset, task), white=white)
    torch.manual_seed(config.seed)
    return wire(config, run, task, dataset, preprocessing, device), preprocessing


def _train(training: Training) -> dict[str, float]:
    """Go on from the last checkpoint to the end; the row of what `best.pt` holds then."""
    progress, tally = restore(training)
    if progress.step:
        logger.info("going on after step %d of %d", progress.step, training.total_steps)
    with stop_signal() as stop:
        loop = Loop(training, open_stream(training), progress, tally)
        progress = loop.run(stop)
    if progress.best is None:
        raise RunFailedError("training ended without one closed epoch")
    best = progress.history[progress.best]
    if training.config.soup:
        all_reduce_max([0])  # the first process has written the last member by now
        best = average_best_epochs(training, progress.history, loop.evaluate) or best
    return best


def spec_of_run(config: Config, run: Run, source: Source) -> InputSpec:
    """What the model asks of its input; images are cut as the training that goes on had them."""
    spec = input_spec(config, source)
    return replace(spec, longest=load_preprocessing(run).longest) if run.has(PREPROCESSING) else spec


def white_of_run(config: Config, run: Run, source: Source, spec: InputSpec) -> int:
    """What is white in grey images of more than 8 bits: as the training that goes on had it, else by the data."""
    if run.has(PREPROCESSING):
        return load_preprocessing(run).white
    return white_of(source, spec.reduction, config)


def _preprocessing(spec: InputSpec, dataset: Dataset, task: Task) -> Preprocessing:
    """Normalisation from the weights' own facts, else from the train split's pixels (rules 5 and 6)."""
    mean, std = spec.mean, spec.std
    if mean is None or std is None:
        mean, std = pixel_statistics(dataset.store, dataset.rows[dataset.positions("train")])
    names = list(task.class_names.values())
    class_names = names[0] if len(names) == 1 else ()
    return Preprocessing(
        spec.image_size,
        mean,
        std,
        spec.interpolation,
        spec.crop_fraction,
        class_names,
        fit=spec.fit,
        longest=spec.longest,
        shorter=spec.shorter,
        tile=spec.tile,
    )


def _show(training: Training) -> None:
    """The table of layer groups and the facts of this machine, before the first step."""
    parameters = sum(parameter.numel() for parameter in training.model.parameters())
    logger.info(
        "training: %s, %.2f M parameters, %d step%s an epoch, %s on %s",
        training.identity["model_name"],
        parameters / 1e6,
        len(training.train),
        "s" * (len(training.train) != 1),
        training.precision.name,
        training.precision.device,
    )
    if training.adversary:
        logger.info("adversarial training %s", training.adversary.words)
    if training.plan.freezes:
        rows = training.plan.rows(training.model, training.groups, training.optimizer)
        show_table("layer groups", *table_of(rows))
        training.run.save_json("freezing.json", rows)
        training.run.save_bytes("figures/freezing.png", figures.freezing(rows, training.config.epochs))


def _preview(loader: TrainLoader, preprocessing: Preprocessing) -> bytes:
    """What the transforms do to images from all over the train split: whole, in evaluation and in the first epochs."""
    trained = loader.dataset.positions("train")
    chosen = trained[np.linspace(0, len(trained) - 1, min(PREVIEW_IMAGES, len(trained))).astype(int)]
    evaluated, originals = dict[int, Pixels](), dict[int, Pixels]()
    drawn = [dict[int, Pixels]() for _ in range(PREVIEW_DRAWS)]
    for places, images, sizes in loader.dataset.store.batches(loader.dataset.rows[chosen]):
        for rows, batch in preprocessing.transform().by_shape(images, sizes):
            evaluated |= zip(places[rows].tolist(), preprocessing.to_pixels(batch), strict=True)
        for epoch, seen in enumerate(drawn):
            draw = loader.transform(images, sizes, epoch, chosen[places])
            seen |= zip(places.tolist(), preprocessing.to_pixels(draw), strict=True)
        for place, image, (height, width) in zip(places.tolist(), images, sizes.tolist(), strict=True):
            originals[place] = image[:, :height, :width].permute(1, 2, 0).numpy()
    plain, whole, *draws = ([some[place] for place in range(len(chosen))] for some in (evaluated, originals, *drawn))
    fits = all(image.shape[0] == image.shape[1] == preprocessing.image_size for image in whole)
    return figures.augmentation(plain, draws, () if fits else whole)
