"""When a training is compiled; how, and what a failure leaves, is shown in invariants/test_two_heads.py."""

import pytest
import torch

from sightline.training.extras import compiling

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


@pytest.mark.parametrize(
    ("choice", "device", "steps", "has_compiler", "expected"),
    [
        ("on", CPU, 1, False, True),
        ("off", CUDA, 10_000, True, False),
        ("auto", CUDA, 10_000, True, True),
        ("auto", CUDA, 10_000, False, False),
        ("auto", CUDA, compiling.STEPS_TO_PAY_OFF - 1, True, False),
        ("auto", CPU, 10_000, True, False),
    ],
)
def test_auto_compiles_long_trainings_on_gpus(
    choice: str, device: torch.device, steps: int, has_compiler: bool, expected: bool, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(compiling, "has_compiler", lambda: has_compiler)
    assert compiling.is_compiled(choice, device, steps) == expected
