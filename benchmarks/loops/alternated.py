"""Real and bare steps in turn, in one process: what everything around the bare step costs.

The real steps are those of the whole command `train` (see `sightline.py` beside this file): after each of them, while
its loop waits, a bare step on a batch of as many images is taken and timed. On cuda these are blocks of steps, because
a device that is waited for after every step has nothing queued; the waiting is on the account of the real ones.
"""

import argparse
import json
import time
from statistics import median, quantiles

from benchmarks.loops.sightline import A_ROW_A_STEP, Row, images_a_step, train

import torch  # isort: skip

from benchmarks.loops.bare import bare_step, synchronise
from benchmarks.loops.protocol import WARM_UP, Job, read_job, small_resnet18

FEWEST_PAIRS = 4


class Turns:
    """Takes bare steps in turn with the real ones it is told of, and times both.

    Args:
        job: says how many seconds of real steps are enough.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._bare = bare_step(job, small_resnet18(), job.batch)
        self._last: Row | None = None
        self._resumed = 0.0
        self.real: list[float] = []
        self.bare: list[float] = []

    def __call__(self, row: Row) -> bool:
        """A real step has written its row; true when enough was timed."""
        synchronise(self._job.device)
        stopped = time.perf_counter()
        last = self._last
        if last is not None and last["epoch"] == row["epoch"]:
            steps = row["step"] - last["step"]
            for _ in range(steps):
                self._bare()
            synchronise(self._job.device)
            if last["step"] >= WARM_UP:
                self.real.append((stopped - self._resumed) / steps)
                self.bare.append((time.perf_counter() - stopped) / steps)
        self._last, self._resumed = row, time.perf_counter()
        return len(self.real) >= FEWEST_PAIRS and sum(self.real) >= self._job.seconds


def main() -> None:
    """Alternate until enough was timed, and print one line of JSON."""
    extra = argparse.ArgumentParser(add_help=False)
    extra.add_argument("--transforms", default="standard", help="of the real steps: standard (crop, flip), randaugment")
    job, arguments = read_job(__doc__, extra)
    turns = Turns(job)
    rows = [A_ROW_A_STEP] if job.device.type == "cpu" else []
    run = train(job, [*rows, f"transforms={arguments.transforms}"], turns)
    # The real batches are a little smaller than the bare one: seconds an image are compared.
    real = median(turns.real) / images_a_step(run, job)
    bare = median(turns.bare) / job.batch
    pairs = [
        (theirs / job.batch) / (ours / images_a_step(run, job))
        for ours, theirs in zip(turns.real, turns.bare, strict=True)
    ]
    facts = {
        "transforms": arguments.transforms,
        "precision": job.precision,
        "real_images_per_second": 1 / real,
        "bare_images_per_second": 1 / bare,
        "real_over_bare": bare / real,
        "quartiles_of_pairs": [round(cut, 4) for cut in quantiles(pairs, n=4)],
        "pairs": len(pairs),
        "threads": torch.get_num_threads(),
    }
    print("\n" + json.dumps(facts))


if __name__ == "__main__":
    main()
