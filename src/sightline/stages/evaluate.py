"""Evaluation: every held-out split is predicted once, and one is measured with an interval on every number."""

from functools import partial

import numpy as np

from sightline.calibration.judge import judge
from sightline.config.data import CsvData
from sightline.config.schema import Config
from sightline.data.dataset import Dataset
from sightline.data.sources.table import columns_of
from sightline.inference.cost import model_cost
from sightline.inference.model import (
    class_names_of,
    groups_of,
    load_model,
    load_preprocessing,
    load_split,
    temperature_of,
)
from sightline.inference.predict import eval_loader, predict_held_out, predict_logits
from sightline.inference.predictions import has_predictions, load_predictions, save_predictions
from sightline.machine.device import pick_device
from sightline.metrics.classification.evaluation import evaluate_classification
from sightline.metrics.classification.risk import selective_risk
from sightline.metrics.classification.slices import measure_slices
from sightline.metrics.classification.suspects import suspect_labels
from sightline.metrics.documents.evaluation import Evaluation, RiskCoverage, Slice
from sightline.metrics.intervals.resampling import Resampling, group_codes
from sightline.metrics.predictions import Predictions
from sightline.reporting import figures
from sightline.reporting.sections.results import metric_table
from sightline.reporting.sections.slices import slice_table
from sightline.reporting.terminal import show
from sightline.run.folder import Run, SplitName
from sightline.tasks.classification.figures import draw_evaluation
from sightline.tasks.classification.galleries import draw_galleries, map_embeddings
from sightline.tasks.classification.ood import measure_unknown

HELD_OUT: tuple[SplitName, ...] = ("val", "calibration", "test")
"""What may be measured, the best last."""


def run(config: Config, run: Run) -> dict[str, float]:
    """Write `evaluation.json` and its figures; predict first where that was not done, or where views are asked for.

    What follows from predictions alone takes no model, so measuring again takes seconds.
    """
    role, views = best_role(run), config.evaluation.tta
    averaged: Predictions | None = None
    if has_predictions(run, role) and views == "none":
        predictions = load_predictions(run, role, "measure the test split", Predictions.from_arrays)
    else:
        predictions, averaged = _predict(config, run, role)
    names, resampling = class_names_of(run), _resampling(config, run, predictions)
    measure = partial(
        evaluate_classification,
        class_names=names,
        resampling=resampling,
        bins=config.calibration.bins,
    )
    result = measure(predictions)
    content: Evaluation = {
        "split": role,
        "n": len(predictions),
        "metrics": result["metrics"],
        "per_class": result["per_class"],
        "confusion": result["confusion"],
        "notes": result["notes"],
        "class_names": names,
    }
    if averaged is not None:
        content["tta"] = {"views": views, "metrics": measure(averaged)["metrics"]}
    if run.has("calibration.json"):
        content["calibrated"] = judge(
            run.load_json("calibration.json"), predictions, resampling, config.calibration.bins
        )
    if config.evaluation.ood is not None:
        content["ood"] = measure_unknown(config, run, role)
    if config.evaluation.slices:
        content["slices"] = _slices(config, predictions, resampling)
    content["suspects"] = suspect_labels(predictions, temperature_of(run), names)
    content["risk_coverage"] = _risk(predictions, temperature_of(run), resampling)
    run.save_json("evaluation.json", content)
    draw_evaluation(run, predictions, content, resampling)
    show(f"{role} split, {len(predictions)} images", metric_table(result["metrics"]))
    if averaged is not None:
        show(f"the same, test-time views: {views}", metric_table(content["tta"]["metrics"]))
    return {name: one["value"] for name, one in result["metrics"].items() if one["value"] is not None}


def best_role(run: Run) -> SplitName:
    """The best split there is to measure."""
    if run.has("split.json"):
        split = load_split(run)
        return [role for role in HELD_OUT if len(split.positions(role))][-1]
    return [role for role in HELD_OUT if has_predictions(run, role)][-1]


def _predict(config: Config, run: Run, role: SplitName) -> tuple[Predictions, Predictions | None]:
    """Ask the model: `predictions/*.npz`, `cost.json`, galleries, the map; the second answers are those over views."""
    predict_held_out(run, config, HELD_OUT[:-1])
    preprocessing, device = load_preprocessing(run), pick_device(config.device)
    if role == "test":
        run.unlock_test("predict and measure the test split")
    dataset = Dataset.open(config, load_split(run), preprocessing.stored_side, test_unlocked=role == "test")
    model, views = load_model(run, device), config.evaluation.tta
    loader = eval_loader(dataset, role, preprocessing, config.evaluation.batch_size, device)
    predictions, embeddings = predict_logits(model, loader)
    averaged = None if views == "none" else predict_logits(model, loader, views)[0]
    save_predictions(run, role, predictions)
    run.save_json("cost.json", model_cost(model, config, preprocessing, device))
    draw_galleries(run, config, dataset, preprocessing, predictions, role)
    points, kept = map_embeddings(embeddings, config.evaluation.tsne_items, config.seed)
    picture = figures.embedding(points, predictions.labels[kept], list(preprocessing.class_names))
    run.save_bytes("figures/embedding.png", picture)
    return predictions, averaged


def _resampling(config: Config, run: Run, predictions: Predictions) -> Resampling:
    """How every interval of these predictions is found."""
    groups = group_codes(groups_of(run, predictions), len(predictions))
    return Resampling(config.evaluation.level, config.evaluation.resamples, config.seed, groups)


def _slices(config: Config, predictions: Predictions, resampling: Resampling) -> list[Slice]:
    """Accuracy by the columns of the manifest that `evaluation.slices` names."""
    assert isinstance(config.data, CsvData)
    columns = columns_of(config.data, predictions.ids.tolist(), config.evaluation.slices)
    right = np.equal(predictions.logits.argmax(axis=1), predictions.labels)
    found = measure_slices(columns, right, resampling)
    show("slices", slice_table(found))
    return found


def _risk(predictions: Predictions, temperature: float, resampling: Resampling) -> RiskCoverage:
    """What answering only the surest items would bring; the temperature moves the order of items a little."""
    return selective_risk(
        predictions.probabilities(temperature).max(axis=1),
        np.equal(predictions.logits.argmax(axis=1), predictions.labels),
        predictions.labels,
        resampling,
    )
