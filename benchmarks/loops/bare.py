"""The limit: forward, backward and update on tensors in memory, in the best layout, and nothing else."""

from collections.abc import Callable

from sightline.machine.environment import prepare_environment, prepare_torch

prepare_environment()  # the limit has what Sightline has

import torch  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from benchmarks.loops.protocol import (  # noqa: E402
    CLASSES,
    MOMENTUM,
    RATE,
    SIDE,
    WEIGHT_DECAY,
    Job,
    Stopwatch,
    answer,
    read_job,
    small_resnet18,
)

STEPS_A_TICK = 10
"""On cuda, where waiting for each step would let the device stand idle."""


def main() -> None:
    """Take steps until enough was timed."""
    job, _ = read_job(__doc__)
    prepare_torch()
    torch.backends.cudnn.benchmark = True
    model = small_resnet18()
    step = bare_step(job, model, job.batch)
    watch, number, enough = Stopwatch(job), 0, False
    while not enough:
        step()
        if job.device.type == "cpu" or number % STEPS_A_TICK == 0:
            synchronise(job.device)
            enough = watch.tick(number)
        number += 1
    answer("bare", job, watch.steps * job.batch, watch.seconds, model.state_dict())


def bare_step(job: Job, model: nn.Module, images: int) -> Callable[[], None]:
    """A step of a model that is moved to the job's device and put into channels-last for it."""
    model.to(job.device).to(memory_format=torch.channels_last).train()
    inputs = torch.randn(images, 3, SIDE, SIDE, device=job.device).contiguous(memory_format=torch.channels_last)
    labels = torch.randint(CLASSES, (images,), device=job.device)
    optimizer = torch.optim.SGD(
        model.parameters(), lr=RATE, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY, nesterov=True, fused=True
    )

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        with job.autocast():
            outputs = model(inputs)
        F.cross_entropy(outputs.float(), labels).backward()
        optimizer.step()

    return step


def synchronise(device: torch.device) -> None:
    """Wait for what the device was asked for."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


if __name__ == "__main__":
    main()
