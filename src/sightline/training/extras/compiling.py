"""`torch.compile` where it pays off, and the plain model where it cannot be had."""

import importlib.util
import shutil

import torch
from torch import nn

from sightline.data.batch import Batch
from sightline.machine.terminal import logger
from sightline.models.outputs import Outputs, tensors_of
from sightline.models.weights import first_line
from sightline.training.precision import Precision

STEPS_TO_PAY_OFF = 2000
"""Compiling takes about a minute; a shorter training does not win it back."""


def is_compiled(choice: str, device: torch.device, steps: int) -> bool:
    """Whether a training is compiled, by `training.compile`.

    Args:
        choice: on, off, or auto: where it pays off. On CPUs no gain was measured (benchmarks/README.md).
        device: where the model is.
        steps: of the whole training.
    """
    pays_off = device.type == "cuda" and steps >= STEPS_TO_PAY_OFF
    return choice == "on" or (choice == "auto" and pays_off and has_compiler())


def has_compiler() -> bool:
    """Whether what torch.compile needs on a GPU is installed: Triton, and a C compiler for its launchers."""
    return importlib.util.find_spec("triton") is not None and any(map(shutil.which, ("cc", "gcc", "clang")))


def compile_in_place(model: nn.Module, batch: Batch, precision: Precision) -> bool:
    """Compile a model's forward and backward pass and try both on a batch; the weights stay as they are.

    Returns:
        Whether it worked; where it did not, a warning says why and the model runs uncompiled.
    """
    from torch._dynamo.exc import TorchDynamoException
    from torch._inductor.exc import CppCompileError, InvalidCxxCompiler

    statistics = [buffer.clone() for buffer in model.buffers()]
    model.compile()
    try:
        with precision.autocast():
            outputs: Outputs = model(batch.images)
        total = torch.stack([tensor.float().sum() for tensor in tensors_of(outputs)]).sum()
        total.backward()  # type: ignore[no-untyped-call]
    except (TorchDynamoException, CppCompileError, InvalidCxxCompiler) as error:
        model._compiled_call_impl = None  # what `compile` sets, and all it sets
        logger.warning("torch.compile failed, training goes on without it: %s", first_line(error))
        return False
    finally:
        model.zero_grad(set_to_none=True)
        with torch.no_grad():
            for buffer, before in zip(model.buffers(), statistics, strict=True):
                buffer.copy_(before)
    return True
