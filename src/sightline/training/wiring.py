"""From a configuration and a dataset to a training, ready for its loop."""

from functools import partial
from pathlib import Path

import torch
from torch import nn

from sightline.config import parse
from sightline.config.base import decided
from sightline.config.schema import Config
from sightline.data.dataset import Dataset
from sightline.data.loaders import TrainLoader
from sightline.data.preprocessing import Preprocessing
from sightline.data.transforms.transform import TrainTransform
from sightline.inference.predict import eval_loader
from sightline.inference.tiles import whole_answers
from sightline.machine.distributed import world
from sightline.models.build import build_model
from sightline.models.freezing import FreezingPlan
from sightline.models.groups import LayerGroup, layer_groups
from sightline.models.networks.whitening import whitening_layers
from sightline.models.parameter_groups import beside, parameter_groups
from sightline.run.folder import Run
from sightline.tasks.task import Task
from sightline.training.adversary import Adversary
from sightline.training.averages import running_average, slow_weights
from sightline.training.extras.compiling import is_compiled
from sightline.training.extras.distillation import with_teacher
from sightline.training.extras.teacher import TeacherModel, open_teacher
from sightline.training.optimizer import build_optimizer
from sightline.training.precision import choose_precision
from sightline.training.setup import Training

WHITENING_IMAGES = 5000


def wire(
    config: Config, run: Run, task: Task, dataset: Dataset, preprocessing: Preprocessing, device: torch.device
) -> Training:
    """Build everything that the configuration asks for; the model is drawn from torch's generator.

    Raises:
        UsageError: a model, weights, freezing plan, optimiser, precision or teacher that cannot be had.
    """
    layout = torch.preserve_format if config.training.channels_last == "off" else torch.channels_last
    memory_format = torch.contiguous_format if layout is torch.preserve_format else torch.channels_last
    model = build_model(config.model, task.heads, preprocessing.image_size).to(device).to(memory_format=layout)
    groups = layer_groups(model)
    plan = FreezingPlan.from_config(config.freezing, groups)
    train = _train_loader(config, dataset, preprocessing, device, memory_format, plan)
    if not config.model.has_learned_weights:
        _whiten(model, train, preprocessing)
    objective = task.objective(config, dataset, train.positions)
    if objective.learned is not None:
        objective.learned.to(device)
    return Training(
        config=config.training,
        scheduler=config.scheduler,
        seed=config.seed,
        rate=decided(config.optimizer.lr),
        model=model,
        ema=running_average(model, config.training),
        lookahead=slow_weights(model, config.training),
        objective=with_teacher(objective, task, config.training),
        optimizer=_optimizer(config, model, groups, objective.learned),
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
            "class_names": list(preprocessing.class_names),
        },
        drop_rate=config.model.drop_rate,
        teacher=_teacher(config, task, dataset, preprocessing, device),
        adversary=Adversary.of(config.training.adversarial, preprocessing.mean, preprocessing.std, config.seed, device),
        answering=partial(whole_answers, seen=preprocessing),
        compiles=is_compiled(config.training.compile, device, config.training.epochs * len(train)),
    )


def _optimizer(
    config: Config, model: nn.Module, groups: list[LayerGroup], learned: nn.Module | None
) -> torch.optim.Optimizer:
    parameters = parameter_groups(
        model,
        groups,
        weight_decay=config.optimizer.weight_decay,
        layer_decay=config.optimizer.layer_decay,
        bias_scale=config.optimizer.bias_scale,
        bias_decay=config.optimizer.bias_decay,
    )
    return build_optimizer(config.optimizer, parameters + ([] if learned is None else [beside(groups, learned)]))


def _train_loader(
    config: Config,
    dataset: Dataset,
    preprocessing: Preprocessing,
    device: torch.device,
    memory_format: torch.memory_format,
    plan: FreezingPlan,
) -> TrainLoader:
    """The batches that train, of which each process has its share."""
    peers = world()
    return TrainLoader(
        dataset,
        _transform(config, preprocessing),
        config.transforms.mixing,
        decided(config.training.batch_size),
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


def _transform(config: Config, preprocessing: Preprocessing) -> TrainTransform:
    return TrainTransform(
        config.transforms,
        image_size=preprocessing.image_size,
        mean=preprocessing.mean,
        std=preprocessing.std,
        interpolation=preprocessing.interpolation,
        crop_fraction=preprocessing.crop_fraction,
        fit=preprocessing.fit,
        shorter=preprocessing.shorter,
        seed=config.seed,
    )


def _views(config: Config, plan: FreezingPlan) -> int | None:
    """How many views of an image the epochs show while the head trains alone; None is a new one in each.

    An adversary makes new ones of the same view.
    """
    if any(plan.trainable(0)[:-1]) or config.training.adversarial.is_on:
        return None
    return 1 if config.transforms.is_deterministic else config.freezing.cached_views


def _whiten(model: nn.Module, train: TrainLoader, preprocessing: Preprocessing) -> None:
    """Show some training images, evenly taken from all classes, to the layers that are made from them."""
    layers = whitening_layers(model)
    if layers:
        chosen = train.positions[:: max(1, len(train.positions) // WHITENING_IMAGES)][:WHITENING_IMAGES]
        images = preprocessing.transform()(*train.dataset.store.batch(train.dataset.rows[chosen]))
        for layer in layers:
            layer.fit(images)


def _teacher(
    config: Config, task: Task, dataset: Dataset, preprocessing: Preprocessing, device: torch.device
) -> TeacherModel | None:
    """The run that teaches; where no pixel changes from epoch to epoch, it is asked once."""
    name = config.training.teacher
    if name is None:
        return None
    precision = config.training.precision
    teacher = open_teacher(name, Path(config.runs_dir), task, dataset.split, preprocessing, device, precision)
    if config.transforms.is_deterministic:
        teacher.remember(eval_loader(dataset, "train", preprocessing, config.evaluation.batch_size, device))
    return teacher
