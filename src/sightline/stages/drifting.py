"""Drift of images that a run has answered, as its command asks for it: for mode `drift`, and a line of `predict`."""

from sightline.config.schema import Config
from sightline.errors import SightlineError
from sightline.inference.reference import REFERENCE, NewImages, load_reference
from sightline.machine.terminal import logger
from sightline.metrics.drift.measure import LEAST, Policy, measure_drift
from sightline.metrics.drift.words import headline
from sightline.run.folder import Run


def policy_of(config: Config) -> Policy:
    """What counts as drift."""
    asked = config.drift
    return Policy(asked.level, asked.smallest, asked.policy, asked.permutations)


def drift_line(config: Config, run: Run, seen: NewImages) -> str:
    """One line on images that drifted; empty where none is found, or too little is known to look for it."""
    if len(seen) < LEAST or not run.has(REFERENCE):
        return ""
    try:
        reference = load_reference(run)
    except SightlineError as error:  # the answers are there; mode `drift` says it aloud
        logger.debug("drift: %s", error)
        return ""
    found = headline(measure_drift(reference.sample, seen.sample(), reference.class_names, policy_of(config)))
    return found and f"{found}; mode `drift` says more"
