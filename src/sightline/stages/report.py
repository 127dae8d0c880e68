"""The report: one page for people and one card for the model, from the files of the run alone."""

from sightline.config.schema import Config
from sightline.machine.terminal import logger
from sightline.reporting.comparison import render_comparison
from sightline.reporting.html import render_report
from sightline.reporting.model_card import render_model_card
from sightline.reporting.sweep import render_sweep
from sightline.run.folder import Run


def run(config: Config, run: Run) -> dict[str, float]:
    """Write `report.html`, and `model_card.md` for a model."""
    if run.has("sweep.json"):
        page = render_sweep(run, config.report.title)
    elif run.has("comparison.json"):
        page = render_comparison(run, config.report.title)
    else:
        run.save_text("model_card.md", render_model_card(run))
        page = render_report(run, config.report.title)
    path = run.save_text("report.html", page)
    logger.info("report: %s", path)
    return {"bytes": float(path.stat().st_size)}
