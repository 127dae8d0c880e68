"""Drift: how far new images are from those that the run was measured on."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from sightline.config.schema import Config
from sightline.errors import GateRefusedError, UsageError
from sightline.inference.inputs import list_inputs
from sightline.inference.reference import REFERENCE, NewImages, Reference, load_reference
from sightline.machine.terminal import ProgressBar, logger
from sightline.metrics.documents.drift import Drift
from sightline.metrics.drift.examples import examples
from sightline.metrics.drift.measure import LEAST, Sample, measure_drift
from sightline.metrics.drift.words import headline, p_words
from sightline.reporting import figures
from sightline.reporting.sections.drift import drift_table
from sightline.reporting.terminal import show
from sightline.run.folder import Run
from sightline.run.origin import SOURCES, origin_of, save_derived
from sightline.stages.drifting import policy_of
from sightline.tasks.answers import Model
from sightline.tasks.table import model_of_run

RESULT: Final = "drift.json"
FIGURE: Final = "figures/drift.png"
EXAMPLES: Final = "figures/drift_examples.png"
INDEPENDENT: Final = (
    "Each image counts as drawn by itself: frames of one film or photos of one object are fewer than they look, "
    "and seem to have drifted too often."
)


def run(config: Config, run: Run) -> dict[str, float]:
    """Write `drift.json` and figures, into the run or where `output=` says.

    Raises:
        UsageError: there is no input or no reference, or no image can be read.
        GateRefusedError: the images drifted, and `drift.policy=refuse`.
    """
    reference = load_reference(run)
    model = model_of_run(config, run)
    new, paths, failed = _seen(config, model)
    found = measure_drift(reference.sample, new, reference.class_names, policy_of(config), reference.words)
    unread = [f"{failed} of the files could not be read."] if failed else []
    found["notes"] = [*reference.notes, *unread, INDEPENDENT]
    place = run if config.output is None else Run(Path(config.output))
    save_derived(place, RESULT, found, origin_of(run, *SOURCES, REFERENCE))
    _draw(place, found, reference, new)
    shown = examples(found, reference.sample, new)
    _show_examples(place, model, {words: [paths[one] for one in chosen] for words, chosen in shown.items()})
    _tell(found, place.path / RESULT)
    return {"images": float(len(new)), "drifted": float(sum(row["matters"] for row in found["statistics"]))}


def _seen(config: Config, model: Model) -> tuple[Sample, list[Path], int]:
    """Statistics of the images of `input=`, which these are, and how many of them could not be read."""
    paths, seen, read, done = list_inputs(config.input), NewImages(), list[Path](), 0
    first = ""
    with ProgressBar(len(paths), "measuring") as bar:
        for part in model.predictor.predict_images(paths, model.limits):
            seen.add(part)
            read += [path for place, path in enumerate(paths[done : done + len(part)]) if place not in part.errors]
            if part.errors and not first:
                place, reason = next(iter(part.errors.items()))
                first = f"{paths[done + place]}: {reason}"
            done += len(part)
            bar.update(done, "measuring")
    if not len(seen):
        raise UsageError(f"input: none of {len(paths)} images could be read; {first}")
    return seen.sample(), read, seen.failed


def _show_examples(place: Run, model: Model, shown: Mapping[str, Sequence[Path]]) -> None:
    """Draw new images that show what drifted, as the model sees them; without any, an earlier figure is taken away."""
    squares = {
        words: [
            part.squares[0].permute(1, 2, 0).numpy()
            for path in paths
            for part in model.predictor.predict_images([path], model.limits)
            if part.squares is not None
        ]
        for words, paths in shown.items()
    }
    if any(squares.values()):
        place.save_bytes(EXAMPLES, figures.drift_examples({words: some for words, some in squares.items() if some}))
    else:
        place.remove(EXAMPLES)


def _draw(place: Run, found: Drift, reference: Reference, new: Sample) -> None:
    """Draw the distributions of what drifted; without any, an earlier figure is taken away."""
    if any(row["drifted"] for row in found["statistics"]):
        place.save_bytes(FIGURE, figures.drift(found, reference.sample, new))
    else:
        place.remove(FIGURE)


def _tell(found: Drift, written: Path) -> None:
    """Say what was found.

    Raises:
        GateRefusedError: the policy says so.
    """
    for note in found["notes"][:-1]:
        logger.warning("drift: %s", note)
    if found["outcome"] == "unjudged":
        fewer = min(found["n"], found["n_reference"])
        logger.warning("drift: %d images are too few to judge by; it takes %d of them and of the run's", fewer, LEAST)
        return
    show(f"{found['n']:,} images against {found['reference']}, p = {p_words(found)}", drift_table(found))
    if line := headline(found):
        logger.warning("drift: %s", line)
        logger.info("drift: %s", INDEPENDENT)
    elif small := [row["words"] for row in found["statistics"] if row["drifted"]]:
        logger.info("drift: too small to matter (drift.smallest=%g): %s", found["smallest"], "; ".join(small))
    else:
        logger.info("drift: none found in %s images", f"{found['n']:,}")
    logger.info("drift: all numbers are in %s", written)
    if found["outcome"] == "refuse":
        raise GateRefusedError(f"drift: {headline(found)} (drift.policy=refuse)")
