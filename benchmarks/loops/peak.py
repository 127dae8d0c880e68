"""The convolution peak: the most operations a second that the library shows in large convolutions, there and back.

Forward and both gradients of 3x3 convolutions in channels-last, counted as two operations a multiplication and
addition. A shape's rate is that of its median time, the peak is the best shape's.
"""

import json
import time
from statistics import median

from sightline.machine.environment import prepare_environment, prepare_torch

prepare_environment()  # the peak has what Sightline has

import torch  # noqa: E402
from torch import nn  # noqa: E402

from benchmarks.loops.bare import synchronise  # noqa: E402
from benchmarks.loops.protocol import Job, read_job  # noqa: E402

SHAPES = ((64, 128, 32), (64, 256, 16), (64, 256, 32), (64, 512, 16), (256, 64, 32), (256, 512, 8))
"""Batch, channels, pixels a side."""
PASSES, SCALE_ON_CUDA = 3, 16


def main() -> None:
    """Measure every shape and print one line of JSON."""
    job, _ = read_job(__doc__)
    prepare_torch()
    torch.backends.cudnn.benchmark = True
    seconds = job.seconds / len(SHAPES)
    rates = {"x".join(map(str, shape)): _rate(job, *shape, seconds=seconds) for shape in SHAPES}
    print("\n" + json.dumps({"precision": job.precision, "gflops": max(rates.values()), "shapes": rates}))


def _rate(job: Job, batch: int, channels: int, side: int, *, seconds: float) -> float:
    """GFLOP/s of one shape."""
    if job.device.type == "cuda":
        batch *= SCALE_ON_CUDA
    dtype = torch.bfloat16 if job.precision == "bf16" else torch.float32
    placed = {"device": job.device, "dtype": dtype}
    layer = nn.Conv2d(channels, channels, 3, padding=1, bias=False, **placed).to(memory_format=torch.channels_last)
    images = torch.randn(batch, channels, side, side, **placed).to(memory_format=torch.channels_last).requires_grad_()
    gradient = torch.randn(batch, channels, side, side, **placed).to(memory_format=torch.channels_last)
    operations = PASSES * 2 * batch * side * side * channels * channels * 9
    times: list[float] = []
    while len(times) < 3 or sum(times) < seconds:
        synchronise(job.device)
        start = time.perf_counter()
        torch.autograd.grad(layer(images), (images, layer.weight), gradient)
        synchronise(job.device)
        times.append(time.perf_counter() - start)
    return operations / median(times[1:]) / 1e9


if __name__ == "__main__":
    main()
