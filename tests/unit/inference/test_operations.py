"""Arithmetic is counted, and what counts it is loaded only then."""

import os
import signal
import subprocess
import sys

import pytest
import torch
from torch import nn

from sightline.inference.operations import operations
from sightline.machine.signals import Interrupted, listening

NETWORK = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1, bias=False), nn.Flatten(), nn.Linear(4 * 8 * 8, 5, bias=False))
IMAGE = torch.zeros(1, 3, 8, 8)


def test_a_multiplication_and_an_addition_are_two():
    assert operations(NETWORK, IMAGE) == 2 * (8 * 8 * 4 * 27 + 4 * 8 * 8 * 5)


def test_a_signal_before_it_counts_stops_it():
    with listening():
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(Interrupted):
            operations(NETWORK, IMAGE)


@pytest.mark.slow
def test_stages_load_no_compiler():
    """Its C++ ends a process that is woken while it loads."""
    loaded = "import sys, sightline.stages.explain, sightline.stages.evaluate; print('triton' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
