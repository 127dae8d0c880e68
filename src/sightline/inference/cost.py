"""What a model costs: parameters, arithmetic, and the time of an answer on this machine."""

import logging

import torch
from torch import nn

from sightline.config.schema import Config
from sightline.data.preprocessing import Preprocessing
from sightline.inference.operations import operations
from sightline.metrics.documents.cost import Cost
from sightline.models.freezing import FreezingPlan
from sightline.models.groups import layer_groups

BATCH = 32
SECONDS = 0.2
"""How long passes are timed, once it is known how many of them take long enough to be read from the clock."""


def model_cost(model: nn.Module, config: Config, preprocessing: Preprocessing, device: torch.device) -> Cost:
    """Measure a model in eval mode, in float32, as `predict` runs it.

    Args:
        model: on `device`.
        config: of its run; the freezing plan says which parameters were trained.
        preprocessing: the size of an image.
        device: where it runs.

    Returns:
        Parameters in all and trained, floating-point operations of one image (a multiplication and an addition are
        two), milliseconds of one image (median), images per second in batches of `batch`.
    """
    side = preprocessing.image_size
    one, many = (torch.zeros(count, len(preprocessing.mean), side, side, device=device) for count in (1, BATCH))
    many = many.contiguous(memory_format=torch.channels_last)
    flops = operations(model, one)
    with torch.inference_mode():
        latency, batch = (_seconds(model, images) for images in (one, many))
    return {
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "trained_parameters": _trained(model, config),
        "flops": flops,
        "latency_ms": 1000 * latency,
        "images_per_second": BATCH / batch,
        "batch": BATCH,
        "image_size": side,
        "device": str(device),
        "threads": torch.get_num_threads(),
    }


def _trained(model: nn.Module, config: Config) -> int:
    """Parameters of the layer groups that train in the last epoch."""
    groups = layer_groups(model)
    trains = FreezingPlan.from_config(config.freezing, groups).trainable(config.training.epochs - 1)
    names = {name for group, yes in zip(groups, trains, strict=True) if yes for name in group.parameter_names}
    return sum(parameter.numel() for name, parameter in model.named_parameters() if name in names)


def _seconds(model: nn.Module, images: torch.Tensor) -> float:
    """The median time of a pass, with as many threads as the model has elsewhere."""
    # The import looks for a CUDA compiler, and would warn where it finds one and no GPU; nothing is compiled here.
    logging.getLogger("torch.utils.cpp_extension").setLevel(logging.ERROR)
    from torch.utils.benchmark import Timer

    timer = Timer("model(images)", globals={"model": model, "images": images}, num_threads=torch.get_num_threads())
    return timer.blocked_autorange(min_run_time=SECONDS).median
