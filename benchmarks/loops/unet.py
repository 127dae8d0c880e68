"""Steps of `recipe=unet_camvid` and of segmentation_models_pytorch's Unet in turn, in one process.

The real steps are those of the whole command `train`, images and augmentation included: after each of them, while its
loop waits, the other training takes one, its own images and augmentation included.
"""

import argparse
import json
from pathlib import Path
from statistics import median

from benchmarks.loops.sightline import A_ROW_A_STEP, train_until

import torch  # isort: skip

from benchmarks.loops.smp_unet import Peer, load, plan_of, words_of
from benchmarks.loops.turns import Turns
from sightline.inference.model import load_split


def main() -> None:
    """Alternate until enough was timed, and print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--device", type=torch.device, default=torch.device("cpu"))
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    words = [*words_of(arguments.root, arguments.device.type), f"runs_dir={arguments.runs}"]
    ids = sorted(path.relative_to(arguments.root).as_posix() for path in (arguments.root / "train/images").iterdir())
    peer = Peer(*load(arguments.root, ids), plan_of(words, len(ids)), 0, arguments.device.type)
    turns = Turns(peer, arguments.device, 5.0 if arguments.quick else arguments.seconds)
    run = train_until([*words, A_ROW_A_STEP, "training.epochs=1000"], arguments.runs, turns)
    plan = plan_of(words, len(load_split(run).positions("train")))
    real, other = median(turns.real), median(turns.other)
    facts = {"real": real, "other": other, "pairs": len(turns.real), "threads": torch.get_num_threads()}
    facts |= {"steps": plan.steps, "steps_x_seconds_over_other": real / other}
    print("\n" + json.dumps(facts))


if __name__ == "__main__":
    main()
