"""The model card: Markdown from measured files only, each number with the file it comes from.

After Mitchell et al., Model Cards for Model Reporting (2019). What nobody measured is named as not measured, and what
only people can know is left to people.
"""

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sightline.reporting import tables, uncertainty
from sightline.reporting.contents import Contents
from sightline.reporting.facts import (
    SPLIT_HEADER,
    data_facts,
    explain_facts,
    machine_facts,
    preprocessing_facts,
    split_rows,
    training_facts,
)
from sightline.reporting.verdict import verdict
from sightline.run.folder import Run

FOR_PEOPLE = """\
Not measured, and for people to write: what the model is meant for and what it is not, whom a mistake would harm,
how the data were collected and with whose consent. Nothing is known of images of another kind than those above."""


def render_model_card(run: Run) -> str:
    """Write the card of a run as Markdown.

    Raises:
        RunFailedError: a file of the run is damaged.
    """
    contents = Contents.read(run)
    words = verdict(contents)
    model, data = contents.setting("model.name", "model"), contents.setting("data.name", "data")
    training = _facts(training_facts(contents)) if contents.epochs else ""
    preprocessing = _facts(preprocessing_facts(contents.preprocessing)) if contents.preprocessing else ""
    explained = _facts(explain_facts(contents.explain)) if contents.explain else ""
    parts = [
        f"# Model card: {_plain(model)} on {_plain(data)}",
        f"Run `{contents.name}`. {_plain(words.headline)}",
        *(f"**Beware:** {_plain(text)}" for text in words.warnings),
        _section("Results", _results(contents), "evaluation.json", "evaluate"),
        _section("Calibration", _calibration(contents), "calibration.json", "calibrate"),
        _section("Training", training, "metrics.jsonl, config.yaml", "train"),
        _section("Data", _split(contents), "split.json", "train"),
        _section("Data checks", _checks(contents), "validation.json", "validate"),
        _section("Input", preprocessing, "preprocessing.json", "train"),
        _section("Explanations", explained, "explain/explain.json", "explain"),
        _section("Origin", _origin(contents), "provenance.json, config.yaml", "train"),
        _section("Uses of the test labels", _ledger(contents), "test_ledger.jsonl", "evaluate"),
        f"## What this card does not say\n\n{FOR_PEOPLE}",
    ]
    return "\n\n".join(parts) + "\n"


def _section(title: str, body: str, source: str, mode: str) -> str:
    """A heading, the body, and its source; or what would write it."""
    if not body:
        return f"## {title}\n\nNot measured yet: mode `{mode}` writes `{source.split(',')[0]}`."
    files = " and ".join(f"`{name}`" for name in source.split(", "))
    return f"## {title}\n\n{body}\n\nSource: {files}."


def _results(contents: Contents) -> str:
    evaluation = contents.evaluation
    if not evaluation:
        return ""
    metrics = evaluation["metrics"]
    parts = [
        f"On {evaluation['n']:,} images of the {evaluation['split']} split.",
        _table(
            (*tables.METRIC_HEADER, "Source"),
            tables.metric_rows(metrics),
            [f"evaluation.json: metrics.{name}" for name in metrics],
        ),
        *_tta(evaluation),
        *_where_it_is_worse(evaluation),
        *_unknown(evaluation),
        "Class by class, weakest first:",
        _table(tables.PER_CLASS_HEADER, tables.per_class_rows(evaluation["per_class"])),
        "Most frequent confusions:",
        _table(tables.CONFUSED_HEADER, tables.confused_rows(evaluation)),
        *(_plain(note) for note in evaluation["notes"]),
    ]
    return "\n\n".join(parts)


def _tta(evaluation: Mapping[str, Any]) -> list[str]:
    if "tta" not in evaluation:
        return []
    metrics = evaluation["tta"]["metrics"]
    sources = [f"evaluation.json: tta.metrics.{name}" for name in metrics]
    table = _table((*tables.METRIC_HEADER, "Source"), tables.metric_rows(metrics), sources)
    return [f"The logits averaged over test-time views (`{evaluation['tta']['views']}`):", table]


def _where_it_is_worse(evaluation: Mapping[str, Any]) -> list[str]:
    if "slices" not in evaluation:
        return []
    sources = [f"evaluation.json: slices[{place}]" for place in range(len(evaluation["slices"]))]
    table = _table((*tables.SLICE_HEADER, "Source"), tables.slice_rows(evaluation["slices"]), sources)
    return ["By columns of the table; the limits of the differences hold together:", table]


def _unknown(evaluation: Mapping[str, Any]) -> list[str]:
    if "ood" not in evaluation:
        return []
    ood = evaluation["ood"]
    sources = [f"evaluation.json: ood.scores.{name}" for name in ood["scores"]]
    table = _table((*uncertainty.UNKNOWN_HEADER, "Source"), uncertainty.unknown_rows(ood), sources)
    return [f"Told from {ood['n_unknown']:,} images of other data (`{ood['data']['name']}`):", table]


def _calibration(contents: Contents) -> str:
    calibration = contents.calibration
    if not calibration:
        return ""
    return (
        f"Temperature {calibration['temperature']:.4f}, fitted on half of the {calibration['n']:,} images of the "
        f"{calibration['split']} split; the errors after it judge each half at the temperature of the other. "
        "By chance alone: what a perfectly calibrated model of this size would show.\n\n"
        + _table(tables.CALIBRATION_HEADER, tables.calibration_rows(calibration))
        + _sets((contents.evaluation or {}).get("calibrated"), contents.evaluation)
    )


def _sets(calibrated: Mapping[str, Any] | None, evaluation: Mapping[str, Any] | None) -> str:
    """What conformal sets are worth on the split that was measured."""
    if not calibrated or not evaluation:
        return ""
    rows = uncertainty.conformal_rows(calibrated["conformal"])
    sources = [f"evaluation.json: calibrated.conformal[{place}]" for place in range(len(rows))]
    table = _table((*uncertainty.CONFORMAL_HEADER, "Source"), rows, sources)
    return f"\n\nConformal sets on the {evaluation['split']} split:\n\n{table}"


def _split(contents: Contents) -> str:
    return _table(SPLIT_HEADER, split_rows(contents.split)) if contents.split else ""


def _checks(contents: Contents) -> str:
    validation = contents.validation
    if not validation:
        return ""
    rows = [[f["check"], f["outcome"], str(f["count"]), f["message"]] for f in validation["findings"]]
    return f"{_facts(data_facts(validation))}\n\n{_table(('Check', 'Outcome', 'Items', 'Found'), rows)}"


def _origin(contents: Contents) -> str:
    if not contents.provenance:
        return ""
    command = shlex.join(contents.provenance["command"])
    return f"```\n{command}\n```\n\n{_facts(machine_facts(contents))}"


def _ledger(contents: Contents) -> str:
    rows = [[str(row.get(key, "")) for key in ("time", "stage", "purpose")] for row in contents.ledger]
    return _table(("Time", "Stage", "Purpose"), rows) if rows else ""


def _facts(facts: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"- {name}: {_plain(value)}" for name, value in facts)


def _table(header: Sequence[str], rows: Iterable[Sequence[str]], sources: Sequence[str] = ()) -> str:
    """A table; `sources` become its last column, as code."""
    lines = [[_plain(cell) for cell in row] for row in rows]
    if sources:
        lines = [[*line, f"`{source}`"] for line, source in zip(lines, sources, strict=True)]
    return "\n".join("| " + " | ".join(line) + " |" for line in [list(header), ["---"] * len(header), *lines])


def _plain(text: object) -> str:
    """Text that Markdown leaves as it is, and that a person can still read: names and messages may hold anything."""
    flat = re.sub(r"([\\|*<`])", r"\\\1", " ".join(str(text).split())).replace("](", "]\\(")
    return re.sub(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])", r"\\_", flat)
