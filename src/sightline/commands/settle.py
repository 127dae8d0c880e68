"""Before a training begins, what the command leaves to a rule is decided, and the run's configuration says so."""

from collections.abc import Mapping

from sightline.config import parse
from sightline.config.base import AUTO
from sightline.config.fitted import left_open, with_values
from sightline.config.flatten import flatten
from sightline.config.schema import Config
from sightline.data.targets import class_names_of
from sightline.inference.model import load_split
from sightline.machine.distributed import world
from sightline.machine.terminal import logger
from sightline.run.folder import Run
from sightline.stages.train import TRIAL
from sightline.training.fitting import fit

CONFIG = "config.yaml"


def settle(config: Config, run: Run) -> Config:
    """The configuration with a number wherever it says `auto`: the run's own, else by the rule, from its split.

    What the rule decides is written into the run's configuration, so that a resumed training, and whoever reads
    the run, has the same numbers, whatever machine or version comes after.
    """
    keys = left_open(config)
    if not keys:
        return config
    stored = parse.load(run.path / CONFIG)
    before = flatten(stored)
    kept = {key: before[key] for key in keys if before.get(key) not in {None, AUTO}}
    if kept:
        logger.info("as the run has it: %s", ", ".join(f"{key}={value}" for key, value in kept.items()))
    config = with_values(config, kept)
    if not (rest := left_open(config)):
        return config
    split = load_split(run)
    config, lines = fit(config, len(split.positions("train")), class_names_of(split.targets), world().size)
    if config.mode.name != TRIAL:  # of many trainings none tells what all have in common
        for line in lines:
            logger.info("%s", line)
    _write(run, stored, {key: flatten(config.model_dump(mode="json"))[key] for key in rest})
    return config


def _write(run: Run, stored: dict[str, object], values: Mapping[str, object]) -> None:
    """Put values by dotted key into the run's configuration."""
    for dotted, value in values.items():
        group, key = dotted.split(".")
        part = stored[group]
        assert isinstance(part, dict), group
        part[key] = value
    run.save_text(CONFIG, parse.dump(stored))
