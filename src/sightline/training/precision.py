"""Numeric precision as a context around one code path."""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import nn

from sightline.errors import UsageError

DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


def choose_precision(name: str, device: torch.device) -> "Precision":
    """The precision of a configuration's `training.precision`; `auto` takes bf16 where the hardware computes in it.

    Raises:
        UsageError: fp16 anywhere but on cuda, where alone its gradients can be scaled.
    """
    if name == "fp16" and device.type != "cuda":
        raise UsageError(f"training.precision=fp16 needs device=cuda, not {device.type}; take bf16, fp32 or auto")
    if name == "auto":
        name = "bf16" if _computes_bf16(device) else "fp32"
    return Precision(name, device)


def _computes_bf16(device: torch.device) -> bool:
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

    def state_dict(self) -> dict[str, Any]:
        """The scaler's state."""
        return self.scaler.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take the scaler's state back."""
        if self.scaler.is_enabled():
            self.scaler.load_state_dict(state)
