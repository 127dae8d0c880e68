"""The table of all sections, in the order of the page. A new section is a file and a line here."""

from typing import Final

from sightline.reporting.contents import Contents
from sightline.reporting.sections import (
    cautions,
    checks,
    cost,
    explanations,
    galleries,
    ledger,
    model_input,
    ood,
    provenance,
    results,
    slices,
    split,
    training,
)
from sightline.reporting.sections.classification import calibration, classes, promises, suspects, uncertainty, verdict
from sightline.reporting.sections.comparison import cost as systems_cost
from sightline.reporting.sections.comparison import pairs, systems
from sightline.reporting.sections.comparison import verdict as comparison
from sightline.reporting.sections.section import Chapter, Document
from sightline.reporting.sections.sweep import again, search

SECTIONS: Final = (
    Chapter("verdict", "Verdict", (verdict.HEAD, cautions.WARNINGS, verdict.WORDS, cautions.REMARKS)),
    Chapter("data", "Data", (split.SECTION, checks.SECTION, model_input.SECTION, model_input.FIGURES)),
    Chapter("training", "Training", (training.SECTION,)),
    Chapter("results", "Results", (
        results.SECTION, results.VIEWS, slices.SECTION, classes.SECTION, ood.SECTION, cost.SECTION,
    )),
    Chapter("calibration", "Calibration", (
        calibration.SECTION, calibration.ON_THE_SPLIT, promises.SETS, promises.SELECTIVE, uncertainty.SECTION,
    )),
    Chapter("galleries", "Examples", (suspects.SECTION, galleries.SECTION)),
    Chapter("explanations", "Explanations", (explanations.SECTION,)),
    Chapter("more", "More figures", (galleries.OTHERS,)),
    Chapter("reproducibility", "Reproducibility", (provenance.SECTION, provenance.CONFIGURATION, ledger.SECTION)),
)  # fmt: skip
"""Of a run."""
OF_COMPARISON: Final = (
    Chapter("verdict", "Verdict", (comparison.SECTION,)),
    Chapter("systems", "Systems", (systems.SECTION, systems_cost.SECTION)),
    Chapter("pairs", "Pairs", (pairs.SECTION,)),
    Chapter("runs", "Runs", (systems.RUNS,)),
)
OF_SWEEP: Final = (
    Chapter("verdict", "Verdict", (again.VERDICT,)),
    Chapter("again", "Trained anew", (again.SECTION,)),
    Chapter("search", "Search", (search.SECTION, search.SPACE)),
    Chapter("trials", "Trials", (search.TRIALS,)),
    Chapter("best", "Best configuration", (search.BEST,)),
)


def _title(contents: Contents) -> str:
    """The model and the data."""
    return f"{contents.setting('model.name', 'model')} on {contents.setting('data.name', 'data')}"


REPORT: Final = Document(_title, SECTIONS)


def document_of(contents: Contents) -> Document:
    """What the page of a folder is about: a sweep, a comparison, or a run."""
    if contents.has(again.SWEEP):
        return Document(again.title, OF_SWEEP)
    if contents.has(comparison.COMPARISON):
        return Document(comparison.title, OF_COMPARISON)
    return REPORT
