"""Training: wire the parts together, hand them to the loop, leave checkpoints and curves."""

from pathlib import Path

import torch
from torch import nn

from sightline.config import parse
from sightline.config.schema import Config
from sightline.data.dataset import Dataset, list_images
from sightline.data.loaders import TrainLoader
from sightline.data.preprocessing import Preprocessing, pixel_statistics
from sightline.data.transforms.transform import TrainTransform
from sightline.errors import RunFailedError
from sightline.inference.model import InputView, input_view, load_split
from sightline.inference.predict import eval_loader
from sightline.machine.device import pick_device
from sightline.machine.distributed import largest, world
from sightline.machine.signals import stop_signal
from sightline.machine.terminal import logger, show_table
from sightline.models.build import build_model
from sightline.models.freezing import FreezingPlan, table
from sightline.models.groups import layer_groups, parameter_groups
from sightline.models.networks.whitening import whitening_layers
from sightline.reporting import figures
from sightline.run.folder import Run
from sightline.tasks.table import task_to_train
from sightline.training.averages import running_average, slow_weights
from sightline.training.extras.compiling import pays
from sightline.training.extras.distillation import Teacher, open_teacher, with_teacher
from sightline.training.extras.soup import cook
from sightline.training.loop import Loop
from sightline.training.optimizer import build_optimizer
from sightline.training.parts import Training
from sightline.training.precision import choose_precision
from sightline.training.resume import restore

PREVIEW_IMAGES, PREVIEW_DRAWS = 6, 7
WHITENING_IMAGES = 5000
TRIAL = "trial"
"""The mode of a training that is one of many, of which no one looks at pictures."""


def run(config: Config, run: Run) -> dict[str, float]:
    """Train from where the run stands; writes checkpoints, `metrics.jsonl`, `preprocessing.json` and two figures."""
    device = pick_device(config.device)
    split = load_split(run)
    view = input_view(config, list_images(config))
    dataset = Dataset.open(config, split, view.stored_side)
    preprocessing = _preprocessing(view, dataset)
    run.save_json("preprocessing.json", preprocessing.to_json())

    torch.manual_seed(config.seed)
    training = _wire(config, run, dataset, preprocessing, device)
    run.become_latest(Path(config.runs_dir))
    _show(training)
    drawn = run.writes and config.mode.name != TRIAL
    if drawn:
        run.save_bytes("figures/augmentation.png", _preview(training.train, preprocessing))

    progress, tally = restore(training)
    if progress.step:
        logger.info("going on after step %d of %d", progress.step, training.total_steps)
    with stop_signal() as stop:
        loop = Loop(training, progress, tally)
        progress = loop.run(stop)
    if progress.best is None:
        raise RunFailedError("training ended without one closed epoch")
    best = progress.history[progress.best]
    if config.training.soup:
        largest([0])  # the first process has written the last member by now
        best = cook(training, progress.history, loop.evaluate) or best
    if drawn:
        run.save_bytes("figures/curves.png", figures.curves(run.rows("metrics.jsonl"), best_epoch=int(best["epoch"])))
    logger.info("best epoch %d by %s: %.4f", best["epoch"] + 1, config.training.monitor, best[config.training.monitor])
    return best


def _preprocessing(view: InputView, dataset: Dataset) -> Preprocessing:
    """Normalisation from the weights' own facts, else from the train split's pixels (rules 5 and 6)."""
    mean, std = view.mean, view.std
    if mean is None or std is None:
        mean, std = pixel_statistics(dataset.store, dataset.rows[dataset.positions("train")])
    return Preprocessing(view.image_size, mean, std, view.interpolation, view.crop_fraction, dataset.split.class_names)


def _wire(config: Config, run: Run, dataset: Dataset, preprocessing: Preprocessing, device: torch.device) -> Training:
    task = task_to_train(config, dataset.split)
    model = build_model(config.model, task.heads, preprocessing.image_size)
    layout = torch.preserve_format if config.training.channels_last == "off" else torch.channels_last
    model = model.to(device).to(memory_format=layout)
    groups = layer_groups(model)
    plan = FreezingPlan.from_config(config.freezing, groups)
    memory_format = torch.contiguous_format if layout is torch.preserve_format else torch.channels_last
    train = _train_loader(config, dataset, preprocessing, device, memory_format, plan)
    objective = task.objective(config, {"label": dataset.split.labels[train.positions]})
    if not config.model.has_learned_weights:
        _whiten(model, train, preprocessing)
    return Training(
        config=config.training,
        scheduler=config.scheduler,
        seed=config.seed,
        rate=config.optimizer.lr,
        model=model,
        ema=running_average(model, config.training),
        lookahead=slow_weights(model, config.training),
        objective=with_teacher(objective, task, config.training),
        optimizer=build_optimizer(
            config.optimizer,
            parameter_groups(
                model,
                groups,
                weight_decay=config.optimizer.weight_decay,
                layer_decay=config.optimizer.layer_decay,
                bias_scale=config.optimizer.bias_scale,
                bias_decay=config.optimizer.bias_decay,
            ),
        ),
        precision=choose_precision(config.training.precision, device, model, preprocessing.image_size),
        train=train,
        val=eval_loader(dataset, "val", preprocessing, config.evaluation.batch_size, device, memory_format, world()),
        groups=groups,
        plan=plan,
        run=run,
        identity={
            "config_hash": parse.config_hash(config),
            "split": dataset.split.fingerprint(),
            "model_name": config.model.name,
            "class_names": list(dataset.split.class_names),
        },
        drop_rate=config.model.drop_rate,
        teacher=_teacher(config, dataset, preprocessing, device),
        compiles=_compiles(config.training.compile, device, config.training.epochs * len(train)),
    )


def _train_loader(
    config: Config,
    dataset: Dataset,
    preprocessing: Preprocessing,
    device: torch.device,
    memory_format: torch.memory_format,
    plan: FreezingPlan,
) -> TrainLoader:
    """The batches that train, of which each process has its share."""
    transform = TrainTransform(
        config.transforms,
        image_size=preprocessing.image_size,
        mean=preprocessing.mean,
        std=preprocessing.std,
        interpolation=preprocessing.interpolation,
        crop_fraction=preprocessing.crop_fraction,
        seed=config.seed,
    )
    peers = world()
    return TrainLoader(
        dataset,
        transform,
        config.transforms.mixing,
        config.training.batch_size,
        config.seed,
        device,
        memory_format,
        config.imbalance.sampler,
        steps_per_epoch=config.training.steps_per_epoch,
        overfit_batches=config.training.overfit_batches,
        rank=peers.rank,
        processes=peers.size,
        cached_views=_views(config, plan),
        cached_until=plan.changes[0] if plan.changes else config.training.epochs,
    )


def _views(config: Config, plan: FreezingPlan) -> int | None:
    """How many views of an image the epochs show while the head trains alone; None is a new one in each."""
    if any(plan.trainable(0)[:-1]):
        return None
    return 1 if config.transforms.is_deterministic else config.freezing.cached_views


def _teacher(config: Config, dataset: Dataset, preprocessing: Preprocessing, device: torch.device) -> Teacher | None:
    """The run that teaches; where no pixel changes from epoch to epoch, it is asked once."""
    name = config.training.teacher
    if name is None:
        return None
    teacher = open_teacher(name, Path(config.runs_dir), dataset.split, preprocessing, device, config.training.precision)
    if config.transforms.is_deterministic:
        teacher.remember(eval_loader(dataset, "train", preprocessing, config.evaluation.batch_size, device))
    return teacher


def _compiles(choice: str, device: torch.device, steps: int) -> bool:
    return choice == "on" or (choice == "auto" and pays(device, steps))


def _whiten(model: nn.Module, train: TrainLoader, preprocessing: Preprocessing) -> None:
    """Show some training images, evenly taken from all classes, to the layers that are made from them."""
    layers = whitening_layers(model)
    if layers:
        chosen = train.positions[:: max(1, len(train.positions) // WHITENING_IMAGES)][:WHITENING_IMAGES]
        images = preprocessing.transform()(*train.dataset.store.batch(train.dataset.rows[chosen]))
        for layer in layers:
            layer.fit(images)


def _show(training: Training) -> None:
    """The table of layer groups and the facts of this machine, before the first step."""
    parameters = sum(parameter.numel() for parameter in training.model.parameters())
    logger.info(
        "training: %s, %.2f M parameters, %d steps an epoch, %s on %s",
        training.identity["model_name"],
        parameters / 1e6,
        len(training.train),
        training.precision.name,
        training.precision.device,
    )
    if training.plan.freezes:
        rows = training.plan.rows(training.model, training.groups, training.optimizer)
        show_table("layer groups", *table(rows))
        training.run.save_json("freezing.json", rows)
        training.run.save_bytes("figures/freezing.png", figures.freezing(rows, training.config.epochs))


def _preview(loader: TrainLoader, preprocessing: Preprocessing) -> bytes:
    """What the transforms do to the first training images: each one as it is, and as the first epochs see it."""
    chosen = loader.dataset.positions("train")[:PREVIEW_IMAGES]
    images, sizes = loader.dataset.store.batch(loader.dataset.rows[chosen])
    plain = preprocessing.transform()(images, sizes)
    draws = [loader.transform(images, sizes, epoch, chosen) for epoch in range(PREVIEW_DRAWS)]
    return figures.augmentation(preprocessing.to_pixels(plain), [preprocessing.to_pixels(draw) for draw in draws])
