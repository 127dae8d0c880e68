"""Robustness: the same images under one condition after another, each measured as the clean ones are."""

from sightline.config.schema import Config
from sightline.errors import UsageError
from sightline.inference.model import CALIBRATION
from sightline.machine.terminal import logger
from sightline.metrics.documents.robustness import Corruptions, Robustness
from sightline.reporting.sections.attacks import about_attacks, attack_table, distrust
from sightline.reporting.sections.backgrounds import about_backgrounds, background_table
from sightline.reporting.sections.moves import about_moves, move_table
from sightline.reporting.sections.robustness import about, score_table
from sightline.reporting.terminal import show
from sightline.run.folder import Run
from sightline.run.ledger import check_test_lock, note_test_use
from sightline.run.origin import SOURCES, check_current, origin_of, save_derived
from sightline.stages.conditions.attacking import attack_questions, under_attack
from sightline.stages.conditions.corrupted import baseline_of, corruption_keys, under_corruptions
from sightline.stages.conditions.corruption_sheet import sheet
from sightline.stages.conditions.moved import check_moves, move_keys, under_moves
from sightline.stages.conditions.subject import Subject
from sightline.stages.conditions.swapped import are_swapped, background_keys, under_backgrounds
from sightline.tasks.table import task_of_run
from sightline.tasks.task import Task

PURPOSE = "measure robustness"
RESULT = "robustness.json"
FIGURE = "figures/corruptions.png"


def run(config: Config, run: Run) -> dict[str, float]:
    """Write `robustness.json`, a file for each condition under `robustness/`, and a sheet of corruptions.

    What an earlier command found of the same question stays, so one that was killed goes on where it was.
    """
    if not run.has("split.json"):
        raise UsageError("robustness asks the model itself, so it takes run= and not predictions=")
    asked, task = config.robustness, task_of_run(run)
    if asked.split == "test":
        check_test_lock(run, PURPOSE)
    subject = Subject.open(config, run, task)
    check_moves(subject)
    if run.has(CALIBRATION):
        check_current(run, CALIBRATION)  # before any label is read
    baseline = baseline_of(subject)
    moves = move_keys(asked)
    if asked.split == "test":
        keys = [*corruption_keys(asked), *moves, *background_keys(subject)]
        attacks = attack_questions(subject) if _is_attacked(subject, task) else []
        note_test_use(run, PURPOSE, [*(subject.question.named(key) for key in keys), *attacks])
    corruptions = under_corruptions(subject, baseline)
    content: Robustness = {"split": asked.split, "n": len(subject.question.ids), "corruptions": corruptions}
    if moves:
        content["moves"] = under_moves(subject)
    _swap(content, subject)
    _attack(content, subject, task)
    if asked.corruptions:
        run.save_bytes(FIGURE, sheet(subject))
    else:
        run.remove(FIGURE)
    save_derived(run, RESULT, content, origin_of(run, *SOURCES, CALIBRATION))
    _show(content, corruptions)
    return _values(content, corruptions) | _told(content)


def _swap(content: Robustness, subject: Subject) -> None:
    """Add what other grounds change, or why that is left out."""
    if not are_swapped(subject):
        return
    found = under_backgrounds(subject)
    if isinstance(found, str):
        _leave_out(content, found)
    else:
        content["backgrounds"] = found


def _leave_out(content: Robustness, reason: str) -> None:
    content["left_out"] = " ".join(filter(None, [content.get("left_out"), reason]))


def _attack(content: Robustness, subject: Subject, task: Task) -> None:
    """Add what attacks find, or why there are none, and whether all that stands there can be trusted."""
    if _is_attacked(subject, task):
        content["attacks"] = under_attack(subject)
        content["trusted"] = content["attacks"]["trusted"]
    elif subject.config.robustness.attacks:
        _leave_out(content, "Attacks are for a classifier with one label an image, on squares; they are left out.")


def _is_attacked(subject: Subject, task: Task) -> bool:
    """Whether attacks are asked for, of a model that they are for."""
    fits = task.name == "classification" and subject.loaded.preprocessing.fit != "whole"
    return fits and bool(subject.config.robustness.attacks)


def _show(content: Robustness, corruptions: Corruptions) -> None:
    """Tables of what was found under corruptions and moves."""
    for target, one in corruptions["targets"].items():
        beside = f"{target}: " if len(corruptions["targets"]) > 1 else ""
        show(f"{beside}{about(content, corruptions)}", score_table(one, corruptions["severities"]))
        if moved := content.get("moves", {}).get(target):
            show(f"{beside}{about_moves(moved)}", move_table(moved))
    if grounds := content.get("backgrounds"):
        show(about_backgrounds(grounds), background_table(grounds))


def _told(content: Robustness) -> dict[str, float]:
    """Tell what attacks found; its robust accuracy, if that can be trusted."""
    if reason := content.get("left_out"):
        logger.warning("robustness: %s", reason)
    if (attacks := content.get("attacks")) is None:
        return {}
    show(about_attacks(attacks), attack_table(attacks))
    for block in distrust(attacks):
        logger.warning("robustness: %s", block.text)
    robust = attacks["worst"]["of_all"]["value"]
    return {"robust_accuracy": robust} if attacks["trusted"] and robust is not None else {}


def _values(content: Robustness, corruptions: Corruptions) -> dict[str, float]:
    """The means over all conditions."""
    found = {}
    for target, one in corruptions["targets"].items():
        for name in ("mean", "mean_corruption_error"):
            value = one[name]["value"] if name in one else None
            if value is not None:
                found[f"{target}_{name}"] = value
    for target, moved in content.get("moves", {}).items():
        for name in ("worst_case", "consistency"):
            value = moved["all"][name]["value"]
            if value is not None:
                found[f"{target}_moved_{name}"] = value
    if "backgrounds" in content and (gap := content["backgrounds"]["gap"]["value"]) is not None:
        found["background_gap"] = gap
    return found
