"""What all contestants share: job, network, optimiser's settings, stopwatch, and one line of JSON as the answer."""

import argparse
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import timm
import torch
from torch import Tensor, nn

SIDE, CLASSES = 32, 10
MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)
RATE, MOMENTUM, WEIGHT_DECAY = 0.01, 0.9, 5e-4
"""Of SGD with Nesterov momentum: the same for everybody."""
WARM_UP = 3
"""Steps before the stopwatch starts; the fourth is the first that may count."""


@dataclass(frozen=True)
class Job:
    """What a contestant is to do.

    Attributes:
        root: folder of images with `train/<class>/…` in it.
        device: cpu or cuda.
        precision: fp32 or bf16 (autocast).
        channels_last: whether the peer is told to use this layout; Sightline and the bare loop choose it themselves.
        batch: images a step.
        seconds: to be timed at least, after the warm-up.
        workers: processes that load images, where the contestant has such.
        runs: Sightline's run folders and decoded images.
    """

    root: Path
    device: torch.device
    precision: str
    channels_last: bool
    batch: int
    seconds: float
    workers: int
    runs: Path

    @property
    def images(self) -> Path:
        """The images to train on."""
        return self.root / "train"

    def autocast(self) -> torch.autocast:
        """The context of a forward pass in this precision."""
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.precision == "bf16")


def read_job(description: str | None, extra: argparse.ArgumentParser | None = None) -> tuple[Job, argparse.Namespace]:
    """The job of the command line, and all of its arguments."""
    parser = argparse.ArgumentParser(description=description, parents=[extra] if extra else [])
    parser.add_argument("--root", type=Path, required=True, help="folder of images: train/<class>/…")
    parser.add_argument("--runs", type=Path, required=True, help="where Sightline puts runs and decoded images")
    parser.add_argument("--device", type=torch.device, default=torch.device("cpu"))
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="bf16")
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--seconds", type=float, default=12.0)
    parser.add_argument("--workers", type=int, required=True)
    arguments = parser.parse_args()
    return Job(**{name: getattr(arguments, name) for name in Job.__dataclass_fields__}), arguments


def small_resnet18() -> nn.Module:
    """The resnet18 of timm for small images: a 3x3 stem of stride 1, and no pooling behind it."""
    model: nn.Module = timm.create_model("resnet18", num_classes=CLASSES)
    model.conv1 = nn.Conv2d(3, 64, kernel_size=3, stride=1, padding=1, bias=False)
    model.maxpool = nn.Identity()
    return model


class Stopwatch:
    """Times steps by the moments at which they end.

    Only what lies between two steps of one epoch counts: neither the warm-up nor what is done between epochs
    (evaluating, starting workers) does.

    Args:
        job: says how many seconds are enough.
    """

    def __init__(self, job: Job) -> None:
        self._enough = job.seconds
        self._last: tuple[int, int, float] | None = None
        self.steps = 0
        self.seconds = 0.0

    def tick(self, step: int, epoch: int = 0) -> bool:
        """To be called at the end of a step, or of each of some steps; true when enough was timed."""
        now = time.perf_counter()
        if self._last is not None and self._last[0] == epoch and self._last[1] >= WARM_UP - 1:
            self.steps += step - self._last[1]
            self.seconds += now - self._last[2]
        self._last = (epoch, step, now)
        return self.seconds >= self._enough


def answer(loop: str, job: Job, images: float, seconds: float, weights: Mapping[str, Tensor]) -> None:
    """Print the line that the benchmark reads.

    Args:
        loop: who answers.
        job: what it did.
        images: that were trained on in the time.
        seconds: the time.
        weights: of what was trained, to see that all trained the same network.
    """
    facts = {
        "loop": loop,
        "precision": job.precision,
        "images_per_second": images / seconds,
        "images": images,
        "seconds": seconds,
        "weights": sum(tensor.numel() for tensor in weights.values()),
        "threads": torch.get_num_threads(),
        "versions": {name: metadata.version(name) for name in ("torch", "torchvision", "timm")},
    }
    print("\n" + json.dumps(facts))
