"""Adversarial training: steps are taken on images that were changed so that the model errs (Madry et al. 2018)."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final, Self

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from sightline.config.adversarial import WHITE, AdversarialConfig
from sightline.config.base import AUTO, decided
from sightline.data.batch import Batch
from sightline.models.outputs import Outputs
from sightline.robustness.attacks.ball import Ball
from sightline.robustness.attacks.device_draws import DeviceDraws
from sightline.robustness.attacks.pgd import WAY
from sightline.tasks.objective import Losses
from sightline.training.precision import Precision

LossesOf = Callable[[Outputs], tuple[Losses, Tensor]]
START: Final = "training"
"""The stream of the random numbers at which attacks start."""
CLEAN: Final = "training/clean"
"""The stream of those that say which images stay as they are."""


@dataclass(frozen=True)
class Adversary:
    """Projected gradient ascent from a random point of the ball around each image; the last point is trained on.

    The model is asked in evaluation mode, as in the code of TRADES (Zhang et al. 2019) and unlike that of Madry et al.:
    running statistics stay, dropout is off and draws nothing, and what becomes of an image hangs neither on its
    neighbours nor on how a batch is cut. It is the network that is attacked later; Pang et al. (2021) find more clean
    accuracy that way, and as much robust accuracy. What is climbed is the loss that trains, of mixed labels, masks,
    several heads and a teacher's answers as well; a teacher has seen the images as they were (Goldblum et al. 2020).

    Attributes:
        ball: how far an image may change, in pixels from 0 to 1.
        steps: gradients that are followed.
        size: of each step, white as 1.
        clean: probability of an image to stay as it is.
        mean: (1, 3, 1, 1) of normalisation, on the scale 0 … 1.
        std: likewise.
        seed: of the run.
        step: of the training, which random numbers are counted by, beside an item's position.
    """

    ball: Ball
    steps: int
    size: float
    clean: float
    mean: Tensor
    std: Tensor
    seed: int
    step: int = 0

    @classmethod
    def of(
        cls,
        config: AdversarialConfig,
        mean: Sequence[float],
        std: Sequence[float],
        seed: int,
        device: torch.device,
    ) -> Self | None:
        """The one that a configuration asks for, for images of this normalisation."""
        if not config.is_on:
            return None
        size = WAY * config.budget / config.steps if config.step_size == AUTO else decided(config.step_size)
        of_mean, of_std = (torch.tensor(values, device=device).view(1, -1, 1, 1) for values in (mean, std))
        ball = Ball(config.norm, config.budget / WHITE)
        return cls(ball, config.steps, size / WHITE, config.clean, of_mean, of_std, seed)

    @property
    def words(self) -> str:
        """What it does and costs, for a person."""
        return (
            f"within {self.ball.radius * WHITE:.3g}/255 ({self.ball.norm}), {self.steps} "
            f"step{'s' * (self.steps != 1)} of {self.size * WHITE:.3g}/255: {self.steps + 1} passes forward and back "
            "for each update, not 1; train_ metrics are of changed images, val_ metrics of images as they are"
        )

    def at(self, step: int) -> Self:
        """For a step of the training."""
        return replace(self, step=step)

    def changed(self, model: nn.Module, batch: Batch, losses_of: LossesOf, precision: Precision) -> Batch:
        """A batch with its images changed; the model, its mode, its gradients and torch's generators are as before.

        Args:
            model: that is trained. Processes do not exchange gradients of images.
            batch: (n, 3, h, w) normalised.
            losses_of: outputs to the losses by target, and to the one that is climbed, of which each image has a part.
            precision: of the forward passes.
        """
        pixels = (batch.images * self.std + self.mean).clamp_(0, 1)
        draws = DeviceDraws(self.seed, batch.positions, self.step)
        points = torch.empty_like(pixels).copy_(self.ball.anywhere(pixels, draws, START))
        network = model.module if isinstance(model, DistributedDataParallel) else model
        with _asked_alone(network):
            for _ in range(self.steps):
                gradient = self._gradient(network, points, losses_of, precision)
                points = self.ball.within(self.ball.step(points, gradient, self.size), pixels)
        images = self._normalised(points)
        if self.clean:
            stays = draws.uniform(images[:, :1, :1, :1], CLEAN) < self.clean
            images = torch.where(stays, batch.images, images)
        return replace(batch, images=images)

    def _normalised(self, pixels: Tensor) -> Tensor:
        return (pixels - self.mean) / self.std

    def _gradient(self, network: nn.Module, points: Tensor, losses_of: LossesOf, precision: Precision) -> Tensor:
        """Of the loss in pixels, up to a factor for each image."""
        with torch.enable_grad():
            # A leaf, which torch.compile asks for.
            images = self._normalised(points).requires_grad_()
            with precision.autocast():
                outputs: Outputs = network(images)
            loss = precision.scaler.scale(losses_of(outputs)[1])
        (gradient,) = torch.autograd.grad(loss, images)
        # In fp16 a gradient may overflow; the step of the weights will see to the scale.
        return (gradient / self.std).nan_to_num()


@contextmanager
def _asked_alone(network: nn.Module) -> Iterator[None]:
    """Within it a network is in evaluation mode and takes no gradients of its own; afterwards all is as before."""
    modes = {module: module.training for module in network.modules()}
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    try:
        for module in modes:
            module.training = False
        for parameter in trained:
            parameter.requires_grad_(False)
        yield
    finally:
        for module, before in modes.items():
            module.training = before
        for parameter in trained:
            parameter.requires_grad_(True)
