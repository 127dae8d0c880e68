"""Steps of `recipe=fast_cifar10` and of the airbench port in turn, in one process.

The real steps are those of the whole command `train`: after each of them, while its loop waits, the port takes one.
The port augments a whole epoch at once; its steps carry their share of that, as ours carry their own augmentation.
"""

import argparse
import json
from pathlib import Path
from statistics import median

from benchmarks.loops.sightline import A_ROW_A_STEP, train_until

import torch  # isort: skip

from benchmarks.loops.airbench import EPOCHS, Port, load
from benchmarks.loops.turns import Turns
from sightline.cli import compose_config
from sightline.inference.model import load_split


def main() -> None:
    """Alternate until enough was timed, and print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--device", type=torch.device, default=torch.device("cpu"))
    parser.add_argument("--seconds", type=float, default=60.0)
    arguments = parser.parse_args()
    port = Port(*load(arguments.root, "train"), EPOCHS, 0, arguments.device.type)
    turns = Turns(port, arguments.device, arguments.seconds)
    words = ["recipe=fast_cifar10", "data=folder", f"data.root={arguments.root}", f"runs_dir={arguments.runs}"]
    words += ["tracking=none", "mode.stages=[validate,train]", f"device={arguments.device.type}"]
    planned = compose_config(words)["training"]
    run = train_until([*words, A_ROW_A_STEP, "training.epochs=1000"], arguments.runs, turns)
    items = len(load_split(run).positions("train"))
    facts = {
        "real_seconds_a_step": median(turns.real),
        "port_seconds_a_step": median(turns.other) + port.augmenting / port.per_epoch,
        "port_augmenting_seconds_a_step": port.augmenting / port.per_epoch,
        "real_steps": planned["epochs"] * -(-items // planned["batch_size"]),
        "port_steps": port.total,
        "pairs": len(turns.real),
        "threads": torch.get_num_threads(),
    }
    facts["steps_x_seconds_over_port"] = (facts["real_steps"] * facts["real_seconds_a_step"]) / (
        facts["port_steps"] * facts["port_seconds_a_step"]
    )
    print("\n" + json.dumps(facts))


if __name__ == "__main__":
    main()
