"""Freed blocks are kept between steps, unless a person's own settings say otherwise."""

import os
import subprocess
import sys

import pytest

FAULTS = (
    "import resource, torch\n"
    "from sightline.machine.environment import prepare_torch\n"
    "prepare_torch()\n"
    "def faults():\n"
    "    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt\n"
    "def step():\n"
    "    torch.ones(2**24)\n"
    "for _ in range(16):\n"
    "    step()\n"
    "before = faults()\n"
    "for _ in range(4):\n"
    "    step()\n"
    "print(faults() - before)\n"
)
"""Page faults of four blocks of 64 MB after some others; without huge pages such a block has 16,384.

What was freed is taken again once small blocks around it have found their places, which takes some steps.
"""


def faults(**settings: str) -> int:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MALLOC_")} | settings
    environment |= {"THP_MEM_ALLOC_ENABLE": "0", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(
        [sys.executable, "-c", FAULTS], capture_output=True, text=True, env=environment, timeout=120, check=True
    )
    return int(done.stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the C library's settings are glibc's")
def test_large_blocks_are_not_faulted_in_for_every_step():
    assert faults() < 10_000


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the C library's settings are glibc's")
def test_settings_of_a_persons_own_win():
    assert faults(MALLOC_MMAP_THRESHOLD_="1000000") > 60_000


def test_figures_do_not_ask_for_what_a_notebook_draws_with():
    code = (
        "from sightline.machine.environment import prepare_environment\n"
        "prepare_environment()\n"
        "from sightline.reporting import figures\n"
        "import matplotlib.pyplot\n"
        "matplotlib.pyplot.figure()\n"
    )
    environment = os.environ | {"MPLBACKEND": "nonsense"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
