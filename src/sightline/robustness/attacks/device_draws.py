"""Random numbers of attacks by the thousand images, as training needs them: made where the images are."""

import math

import torch
from torch import Tensor

from sightline.data.device_randomness import uniform_on
from sightline.robustness.attacks.draws import Draws


class DeviceDraws(Draws):
    """The same uniform numbers as those of `Draws`, to the bit; normal ones but for their last bits."""

    def uniform(self, like: Tensor, stream: str) -> Tensor:
        """Numbers in [0, 1) as float32, in the shape of a tensor whose first dimension is that of the items."""
        count = math.prod(like.shape[1:])
        drawn = uniform_on(like.device, self.seed, self.restart, self.counters, count, f"attack/{stream}")
        return drawn.view(like.shape)

    def normal(self, like: Tensor, stream: str) -> Tensor:
        """Standard normal numbers, likewise."""
        numbers = self.uniform(like, stream)
        # Half a step of the uniform numbers keeps 0 away.
        exact = (numbers.cpu() if numbers.device.type == "mps" else numbers).double().add_(2.0**-25)
        found: Tensor = torch.special.ndtri(exact)
        return found.float().to(like.device)
