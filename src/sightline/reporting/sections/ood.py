"""Images of other data: how well scores tell them from those of the run's own."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from sightline.metrics.documents.evaluation import Detection, OutOfDistribution
from sightline.reporting.contents import Contents
from sightline.reporting.files import EVALUATION
from sightline.reporting.formatting import interval
from sightline.reporting.sections.blocks import Block, Code, Table
from sightline.reporting.sections.section import FigureKind, Section

HEADER: Final = ("Score", "AUROC", "AUPR, known", "AUPR, unknown", "Unknown ones passed at 95 % of the known")
SCORES: Final = {
    "msp": "probability of the answer (MSP)",
    "energy": "energy",
    "mahalanobis": "distance to the classes (Mahalanobis)",
    "knn": "distance to the k-th neighbour",
}


def ood_table(ood: OutOfDistribution) -> Table:
    """One row a score that should tell images of other data from the run's own."""
    return Table(HEADER, [_row(SCORES[name], measured) for name, measured in ood["scores"].items()])


def _row(name: str, measured: Detection) -> list[str]:
    areas = [measured["auroc"], measured["aupr_in"], measured["aupr_out"]]
    return [name, *(interval("roc_auc_ovr", area) for area in areas), interval("accuracy", measured["fpr95"])]


def blocks(contents: Contents) -> Iterator[Block]:
    """The scores, where other data were given."""
    if (evaluation := contents.read(EVALUATION)) and (ood := evaluation.get("ood")):
        other = f"{ood['n_unknown']:,} images of other data ("
        yield replace(
            ood_table(ood),
            caption=f"How well each score tells {ood['n_known']:,} images of the {evaluation['split']} split from "
            f"{other}{ood['data']['name']}); distances are to {ood['n_fitted']:,} training images.",
            lead=(f"Told from {other}", Code(str(ood["data"]["name"])), "):"),
            sources=[f"evaluation.json: ood.scores.{name}" for name in ood["scores"]],
        )


SECTION: Final = Section(
    title="Unknown images",
    task="classification",
    blocks=blocks,
    card="Results",
    sources=(EVALUATION.name,),
    figures=(
        FigureKind(
            "unknown",
            "Known and unknown images",
            "How each score spreads; the less the two overlap, the better it tells them apart.",
        ),
    ),
)
