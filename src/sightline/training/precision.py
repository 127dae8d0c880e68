"""Numeric precision as a context around one code path."""

from collections.abc import Iterable
from contextlib import AbstractContextManager

import torch
from torch import nn

from sightline.errors import UsageError

DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}
DEPTHWISE_IN_FP32 = 0.07
"""Above this share of depthwise multiplications a CPU trains faster in fp32: efficientnet_b0 (0.09), mobilenetv3
(0.085) and ghostnet (0.13) did, mobilenetv2 (0.069) made no difference, convnext (0.02) gains like any other."""


def choose_precision(name: str, device: torch.device, model: nn.Module, image_size: int) -> "Precision":
    """The precision of a configuration's `training.precision`.

    `auto` takes bf16 where the hardware computes in it, except on a CPU for models of many depthwise convolutions:
    those have no quick bf16 form there, and the whole model is faster in fp32 (benchmarks/layouts.py). The choice is
    a function of hardware and model, not of a stopwatch, so that equal runs stay equal.

    Args:
        name: auto, fp32, bf16 or fp16.
        device: where the model is.
        model: what is trained; as it was afterwards.
        image_size: pixels a side.

    Raises:
        UsageError: fp16 anywhere but on cuda, where alone its gradients can be scaled.
    """
    if name == "fp16" and device.type != "cuda":
        raise UsageError(f"training.precision=fp16 needs device=cuda, not {device.type}; take bf16, fp32 or auto")
    if name == "auto":
        slow = device.type == "cpu" and depthwise_share(model, image_size) > DEPTHWISE_IN_FP32
        name = "bf16" if computes_bf16(device) and not slow else "fp32"
    return Precision(name, device)


def depthwise_share(model: nn.Module, image_size: int) -> float:
    """Which part of a model's multiplications, 0 … 1, depthwise convolutions do; one blank image tells."""
    everything = depthwise = 0

    def count(module: nn.Module, _inputs: object, outputs: torch.Tensor) -> None:
        nonlocal everything, depthwise
        assert isinstance(module, nn.Conv2d | nn.Linear)
        here = outputs[0].numel() * module.weight[0].numel()
        everything += here
        if isinstance(module, nn.Conv2d) and module.groups == module.in_channels > 1:
            depthwise += here

    layers = [module for module in model.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    hooks = [layer.register_forward_hook(count) for layer in layers]
    training = {module: module.training for module in model.modules()}
    image = torch.zeros(1, 3, image_size, image_size, device=next(model.parameters()).device)
    try:
        with torch.no_grad():
            model.eval()(image)
    finally:
        for hook in hooks:
            hook.remove()
        for module, before in training.items():
            module.training = before
    return depthwise / everything if everything else 0.0


def computes_bf16(device: torch.device) -> bool:
    """Whether the hardware multiplies in bf16, rather than imitating it."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "cpu":
        abilities = torch.cpu.get_capabilities()
        return bool(abilities.get("avx512_bf16") or abilities.get("amx_bf16"))
    return False


class Precision:
    """Autocast for the forward pass, and for fp16 the scaling of gradients (rule 19).

    Args:
        name: fp32, bf16 or fp16.
        device: where the model is.
    """

    def __init__(self, name: str, device: torch.device) -> None:
        self.name = name
        self.device = device
        self.scaler = torch.amp.GradScaler(device.type, enabled=name == "fp16")

    def autocast(self) -> AbstractContextManager[None]:
        """The context of a forward pass."""
        return torch.autocast(self.device.type, dtype=DTYPES.get(self.name, torch.float32), enabled=self.name in DTYPES)

    def update(
        self, optimizer: torch.optim.Optimizer, parameters: Iterable[nn.Parameter], clip_norm: float | None
    ) -> bool:
        """Unscale, clip, step: exactly one step a batch; false when fp16 overflowed and the step was skipped."""
        self.scaler.unscale_(optimizer)
        if clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(parameters, clip_norm)
        before = self.scaler.get_scale() if self.scaler.is_enabled() else 1.0
        self.scaler.step(optimizer)
        self.scaler.update()
        return not self.scaler.is_enabled() or self.scaler.get_scale() >= before

    def state_dict(self) -> dict[str, object]:
        """The scaler's state."""
        return self.scaler.state_dict()

    def load_state_dict(self, state: dict[str, object]) -> None:
        """Take the scaler's state back."""
        if self.scaler.is_enabled():
            self.scaler.load_state_dict(state)
