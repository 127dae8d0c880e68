"""The report: one self-contained page, written from the files of a run and nothing else."""

import shlex
from collections.abc import Mapping
from typing import Any

import sightline
from sightline.reporting import tables, uncertainty
from sightline.reporting.contents import Contents
from sightline.reporting.facts import (
    SPLIT_HEADER,
    cost_facts,
    data_facts,
    explain_facts,
    machine_facts,
    preprocessing_facts,
    split_rows,
    training_facts,
)
from sightline.reporting.page import environment, pictures_of
from sightline.reporting.verdict import verdict
from sightline.run.folder import Run


def render_report(run: Run, title: str | None = None) -> str:
    """Write the page of a run; a section whose file is missing says which mode writes it.

    Args:
        run: the run, opened for reading.
        title: the heading; by default the model and the data.

    Raises:
        RunFailedError: a file of the run is damaged.
    """
    contents = Contents.read(run)
    evaluation, calibration, provenance = contents.evaluation, contents.calibration, contents.provenance
    calibrated = (evaluation or {}).get("calibrated")
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            title=title or f"{contents.setting('model.name', 'model')} on {contents.setting('data.name', 'data')}",
            contents=contents,
            verdict=verdict(contents),
            pictures=pictures_of(contents.figures),
            split_rows=split_rows(contents.split) if contents.split else [],
            data_facts=data_facts(contents.validation) if contents.validation else [],
            preprocessing_facts=preprocessing_facts(contents.preprocessing) if contents.preprocessing else [],
            training_facts=training_facts(contents),
            metric_rows=_metric_rows(evaluation["metrics"]) if evaluation else [],
            tta_rows=tables.metric_rows(evaluation["tta"]["metrics"]) if evaluation and "tta" in evaluation else [],
            per_class_rows=tables.per_class_rows(evaluation["per_class"]) if evaluation else [],
            confused_rows=tables.confused_rows(evaluation) if evaluation else [],
            calibration_rows=tables.calibration_rows(calibration) if calibration else [],
            suspect_rows=tables.suspect_rows(evaluation["suspects"]) if evaluation and "suspects" in evaluation else [],
            slice_rows=tables.slice_rows((evaluation or {}).get("slices", [])),
            unknown_rows=uncertainty.unknown_rows(evaluation["ood"]) if evaluation and "ood" in evaluation else [],
            calibrator_rows=uncertainty.calibrator_rows((calibration or {}).get("calibrators", [])),
            way_rows=uncertainty.way_rows(contents.uncertainty) if contents.uncertainty else [],
            mistake_rows=uncertainty.mistake_rows(contents.uncertainty) if contents.uncertainty else [],
            cost_facts=cost_facts(contents.cost) if contents.cost else [],
            calibrated_rows=tables.calibrated_rows(calibrated) if calibrated else [],
            conformal_rows=uncertainty.conformal_rows((calibrated or calibration or {}).get("conformal", [])),
            selective_rows=uncertainty.selective_rows((calibrated or calibration or {}).get("selective", [])),
            judged_on=_judged_on(contents),
            explain_facts=explain_facts(contents.explain) if contents.explain else [],
            command=shlex.join(provenance["command"]) if provenance else "",
            machine_facts=machine_facts(contents) if provenance else [],
            ledger_rows=[[str(row.get(key, "")) for key in ("time", "stage", "purpose")] for row in contents.ledger],
            ledger_header=("Time", "Stage", "Purpose"),
            split_header=SPLIT_HEADER,
            tables=tables,
            uncertainty=uncertainty,
            version=sightline.__version__,
        )
    )


def _judged_on(contents: Contents) -> str:
    """On which images sets and thresholds were measured."""
    if contents.evaluation and "calibrated" in contents.evaluation:
        return f"{contents.evaluation['n']:,} images of the {contents.evaluation['split']} split"
    count = (contents.calibration or {}).get("judged_on", 0)
    return f"{count:,} images of the validation split, which chose the epoch"


def _metric_rows(metrics: Mapping[str, Mapping[str, Any]]) -> list[list[str]]:
    """The metric table with a plain meaning at the end of each row."""
    rows = tables.metric_rows(metrics)
    return [[*row, tables.metric(name).meaning] for name, row in zip(metrics, rows, strict=True)]
