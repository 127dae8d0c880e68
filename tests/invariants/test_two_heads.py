"""A model that gives a mapping, on targets that are partly missing, trains as any other: the loop asks for no task."""

import copy
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from sightline.data.batch import Batch
from sightline.data.preprocessing import Preprocessing
from sightline.machine.signals import Interrupted, StopSignal
from sightline.models.freezing import FreezingPlan
from sightline.models.groups import classifier_names
from sightline.models.outputs import by_head
from sightline.tasks.objective import Objective
from sightline.training.extras.compiling import compile_in_place
from sightline.training.extras.distillation import TEACHER, TaughtObjective
from sightline.training.extras.features import feature_stream
from sightline.training.extras.soup import average_best_epochs
from sightline.training.extras.streams import open_stream
from sightline.training.extras.teacher import TeacherModel
from sightline.training.loop import Loop
from sightline.training.precision import Precision, depthwise_share
from sightline.training.resume import restore
from sightline.training.setup import Training
from sightline.training.step import train_step
from tests.invariants.comparing import same
from tests.invariants.two_heads import CPU, ITEMS, STEPS, LabelAndDepth, Loader, TwoHeads, build_training, follow

EXTRAS = ("training.ema_decay=0.9", "training.soup=2", "training.lookahead_steps=3", "training.label_smoothing=0.1")
ATTACKED = ("training.adversarial=pgd", "training.adversarial.steps=2")
BOTH = pytest.mark.parametrize("attacked", [(), ATTACKED], ids=["plain", "attacked"])
CLOCKS = {"seconds", "images_per_second"}


def finish(training: Training, stop: StopSignal | None = None) -> Loop:
    progress, tally = restore(training)
    loop = Loop(training, open_stream(training), progress, tally)
    loop.run(stop or StopSignal())
    return loop


def one_step(model: nn.Module, training: Training, micro_batches: int) -> tuple[float, int, dict[str, float]]:
    tally = training.objective.tally()
    assert training.objective.learned is not None
    optimizer = torch.optim.SGD([*model.parameters(), *training.objective.learned.parameters()], lr=0.1)
    batch = Loader().batch(0, 0, 0.0)
    done = train_step(
        model, training.objective, batch, micro_batches, optimizer, Precision("fp32", CPU), 1.0, tally, 1,
        training.adversary,
    )  # fmt: skip
    return done.loss, done.micro_batches, tally.metrics()


def state_of(training: Training) -> dict[str, Any]:
    assert training.ema is not None
    optimizer, learned = training.optimizer.state_dict(), training.objective.learned
    assert learned is not None
    balance = learned.state_dict()
    assert balance["more"] != 0
    return {
        "model": training.model.state_dict(),
        "ema": training.ema.module.state_dict(),
        "optimizer": optimizer,
        "balance": balance,
    }


def test_both_heads_are_the_head(tmp_path: Path):
    training = build_training(tmp_path)
    names = {f"heads.{head}.{part}" for head in ("label", "depth") for part in ("weight", "bias")}
    assert classifier_names(training.model) == names
    assert set(training.groups[-1].parameter_names) == names
    assert depthwise_share(training.model, 8) == 0.0


@pytest.mark.parametrize("attacked", [(), (*ATTACKED, "training.adversarial.norm=l2")], ids=["plain", "attacked"])
@pytest.mark.parametrize("micro_batches", [2, 3, 5])
def test_micro_batches_add_up_to_the_batch(tmp_path: Path, micro_batches: int, attacked: tuple[str, ...]):
    """Without statistics and dropout, the cut changes nothing, however the missing targets fall."""
    training = build_training(tmp_path, *attacked)
    whole, objectives = training.model, [training.objective, copy.deepcopy(training.objective)]
    for name, module in whole.named_modules():
        if isinstance(module, nn.BatchNorm2d | nn.Dropout):
            whole.set_submodule(name, nn.Identity())
    cut = copy.deepcopy(whole)
    one, other = (
        one_step(model, replace(training, objective=objective), count)
        for model, objective, count in zip((whole, cut), objectives, (1, micro_batches), strict=True)
    )
    assert same_balance(*objectives)
    assert one[0] == pytest.approx(other[0], rel=1e-5)
    assert one[2] == pytest.approx(other[2], rel=1e-5)
    for name, tensor in whole.state_dict().items():
        torch.testing.assert_close(tensor, cut.state_dict()[name], rtol=1e-4, atol=1e-6, msg=name)


def same_balance(one: Objective, other: Objective) -> bool:
    """Whether both learned the same, and learned something."""
    assert one.learned is not None
    assert other.learned is not None
    values = [objective.learned.state_dict()["more"] for objective in (one, other)]  # type: ignore[union-attr]
    return bool(values[0] != 0) and torch.allclose(*values)


@BOTH
def test_out_of_memory_ends_where_smaller_micro_batches_end(tmp_path: Path, attacked: tuple[str, ...]):
    failing, small = (build_training(tmp_path, *attacked, most=most) for most in (4, ITEMS))
    assert one_step(failing.model, failing, 1) == one_step(small.model, small, ITEMS // 4)
    assert same(failing.model.state_dict(), small.model.state_dict())


def test_it_learns_both_targets(tmp_path: Path):
    training = build_training(tmp_path, "training.epochs=20")
    history = finish(training).progress.history
    assert history[-1]["val_label_accuracy"] > 0.7
    assert history[-1]["val_depth_error"] < 0.02
    assert {"train_loss", "train_label_accuracy", "train_depth_error", "val_loss"} <= history[-1].keys()


def test_validation_splits_what_does_not_fit(tmp_path: Path):
    training = build_training(tmp_path)
    loop = finish(training)
    whole = loop.evaluate()
    assert isinstance(training.model, TwoHeads)
    training.model.most = 5
    assert loop.evaluate() == pytest.approx(whole, rel=1e-5)


@BOTH
@pytest.mark.parametrize("after", [1, STEPS, STEPS + 2])
def test_interrupted_and_resumed_it_ends_the_same(
    tmp_path: Path, after: int, attacked: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
):
    words = (*EXTRAS, "training.accumulate=2", *attacked)
    whole = build_training(tmp_path / "whole", *words)
    finish(whole)
    stopped = build_training(tmp_path / "stopped", *words)
    stop = StopSignal()
    monkeypatch.setattr(Loop, "_note", stopping_after(after, stop))
    with pytest.raises(Interrupted):
        finish(stopped, stop)
    monkeypatch.undo()
    resumed = replace(build_training(tmp_path / "resumed", *words), run=stopped.run)
    finish(resumed)
    assert same(state_of(whole), state_of(resumed))
    one, other = (
        [{key: value for key, value in row.items() if key not in CLOCKS} for row in training.run.rows("metrics.jsonl")]
        for training in (whole, resumed)
    )
    assert one == other


def stopping_after(steps: int, stop: StopSignal) -> Callable[[Loop, float], str]:
    """In place of the note beside the progress bar, which is made after every step."""

    def note(loop: Loop, _loss: float) -> str:
        if loop.progress.step == steps:
            stop.number = 15
        return ""

    return note


def test_a_soup_of_both_heads(tmp_path: Path):
    training = build_training(tmp_path, "training.soup=2", "training.epochs=3")
    loop = finish(training)
    best = min(row["val_loss"] for row in loop.progress.history)
    average_best_epochs(training, loop.progress.history, loop.evaluate)
    assert training.run.load_json("soup.json")["soup"]["val_loss"] <= best
    assert loop.evaluate()["loss"] <= best


@BOTH
def test_a_teacher_of_two_heads_is_followed(tmp_path: Path, attacked: tuple[str, ...]):
    torch.manual_seed(7)
    plain = Preprocessing(4, (0.5,) * 3, (0.5,) * 3, "bilinear", 1.0, ("dark", "middle", "bright"))
    teacher = TeacherModel(TwoHeads(LabelAndDepth().heads).eval(), plain, plain, Precision("fp32", CPU))
    taught = build_training(tmp_path, "training.epochs=8", *attacked)
    taught.teacher = teacher
    taught.objective = TaughtObjective(taught.objective, follow, weight=1.0)
    batch = Loader().batch(999, 0, 0.0)
    wanted = by_head(teacher.outputs(batch.images))
    assert {f"{TEACHER}.{head}" for head in wanted} < teacher.add_outputs(batch).targets.keys()
    before = distance(taught.model, batch, wanted)
    finish(taught)
    assert distance(taught.model, batch, wanted) < before / 2


def distance(model: nn.Module, batch: Batch, wanted: Any) -> float:
    with torch.no_grad():
        return float(follow(model.eval()(batch.images), wanted))


def test_features_are_not_kept_for_several_heads(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    training = build_training(tmp_path, freezing=FreezingPlan((None, 0), dropout=False))
    with caplog.at_level(logging.INFO, logger="sightline"):
        assert feature_stream(training) is None
    assert "features are not kept: this model has several heads" in caplog.text


@BOTH
@pytest.mark.parametrize("works", [True, False])
def test_compiling_is_tried_on_both_heads(
    tmp_path: Path, works: bool, attacked: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
):
    """By a quick compiler here: what matters is that a mapping passes, forwards and backwards."""

    def refuse(_graph: Any, _inputs: list[Tensor]) -> Any:
        raise RuntimeError("no such instruction")

    def compile_quickly(model: nn.Module) -> None:
        model._compiled_call_impl = torch.compile(model._call_impl, backend="eager" if works else refuse)  # type: ignore[assignment]

    monkeypatch.setattr(nn.Module, "compile", compile_quickly)
    training = build_training(tmp_path, *attacked)
    before = copy.deepcopy(training.model.state_dict())
    assert compile_in_place(training.model, Loader().batch(0, 0, 0.0), training.precision) == works
    assert same(before, training.model.state_dict())
    assert all(parameter.grad is None for parameter in training.model.parameters())
    training.compiles = works
    assert finish(training).progress.step == 2 * STEPS
    torch._dynamo.reset()


@BOTH
def test_frozen_backbones_stay(tmp_path: Path, attacked: tuple[str, ...]):
    training = build_training(tmp_path, *attacked, freezing=FreezingPlan((None, 0), dropout=True))
    before = copy.deepcopy(training.model.state_dict())
    finish(training)
    moved = {name for name, tensor in training.model.state_dict().items() if not torch.equal(tensor, before[name])}
    assert moved == classifier_names(training.model)


def test_every_item_has_something_missing_somewhere():
    targets = Loader().batch(0, 0, 0.0).targets
    assert (targets["label"] == -1).sum() == np.ceil(ITEMS / 3)
    assert targets["depth"].isnan().sum() == ITEMS // 3
