"""What several tests share: the command, here or in a process of its own, images made here, and one finished run."""

import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[1]


def _take_own_cores() -> None:
    """Give each of several pytest processes cores of its own: threads of two that share one wait for each other."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is not None and hasattr(os, "sched_setaffinity"):
        cores, count = sorted(os.sched_getaffinity(0)), int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
        number = int(worker.removeprefix("gw"))
        os.sched_setaffinity(0, cores[number::count] or {cores[number % len(cores)]})


_take_own_cores()
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs are begun deaf to it
os.environ["PYTHONPATH"] = str(ROOT / "src")  # for the processes that tests start
os.environ.setdefault("MPLCONFIGDIR", str(ROOT / ".pytest_cache" / "matplotlib"))


LONG = (
    "invariants/test_fuzzing.py",
    "invariants/test_interruptions.py",
    "end_to_end/test_sweep.py",
    "invariants/test_crashes.py",
    "invariants/test_run_folder.py",
    "invariants/test_processes.py",
    "container/test_image.py",
    "end_to_end/test_demo.py",
    "end_to_end/test_study.py",
    "invariants/test_training.py",
    "end_to_end/test_compare_columns.py",
    "unit/models/test_freezing_families.py",
    "invariants/test_freezing.py",
    "end_to_end/test_uncertainty.py",
    "test_examples.py",
)
"""Files that take a minute or more: begun first, so that no process is left with one when all others are done."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Bring the long files to the front."""
    places = {ROOT / "tests" / name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: places.get(item.path, len(LONG)))


@dataclass(frozen=True)
class Answer:
    """What a command said and how it ended."""

    status: int
    out: str
    err: str


Command = Callable[..., Answer]


@contextmanager
def torch_left_alone() -> Iterator[None]:
    """Whatever a command or an example sets for its whole process is afterwards as it was before."""
    import torch

    hidden, cudnn = torch.utils.deterministic, torch.backends.cudnn
    strict, lenient = (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
    )
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    with pytest.MonkeyPatch.context() as patch:
        # The C library is left alone where a person set it up, and nothing could give back what is changed there.
        patch.setenv("MALLOC_TRIM_THRESHOLD_", "131072")
        patch.setattr(cudnn, "benchmark", cudnn.benchmark)
        patch.setattr(hidden, "fill_uninitialized_memory", hidden.fill_uninitialized_memory)
        try:
            yield
        finally:
            torch.use_deterministic_algorithms(strict, warn_only=lenient)
            torch.set_num_threads(threads)
            torch.set_rng_state(state)


def run_here(*arguments: str) -> Answer:
    """The command in this process, which has imported torch already: that takes longer than a small command does."""
    from sightline.cli import main
    from sightline.machine.terminal import logger

    out, err = io.StringIO(), io.StringIO()
    before = (logger.level, logger.propagate, [*logger.handlers])
    try:
        with torch_left_alone(), redirect_stdout(out), redirect_stderr(err):
            status = main(arguments)
    finally:
        logger.level, logger.propagate, logger.handlers[:] = before
    return Answer(status, out.getvalue(), err.getvalue())


def run_process(*arguments: str, cwd: Path | None = None, timeout: float = 280) -> Answer:
    """`python -m sightline`, in a process of its own, as a person calls it."""
    done = subprocess.run(
        [sys.executable, "-m", "sightline", *arguments],
        cwd=cwd or ROOT,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    return Answer(done.returncode, done.stdout, done.stderr)


@pytest.fixture(autouse=True)
def environment_left_alone() -> Iterator[None]:
    """Variables that a test sets, or mlflow for it when it is told an address, are gone before the next test."""
    before = {**os.environ}
    yield
    before["PYTEST_CURRENT_TEST"] = os.environ["PYTEST_CURRENT_TEST"]
    if "mlflow" in sys.modules:
        sys.modules["mlflow"].set_tracking_uri(before.get("MLFLOW_TRACKING_URI"))
    if before != os.environ:
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture(scope="session")
def sightline() -> Command:
    return run_here


@pytest.fixture(scope="session")
def own_process() -> Command:
    return run_process


def draw_shape(rng: np.random.Generator, label: int, side: tuple[int, int]) -> Image.Image:
    """A bright bar on noise: upright for label 0, lying for label 1."""
    pixels = rng.integers(0, 120, size=(side[1], side[0], 3), dtype=np.uint8)
    where = rng.integers(4, min(side) - 8)
    if label:
        pixels[where : where + 5] = 230
    else:
        pixels[:, where : where + 5] = 230
    return Image.fromarray(pixels)


@pytest.fixture(scope="session")
def bars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 64 images of 2 classes, of several sizes and formats."""
    root, rng = tmp_path_factory.mktemp("bars"), np.random.default_rng(0)
    for label, name in enumerate(("lying", "upright")):
        (root / name).mkdir()
        for number in range(32):
            side = (40 + int(rng.integers(0, 20)), 40 + int(rng.integers(0, 20)))
            suffix = ("png", "jpg", "webp", "bmp")[number % 4]
            draw_shape(rng, 1 - label, side).save(root / name / f"{number:02}.{suffix}")
    return root


DEMO = ("demo", "training.epochs=2", "tracking=none", "evaluation.resamples=100", "calibration.resamples=100")


@pytest.fixture(scope="session")
def demo_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of the demo, two epochs long; tests only read it, or copy it first."""
    runs = tmp_path_factory.mktemp("runs")
    answer = run_process(*DEMO, f"runs_dir={runs}")
    assert answer.status == 0, answer.err
    return (runs / "latest").resolve()
