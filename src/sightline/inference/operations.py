"""How much arithmetic a network does for one image."""

import torch
from torch import Tensor, nn

from sightline.machine.signals import check_stop, stop_signal


def operations(network: nn.Module, image: Tensor) -> int:
    """Floating-point operations of one image (1, C, H, W); a multiplication and an addition are two.

    Raises:
        Interrupted: a signal asked the command to stop.
    """
    # The counter loads Triton where that is installed, and an exception within Triton's C++ would end the process.
    with stop_signal():
        from torch.utils.flop_counter import FlopCounterMode
    check_stop()
    counter = FlopCounterMode(display=False)
    # It follows gradients, and fails without them where a parameter is the input of a layer (attention pools).
    with torch.enable_grad(), counter:
        network(image)
    return int(counter.get_total_flops())
