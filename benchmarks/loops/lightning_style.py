"""Lightning: a plain module and its Trainer as they come, progress bar and all, but for loggers and checkpoints."""

from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback
from torch import Tensor
from torch.nn import functional as F

from benchmarks.loops.protocol import (
    MOMENTUM,
    RATE,
    WEIGHT_DECAY,
    Stopwatch,
    answer,
    read_job,
    small_resnet18,
)
from benchmarks.loops.torchvision_style import make_loader

PRECISIONS = {"fp32": "32-true", "bf16": "bf16-mixed"}


class Classifier(lightning.LightningModule):  # type: ignore[misc]
    """The network as Lightning's guide writes one."""

    def __init__(self) -> None:
        super().__init__()
        self.model = small_resnet18()

    def training_step(self, batch: tuple[Tensor, Tensor], _index: int) -> Tensor:
        """The loss of a batch."""
        images, labels = batch
        loss = F.cross_entropy(self.model(images), labels)
        self.log("train_loss", loss, prog_bar=True)
        return loss

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """The optimiser that everybody has."""
        return torch.optim.SGD(self.parameters(), lr=RATE, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY, nesterov=True)


class Timed(Callback):  # type: ignore[misc]
    """Stops the training when enough was timed."""

    def __init__(self, watch: Stopwatch) -> None:
        self._watch = watch

    def on_train_batch_end(
        self, trainer: lightning.Trainer, _module: Any, _outputs: Any, _batch: Any, batch_idx: int
    ) -> None:
        """A step has ended."""
        if self._watch.tick(batch_idx, trainer.current_epoch):
            trainer.should_stop = True


def main() -> None:
    """Train until enough was timed."""
    job, _ = read_job(__doc__)
    module, watch = Classifier(), Stopwatch(job)
    trainer = lightning.Trainer(
        accelerator=job.device.type,
        devices=1,
        precision=PRECISIONS[job.precision],
        max_epochs=1000,
        logger=False,
        enable_checkpointing=False,
        callbacks=[Timed(watch)],
    )
    trainer.fit(module, make_loader(job, persistent_workers=job.workers > 0))
    answer("lightning", job, watch.steps * job.batch, watch.seconds, module.model.state_dict())


if __name__ == "__main__":
    main()
