"""The table of all sections, in the order of the page. A new section is a file and a line here."""

from pathlib import Path
from typing import Final

from sightline.config.data_label import data_label
from sightline.reporting.contents import Contents
from sightline.reporting.sections import (
    caveats,
    checks,
    cost,
    doubts,
    drift,
    explanations,
    galleries,
    ledger,
    model_input,
    ood,
    parity,
    provenance,
    results,
    robustness,
    slices,
    split,
    training,
)
from sightline.reporting.sections.classification import (
    calibration,
    classes,
    conformal,
    selective,
    suspects,
    uncertainty,
    verdict,
)
from sightline.reporting.sections.comparison import cost as systems_cost
from sightline.reporting.sections.comparison import pairs, systems
from sightline.reporting.sections.comparison import verdict as comparison
from sightline.reporting.sections.section import Chapter, Document
from sightline.reporting.sections.segmentation import calibration as mask_calibration
from sightline.reporting.sections.segmentation import classes as mask_classes
from sightline.reporting.sections.segmentation import images as mask_images
from sightline.reporting.sections.segmentation import verdict as mask_verdict
from sightline.reporting.sections.sweep import retrained, search

SECTIONS: Final = (
    Chapter("verdict", "Verdict", (
        verdict.HEAD, mask_verdict.HEAD, caveats.USES, doubts.SECTION, doubts.STEPS, doubts.MAPS, caveats.WARNINGS,
        verdict.WORDS, mask_verdict.WORDS, caveats.REMARKS,
    )),
    Chapter("data", "Data", (split.SECTION, checks.SECTION, model_input.SECTION, model_input.FIGURES)),
    Chapter("training", "Training", (training.SECTION,)),
    Chapter("results", "Results", (
        results.SECTION, results.TTA, slices.SECTION, classes.SECTION, mask_classes.SECTION, ood.SECTION, cost.SECTION,
    )),
    Chapter("calibration", "Calibration", (
        calibration.SECTION, calibration.ON_THE_SPLIT, conformal.SECTION, selective.SECTION, uncertainty.SECTION,
        mask_calibration.SECTION, mask_calibration.SETS,
    )),
    Chapter("robustness", "Robustness", (robustness.SECTION,)),
    Chapter("drift", "Drift of new images", (drift.SECTION,)),
    Chapter("export", "Export", (parity.SECTION,)),
    Chapter("galleries", "Examples", (suspects.SECTION, galleries.SECTION, mask_images.SECTION)),
    Chapter("explanations", "Explanations", (explanations.SECTION,)),
    Chapter("more", "More figures", (galleries.OTHERS,)),
    Chapter("reproducibility", "Reproducibility", (provenance.SECTION, provenance.CONFIGURATION, ledger.SECTION)),
)  # fmt: skip
"""Of a run; the first is the head of the page."""


def _title(contents: Contents) -> str:
    """The model and the data, or which predictions of another tool these are."""
    if contents.external:
        return f"Predictions of {Path(str(contents.setting('predictions', 'another tool'))).resolve().name}"
    name, root, manifest = (contents.setting(f"data.{key}") for key in ("name", "root", "manifest"))
    data = data_label(str(name or "data"), *(None if text is None else str(text) for text in (root, manifest)))
    return f"{contents.setting('model.name', 'model')} on {data}"


REPORT: Final = Document(_title, SECTIONS)
COMPARISON: Final = Document(comparison.title, (
    Chapter("verdict", "Verdict", (comparison.SECTION,)),
    Chapter("systems", "Systems", (systems.SECTION, systems_cost.SECTION)),
    Chapter("pairs", "Pairs", (pairs.SECTION,)),
    Chapter("runs", "Runs", (systems.RUNS,)),
))  # fmt: skip
SWEEP: Final = Document(retrained.title, (
    Chapter("verdict", "Verdict", (retrained.VERDICT,)),
    Chapter("again", "Trained anew", (retrained.SECTION,)),
    Chapter("search", "Search", (search.SECTION, search.SPACE)),
    Chapter("trials", "Trials", (search.TRIALS,)),
    Chapter("best", "Best configuration", (search.BEST,)),
))  # fmt: skip


def document_of(contents: Contents) -> Document:
    """What the page of a folder is about: a sweep, a comparison, or a run."""
    if contents.has(retrained.SWEEP):
        return SWEEP
    return COMPARISON if contents.has(comparison.COMPARISON) else REPORT
