"""The report: one page for people and one card for the model, from the files of the run alone."""

from sightline.config.schema import Config
from sightline.machine.terminal import logger
from sightline.reporting.model_card import render_model_card
from sightline.reporting.page import render_page
from sightline.run.folder import Run


def run(config: Config, run: Run) -> dict[str, float]:
    """Write `report.html`, and `model_card.md` for a model."""
    if card := render_model_card(run):
        run.save_text("model_card.md", card)
    path = run.save_text("report.html", render_page(run, config.report.title))
    logger.info("report: %s", path)
    return {"bytes": float(path.stat().st_size)}
