"""Robust accuracy of a trained classifier: mode `robustness` beside pyautoattack's APGD-CE on the same images.

    python -m benchmarks.attacks --run RUN [--images 1000] [--budgets 0.5 1 2 8] [--steps 100] [--quick]

RUN is a finished run of a classifier with one label an image; it stays as it is. For each budget, in steps of 1/255
and by the largest change of a value, ours is the whole command on a copy of the run: APGD-CE from one start, with its
checks. The peer's APGD-CE attacks the images of the same split by as many steps from one start; which of them fall is
counted by asking the model again, and how many fall to one of the two alone.
Small budgets tell attacks apart: at 8 a model that was trained as usual has nothing left.
"""

import argparse
import contextlib
import io
import json
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.environment import go_on_beside
from benchmarks.processes import machine_facts, printed, tell
from sightline.cli import compose_config
from sightline.commands.load import with_stored
from sightline.config import parse
from sightline.config.adversarial import WHITE
from sightline.data.targets import LABEL
from sightline.inference.loaded_run import LoadedRun
from sightline.models.outputs import only_tensor
from sightline.robustness.attacks.pixel_model import PixelModel, from_bytes
from sightline.run.folder import Run
from sightline.tasks.table import task_of_run

RESULTS = Path(__file__).parent / "results/attacks.json"
PEER = "pyautoattack"


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--budgets", type=float, nargs="+", default=[0.5, 1, 2, 8])
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--quick", action="store_true", help="twenty images, one budget, nothing written")
    parser.add_argument("--output", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    go_on_beside("benchmarks.attacks", {PEER: PEER})
    images, budgets = (20, [1]) if arguments.quick else (arguments.images, arguments.budgets)
    found = []
    for budget in budgets:
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / arguments.run.resolve().name
            shutil.copytree(arguments.run.resolve(), copy, symlinks=True)
            found.append(at_budget(copy, budget, images, arguments.steps))
        tell(f"{budget}/255", found[-1])
    if not arguments.quick:
        where = machine_facts()
        arguments.output.write_text(
            json.dumps({"where": where, "steps": arguments.steps, "budgets": found}, indent=1) + "\n"
        )


def at_budget(run: Path, budget: float, images: int, steps: int) -> dict[str, Any]:
    """What is left of the accuracy under both, and their difference."""
    asked = {"corruptions": "[]", "attacks": "[apgd]", "attacked": images, "budget": budget, "steps": steps}
    asked |= {"shifts": "[]", "rotations": "[]", "noise": "[]", "backgrounds": "false"}
    words = [f"robustness.{key}={value}" for key, value in asked.items()]
    start = time.perf_counter()
    printed("-m", "sightline", "robustness", f"run={run}", *words, "mode.stages=[robustness]", "tracking=none")
    seconds = time.perf_counter() - start
    told = json.loads((run / "robustness.json").read_text())["attacks"]
    with np.load(run / "robustness/attack_apgd.npz") as arrays:
        survived = dict(zip(arrays["ids"].tolist(), (~arrays["fooled"]).tolist(), strict=True))
    start = time.perf_counter()
    theirs = peer(run, budget, images, steps)
    pairs = [(survived.get(one, False), right) for one, right in theirs.items()]
    return {
        "budget": budget,
        "n": told["n"],
        "accuracy": told["accuracy"],
        "apgd_ce": told["worst"]["of_all"],
        "trusted": told["trusted"],
        "seconds_with_checks": seconds,
        "pyautoattack_apgd_ce": float(np.mean(list(theirs.values()))),
        "pyautoattack_seconds": time.perf_counter() - start,
        "falls_to_ours_alone": sum(not ours and other for ours, other in pairs),
        "falls_to_pyautoattack_alone": sum(ours and not other for ours, other in pairs),
    }


def peer(path: Path, budget: float, images: int, steps: int) -> Mapping[str, bool]:
    """By id, whether an image of val is right under pyautoattack's APGD-CE."""
    from pyautoattack import AutoAttack

    run = Run.open(str(path), path.parent)
    config = with_stored(run, parse.parse(compose_config(["mode=robustness"])), [])
    loaded = LoadedRun.open(run, config, task_of_run(run).heads)
    model = PixelModel(loaded.model, loaded.preprocessing.transform().normalise)
    loader = replace(loaded.loader("val"), most=images)
    attack = AutoAttack(
        lambda pixels: only_tensor(model.network(model.normalise(pixels * WHITE))),
        attacks=["apgd-ce"], device=str(loaded.device), eps=budget / WHITE, norm="Linf", seed=0, version="custom",
    )  # fmt: skip
    attack.apgd.n_restarts, attack.apgd.n_iter = 1, steps
    answers = {}
    for batch in loader:
        pixels = torch.from_numpy(loaded.preprocessing.to_pixels(batch.images)).permute(0, 3, 1, 2)
        squares = from_bytes(pixels.contiguous()).to(batch.images.device)
        with contextlib.redirect_stdout(io.StringIO()):
            changed = attack.run_standard_evaluation(squares, batch.targets[LABEL], batch_size=len(squares))
        changed = changed[0] if isinstance(changed, tuple) else changed
        right = model.logits(changed).argmax(dim=1) == batch.targets[LABEL]
        ids = [loader.dataset.split.ids[position] for position in batch.positions]
        answers |= dict(zip(ids, right.tolist(), strict=True))
    return answers


if __name__ == "__main__":
    main()
