"""The sum of a sweep: trials, importances, what fresh seeds made of the best; the trials themselves come before it."""

from pathlib import Path

from sightline.config.schema import Config
from sightline.machine.terminal import logger
from sightline.reporting import figures
from sightline.reporting.sections.sweep.retrained import headline, retrained_table
from sightline.reporting.terminal import show
from sightline.run.folder import Run
from sightline.sweep.results import summary
from sightline.sweep.search import Search
from sightline.sweep.storage import StudyLocation
from sightline.tasks.winner import judged

DRAWN = (
    figures.sweep_history,
    figures.sweep_curves,
    figures.sweep_importances,
    figures.sweep_parallel,
    figures.sweep_slices,
)


def run(config: Config, run: Run) -> dict[str, float]:
    """Write `sweep.json` and its figures from the study."""
    location = StudyLocation.parse(config.sweep.storage, Path(config.runs_dir), run.path.name)
    found = judged(config, run, summary(Search(config.sweep, location, config.seed), run))
    run.save_json("sweep.json", found)
    for draw in DRAWN:
        run.save_bytes(f"figures/{draw.__name__}.png", draw(found))
    logger.info("sweep: %s", headline(found))
    show("trained anew with fresh seeds", retrained_table(found))
    return {"best": max((row["value"] for row in found["trials"] if row["value"] is not None), default=float("nan"))}
