"""Uncertainty: other ways to answer, and what each buys over one plain answer on the same items."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from torch import nn

from sightline.calibration.calibrate import temperature_half
from sightline.calibration.temperature import fit_temperature
from sightline.config.schema import Config
from sightline.data.dataset import Dataset
from sightline.data.loaders import EvalLoader
from sightline.data.transforms.test_time import view_count
from sightline.errors import UsageError
from sightline.inference.model import groups_of, load_model, load_preprocessing, load_split
from sightline.inference.predict import eval_loader, noisy_passes, predict_held_out, predict_logits
from sightline.inference.predictions import has_predictions, load_predictions
from sightline.inference.systems import ExternalPredictions, find_systems
from sightline.machine.device import pick_device
from sightline.machine.terminal import logger
from sightline.metrics.comparison.methods import Method, measure_methods
from sightline.metrics.comparison.mixture import Mixture
from sightline.metrics.comparison.systems import in_order
from sightline.metrics.documents.uncertainty import Uncertainty
from sightline.metrics.intervals.resampling import Resampling, group_codes
from sightline.metrics.predictions import Predictions
from sightline.reporting.sections.classification.uncertainty import method_table
from sightline.reporting.terminal import show
from sightline.run.folder import Run, SplitName
from sightline.stages.evaluate import best_role

Answers = Mapping[SplitName, tuple[Predictions, Mixture | None]]
"""What a way says on each split, and the sample of models it is the mean of, if it is one."""

SAME = 1e-9
"""Nats of mutual information that rounding can bring about."""


def run(config: Config, run: Run) -> dict[str, float]:
    """Write `uncertainty.json`, and the predictions of each way under `uncertainty/<way>/`.

    Each way has a temperature of its own, from the same half of the calibration split.
    """
    if not run.has("split.json"):
        raise UsageError("uncertainty asks the model itself, so it takes run= and not predictions=")
    role = best_role(run)
    predict_held_out(run, config, ("val", "calibration"))
    splits: list[SplitName] = [name for name in ("calibration", role) if has_predictions(run, name)]
    if role not in splits:
        raise UsageError(f"{run.path} has no predictions of its {role} split: mode `evaluate` writes them")
    others = _others(config, run)
    plain: Answers = {
        split: (load_predictions(run, split, "measure other ways to answer", Predictions.from_arrays), None)
        for split in dict.fromkeys(splits)
    }
    ways: dict[str, Answers] = {"plain": plain, "views": _views(config, run, plain)}
    if noisy := _dropout(config, run, plain):
        ways["dropout"] = noisy
    else:
        logger.info("uncertainty: the model has no dropout; model.drop_rate=0.2 trains one with it")
    if others:
        ways["ensemble"] = _ensemble(run, others, plain)
    found = _measured(config, run, ways, role)
    run.save_json("uncertainty.json", found)
    show(f"{role} split, {found['n']} images: one plain answer and others", method_table(found))
    entries = {f"{way['name']}/{name}": entry for way in found["ways"] for name, entry in way["metrics"].items()}
    return {name: entry["value"] for name, entry in entries.items() if entry["value"] is not None}


def _measured(config: Config, run: Run, ways: Mapping[str, Answers], role: SplitName) -> Uncertainty:
    """Calibrate every way alike, then measure all on the same items."""
    plain = ways["plain"][role][0]
    groups = group_codes(groups_of(run, plain), len(plain))
    listed = []
    for name, answers in ways.items():
        predictions, mixture = answers[role]
        calibrated = None
        if role != "calibration" and "calibration" in answers:
            calibrated = _temperature(run, answers["calibration"][0], config.seed)
        doubt = None if mixture is None else mixture.mutual_information
        shown = view_count(config.uncertainty.views) if name == "views" else 1
        listed.append(Method(name, mixture.members if mixture else shown, predictions, calibrated, doubt))
        if name != "plain":
            for split, (said, _) in answers.items():
                arrays = {"ids": said.ids, "logits": said.logits, "labels": said.labels}
                run.save_arrays(f"uncertainty/{name}/{split}.npz", **arrays)
    resampling = Resampling(config.evaluation.level, config.evaluation.resamples, config.seed, groups)
    found = measure_methods(listed, config.calibration.bins, resampling)
    return {"split": role, "n": len(plain), "ways": found}


def _temperature(run: Run, predictions: Predictions, seed: int) -> float:
    codes = group_codes(groups_of(run, predictions), len(predictions))
    chosen = temperature_half(predictions.labels, seed, codes)
    return fit_temperature(predictions.logits[chosen], predictions.labels[chosen])


def _asked(config: Config, run: Run, plain: Answers) -> Iterator[tuple[SplitName, nn.Module, EvalLoader]]:
    """The model, and the images of each split."""
    preprocessing, device = load_preprocessing(run), pick_device(config.device)
    dataset = Dataset.open(config, load_split(run), preprocessing.stored_side, test_unlocked="test" in plain)
    model = load_model(run, device)
    for split in plain:
        yield split, model, eval_loader(dataset, split, preprocessing, config.evaluation.batch_size, device)


def _views(config: Config, run: Run, plain: Answers) -> Answers:
    """Logits averaged over shifted and mirrored images."""
    asked = _asked(config, run, plain)
    return {split: (predict_logits(model, loader, config.uncertainty.views)[0], None) for split, model, loader in asked}


def _dropout(config: Config, run: Run, plain: Answers) -> Answers:
    """Probabilities averaged over passes with dropout left on; nothing where all passes say the same."""
    found: dict[SplitName, tuple[Predictions, Mixture | None]] = {}
    for split, model, loader in _asked(config, run, plain):
        mixture = Mixture()
        for predictions in noisy_passes(model, loader, config.uncertainty.passes, config.seed):
            mixture.add(predictions.probabilities())
            if mixture.members == 2 and mixture.mutual_information.max() < SAME:
                return {}
        found[split] = _mean(plain[split][0], mixture), mixture
    return found


def _others(config: Config, run: Run) -> list[Run]:
    """The runs that join this one in an ensemble.

    Raises:
        UsageError: one is not there, is this run, or knows other classes.
    """
    systems = find_systems(config.uncertainty.ensemble, Path(config.runs_dir))
    if strange := [system.name for system in systems if isinstance(system, ExternalPredictions)]:
        raise UsageError(f"uncertainty.ensemble={strange[0]} is no run: its answers elsewhere are not known")
    others = {member.path: member for system in systems for member in getattr(system, "runs", ())}
    others.pop(run.path, None)
    if systems and not others:
        raise UsageError("uncertainty.ensemble names no run but this one; it takes other runs of the same data")
    names = load_preprocessing(run).class_names
    if strangers := [path for path, other in others.items() if load_preprocessing(other).class_names != names]:
        raise UsageError(f"{strangers[0]} knows other classes than {run.path}; an ensemble needs the same")
    return list(others.values())


def _ensemble(run: Run, others: Sequence[Run], plain: Answers) -> Answers:
    """Probabilities averaged over this run and the others, from their predictions alone."""
    found: dict[SplitName, tuple[Predictions, Mixture | None]] = {}
    for split, (own, _) in plain.items():
        mixture = Mixture().add(own.probabilities())
        for other in others:
            with other.entering("uncertainty"):
                theirs = load_predictions(other, split, "join an ensemble", Predictions.from_arrays)
            mixture.add(in_order(theirs, own, str(other.path), str(run.path)).probabilities())
        found[split] = _mean(own, mixture), mixture
    return found


def _mean(own: Predictions, mixture: Mixture) -> Predictions:
    return Predictions(own.ids, mixture.logits, own.labels)
