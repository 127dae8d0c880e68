"""Averages of the weights: one that only watches, and one to which training goes back every few steps."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from sightline.config.training import TrainingConfig

if TYPE_CHECKING:
    from timm.utils import ModelEmaV3


def running_average(model: nn.Module, config: TrainingConfig) -> "ModelEmaV3 | None":
    """An exponential average of the weights, where `training.ema_decay` asks for one."""
    if config.ema_decay is None:
        return None
    from timm.utils import ModelEmaV3  # timm takes seconds to import, and our own network does without it

    return ModelEmaV3(model, decay=config.ema_decay, use_warmup=True)


def slow_weights(model: nn.Module, config: TrainingConfig) -> "Lookahead | None":
    """Slow weights, where `training.lookahead_steps` asks for them."""
    return Lookahead(model, config.lookahead_steps, config.lookahead_decay) if config.lookahead_steps else None


class Lookahead:
    """Lookahead (Zhang et al. 2019) with an average that grows slower as training goes on (Jordan 2024).

    Running statistics are averaged along with the weights. The training ends at the average itself.

    Args:
        model: what is averaged, as it stands.
        every: how many steps lie between two returns to the average.
        decay: what the average keeps of itself at the end; at progress p it keeps `decay * p**3`.
    """

    def __init__(self, model: nn.Module, every: int, decay: float) -> None:
        self._model = model
        self._every = every
        self._decay = decay
        self._slow = {name: tensor.clone() for name, tensor in self._fast().items()}

    def _fast(self) -> dict[str, Tensor]:
        return {name: tensor for name, tensor in self._model.state_dict().items() if tensor.is_floating_point()}

    @torch.no_grad()
    def update(self, done: int, total: int) -> None:
        """To be called after each step, with how many are done of how many there will be."""
        last = done == total
        if done % self._every and not last:
            return
        fast = self._fast()
        keep = 1.0 if last else self._decay * (done / total) ** 3
        for name, slow in self._slow.items():
            slow.lerp_(fast[name], 1.0 - keep)
            fast[name].copy_(slow)

    def state_dict(self) -> dict[str, Tensor]:
        """The average."""
        return self._slow

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Take the average back."""
        for name, slow in self._slow.items():
            slow.copy_(state[name])
