"""A training stopped within an epoch and resumed ends with the very same weights.

    bash run.sh examples/training/stop_and_resume.py

The second training is interrupted as by Ctrl-C, in the middle of its second epoch. Compare the number of tensors with
that of equal ones.
"""

import signal
from contextlib import suppress
from pathlib import Path

import torch

from sightline.cli import configure
from sightline.commands.train import train
from sightline.machine.signals import Interrupted
from sightline.run.folder import Run

STOP_AFTER = 8


def stopping(run: Run) -> None:
    """Have a run interrupt itself once it has logged a step."""
    run.listeners.append(lambda row: signal.raise_signal(signal.SIGINT) if row.get("step") == STOP_AFTER else None)


def last(run: Run) -> dict[str, torch.Tensor]:
    """The weights after the last step."""
    return torch.load(run.path / "checkpoints/last.pt", weights_only=True)["model"]


alone = ["mode=demo", "mode.name=trial", "mode.stages=[validate,train]", "tracking=none"]  # and no pictures
small = ["limit=400", "model.width=16", "training.epochs=3", "training.batch_size=48"]
config = configure(*alone, *small)

whole = train(config)

with suppress(Interrupted):
    train(config, begun=stopping)
stopped = Run.open("latest", Path(config.runs_dir))
print(f"epochs closed before the stop: {sum(row['kind'] == 'epoch' for row in stopped.rows('metrics.jsonl'))} of 3")

resumed = train(config, run=stopped)
pairs = [(tensor, last(resumed)[name]) for name, tensor in last(whole).items()]
print(f"tensors: {len(pairs)}, equal to the bit: {sum(torch.equal(one, other) for one, other in pairs)}")
