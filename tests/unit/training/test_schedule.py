import pytest
import torch
from timm.scheduler import CosineLRScheduler

from sightline.config.training import (
    ConstantSchedule,
    CosineSchedule,
    OneCycleSchedule,
    PlateauSchedule,
    SchedulerConfig,
    StepSchedule,
)
from sightline.training.schedule import plateau_drops, rate_factor, warmup_factor

PER_EPOCH, EPOCHS = 10, 6
TOTAL = PER_EPOCH * EPOCHS


def curve(config: SchedulerConfig) -> list[float]:
    return [rate_factor(config, step, PER_EPOCH, TOTAL) for step in range(TOTAL)]


def test_cosine_without_warmup_equals_timm():
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    theirs = CosineLRScheduler(optimizer, t_initial=TOTAL, lr_min=0.1, t_in_epochs=False)
    values = []
    for step in range(TOTAL):
        theirs.step_update(step)
        values.append(optimizer.param_groups[0]["lr"])
    assert curve(CosineSchedule(name="cosine", warmup_epochs=0.0, final=0.1)) == pytest.approx(values, abs=1e-6)


def test_one_cycle_rises_and_falls_straight():
    values = curve(OneCycleSchedule(name="onecycle", peak_at=0.25, initial=0.2, final=0.0))
    peak = values.index(max(values))
    assert values[0] == pytest.approx(0.2)
    assert max(values) == pytest.approx(1.0, abs=0.04)
    assert values[:peak] == sorted(values[:peak])
    assert values[peak:] == sorted(values[peak:], reverse=True)
    assert 0 < values[-1] < 0.05, "the last step still moves"


def test_one_cycle_at_the_edges():
    for peak in (0.0, 1.0):
        values = curve(OneCycleSchedule(name="onecycle", peak_at=peak, initial=0.2, final=0.0))
        assert max(values) == pytest.approx(1.0)
        assert min(values) > 0
    assert rate_factor(OneCycleSchedule(name="onecycle", peak_at=0.3, initial=0.1, final=0.0), 0, 1, 1) == 1.0


def test_steps_drop_at_their_epochs():
    values = curve(StepSchedule(name="step", warmup_epochs=0.0, milestones=(2, 4), gamma=0.1))
    assert values[:20] == [1.0] * 20
    assert values[20:40] == pytest.approx([0.1] * 20)
    assert values[40:] == pytest.approx([0.01] * 20)


def test_warmup_is_linear_and_ends_at_one():
    values = curve(ConstantSchedule(name="constant", warmup_epochs=1.0))
    assert values[:10] == pytest.approx([(step + 1) / 10 for step in range(10)])
    assert set(values[10:]) == {1.0}
    assert warmup_factor(0, 0.0) == 1.0


def test_plateau_drops_after_patience_without_a_new_best():
    values = [0.5, 0.4, 0.41, 0.42, 0.39, 0.40, 0.40, 0.40, 0.40]
    assert [plateau_drops(values[:n], 2, higher_is_better=False) for n in range(10)] == [0, 0, 0, 0, 1, 1, 1, 2, 2, 3]
    assert plateau_drops([0.5, 0.6, 0.6, 0.6], 2, higher_is_better=True) == 1
    config = PlateauSchedule(name="plateau", warmup_epochs=0.0, factor=0.1, patience=2)
    assert rate_factor(config, 50, PER_EPOCH, TOTAL, drops=2) == pytest.approx(0.01)
