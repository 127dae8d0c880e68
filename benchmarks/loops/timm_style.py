"""A loop in the manner of timm's train.py, on timm's own dataset, loader, optimiser, schedule and meters.

As its flags give it: the loader's workers collate uint8, the prefetching loader converts and normalises, `loss.item()`
is read in every step. `--precision bf16` is its `--amp --amp-dtype bfloat16`, `--channels-last` its flag of that name.
"""

import time
from itertools import count

import torch
from timm.data import create_dataset, create_loader
from timm.data.loader import PrefetchLoader
from timm.data.transforms import MaybePILToTensor
from timm.optim import create_optimizer_v2
from timm.scheduler import create_scheduler_v2
from timm.scheduler.scheduler import Scheduler
from timm.utils import AverageMeter
from torch import nn
from torchvision import transforms

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

LOG_INTERVAL = 50


def main() -> None:
    """Train until enough was timed."""
    job, _ = read_job(__doc__)
    torch.backends.cudnn.benchmark = True
    model = small_resnet18().to(job.device)
    if job.channels_last:
        model.to(memory_format=torch.channels_last)
    optimizer = create_optimizer_v2(model, "sgd", lr=RATE, weight_decay=WEIGHT_DECAY, momentum=MOMENTUM)
    loader = _loader(job)
    scheduler, _ = create_scheduler_v2(optimizer, "cosine", num_epochs=300, updates_per_epoch=len(loader))
    watch = Stopwatch(job)
    for epoch in count():
        if _train_one_epoch(epoch, job, model, loader, optimizer, scheduler, watch):
            break
        scheduler.step(epoch + 1)
    name = "timm, channels-last" if job.channels_last else "timm"
    answer(name, job, watch.steps * job.batch, watch.seconds, model.state_dict())


def _loader(job: Job) -> PrefetchLoader:
    dataset = create_dataset("", root=str(job.root), split="train", is_training=True)
    loader: PrefetchLoader = create_loader(
        dataset,
        input_size=(3, SIDE, SIDE),
        batch_size=job.batch,
        is_training=True,
        mean=MEAN,
        std=STD,
        num_workers=job.workers,
        pin_memory=False,
        device=job.device,
        use_prefetcher=True,
    )
    # timm's own transforms crop an area of random size; everybody shifts by up to 4 pixels here.
    dataset.transform = transforms.Compose(
        [transforms.RandomCrop(SIDE, padding=4), transforms.RandomHorizontalFlip(), MaybePILToTensor()]
    )
    return loader


def _train_one_epoch(
    epoch: int,
    job: Job,
    model: nn.Module,
    loader: PrefetchLoader,
    optimizer: torch.optim.Optimizer,
    scheduler: Scheduler,
    watch: Stopwatch,
) -> bool:
    model.train()
    loss_function = nn.CrossEntropyLoss().to(job.device)
    losses, times, waits = AverageMeter(), AverageMeter(), AverageMeter()
    updates = epoch * len(loader)
    optimizer.zero_grad()
    mark = time.time()
    for index, (images, labels) in enumerate(loader):
        if job.channels_last:
            images = images.contiguous(memory_format=torch.channels_last)
        waits.update(time.time() - mark)
        with job.autocast():
            outputs = model(images)
            loss = loss_function(outputs, labels)
        loss.backward()
        optimizer.step()
        losses.update(loss.item(), images.size(0))
        updates += 1
        optimizer.zero_grad()
        times.update(time.time() - mark)
        if index % LOG_INTERVAL == 0:
            rate = optimizer.param_groups[0]["lr"]
            print(
                f"train {epoch} [{index}/{len(loader)}] loss {losses.val:.3g} ({losses.avg:.3g}) "
                f"time {times.val:.3f}s ({times.avg:.3f}s) LR {rate:.3e} data {waits.val:.3f} ({waits.avg:.3f})"
            )
        scheduler.step_update(num_updates=updates, metric=losses.avg)
        mark = time.time()
        if watch.tick(index, epoch):
            return True
    return False


if __name__ == "__main__":
    main()
