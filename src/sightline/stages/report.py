"""The report: one page for people and one card for the model, from the files of the run alone."""

from pathlib import Path

from sightline.config.schema import Config
from sightline.machine.terminal import logger
from sightline.reporting.model_card import render_model_card
from sightline.reporting.page import render_page
from sightline.run.folder import Run


def run(config: Config, run: Run) -> dict[str, float]:
    """Write `report.html`, and `model_card.md` for a model; mode `report` takes another folder in `output=`."""
    output = config.output if config.mode.name == "report" else None
    place = run if output is None else Run(Path(output))
    if card := render_model_card(run):
        place.save_text("model_card.md", card)
    path = place.save_text("report.html", render_page(run, config.report.title))
    logger.info("report: %s", path)
    return {"bytes": float(path.stat().st_size)}
