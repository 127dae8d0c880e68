"""A loop in the manner of torchvision's classification references: PIL, workers, and meters read in every step.

Loss and top-1 and top-5 accuracy are read with `.item()` in every step, and medians kept over the last twenty of each.
"""

import time
from collections import deque
from collections.abc import Iterator
from itertools import count
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, RandomSampler
from torchvision import transforms
from torchvision.datasets import ImageFolder

from benchmarks.loops.protocol import (
    MEAN,
    MOMENTUM,
    RATE,
    SIDE,
    STD,
    WEIGHT_DECAY,
    Job,
    Stopwatch,
    answer,
    read_job,
    small_resnet18,
)

PRINT_FREQUENCY = 10


class Meter:
    """The values of the last steps and the mean of all."""

    def __init__(self) -> None:
        self.last: deque[float] = deque(maxlen=20)
        self.total, self.weight = 0.0, 0

    def update(self, value: float, weight: int = 1) -> None:
        """Add a value."""
        self.last.append(value)
        self.total += value * weight
        self.weight += weight

    def __str__(self) -> str:
        return f"{median(self.last):.4f} ({self.total / self.weight:.4f})"


def main() -> None:
    """Train until enough was timed."""
    job, _ = read_job(__doc__)
    torch.backends.cudnn.benchmark = True
    model = small_resnet18().to(job.device)
    optimizer = torch.optim.SGD(
        model.parameters(), lr=RATE, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY, nesterov=True
    )
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=30, gamma=0.1)
    loader, watch = make_loader(job), Stopwatch(job)
    for epoch in count():
        if _train_one_epoch(epoch, job, model, loader, optimizer, watch):
            break
        scheduler.step()
    answer("torchvision", job, watch.steps * job.batch, watch.seconds, model.state_dict())


def make_loader(job: Job, **options: Any) -> DataLoader[tuple[Tensor, Tensor]]:
    """Shuffled batches of augmented images from files."""
    transform = transforms.Compose(
        [
            transforms.RandomCrop(SIDE, padding=4),
            transforms.RandomHorizontalFlip(),
            transforms.PILToTensor(),
            transforms.ConvertImageDtype(torch.float),
            transforms.Normalize(MEAN, STD),
        ]
    )
    dataset = ImageFolder(str(job.images), transform)
    return DataLoader(
        dataset,
        job.batch,
        sampler=RandomSampler(dataset),
        num_workers=job.workers,
        pin_memory=job.device.type == "cuda",  # elsewhere it only warns
        drop_last=True,  # so that every step is of a whole batch
        **options,
    )


def _train_one_epoch(
    epoch: int,
    job: Job,
    model: nn.Module,
    loader: DataLoader[tuple[Tensor, Tensor]],
    optimizer: torch.optim.Optimizer,
    watch: Stopwatch,
) -> bool:
    model.train()
    criterion = nn.CrossEntropyLoss()
    meters = {name: Meter() for name in ("loss", "lr", "acc1", "acc5", "img/s", "time", "data")}
    for index, (images, labels, started) in enumerate(_logged(epoch, loader, meters)):
        images, labels = images.to(job.device), labels.to(job.device)
        with job.autocast():
            outputs = model(images)
            loss = criterion(outputs, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        acc1, acc5 = _accuracy(outputs, labels)
        meters["loss"].update(loss.item())
        meters["lr"].update(optimizer.param_groups[0]["lr"])
        meters["acc1"].update(acc1.item(), len(images))
        meters["acc5"].update(acc5.item(), len(images))
        meters["img/s"].update(len(images) / (time.time() - started))
        if watch.tick(index, epoch):
            return True
    return False


def _logged(
    epoch: int, loader: DataLoader[tuple[Tensor, Tensor]], meters: dict[str, Meter]
) -> Iterator[tuple[Tensor, Tensor, float]]:
    """The batches, each with the moment at which its step begins; a line of meters every few steps."""
    mark = time.time()
    for index, (images, labels) in enumerate(loader):
        started = time.time()
        meters["data"].update(started - mark)
        yield images, labels, started
        meters["time"].update(time.time() - mark)
        if index % PRINT_FREQUENCY == 0:
            print(f"epoch [{epoch}] [{index}/{len(loader)}]", *(f"{name}: {meter}" for name, meter in meters.items()))
        mark = time.time()


@torch.inference_mode()
def _accuracy(outputs: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Top-1 and top-5, in per cent."""
    correct = outputs.topk(5, dim=1).indices == labels[:, None]
    return 100 * correct[:, :1].sum() / len(labels), 100 * correct.sum() / len(labels)


if __name__ == "__main__":
    main()
