"""Slow weights by hand."""

import pytest
import torch
from torch import nn

from sightline.training.averages import Lookahead


def one(value: float) -> nn.Linear:
    layer = nn.Linear(1, 1, bias=False)
    nn.init.constant_(layer.weight, value)
    return layer


def test_every_few_steps_the_weights_go_back_to_their_average():
    model = one(0.0)
    slow = Lookahead(model, every=2, decay=0.5)
    nn.init.constant_(model.weight, 8.0)
    slow.update(1, 4)
    assert model.weight.item() == 8.0, "not yet"
    slow.update(2, 4)
    keep = 0.5 * (2 / 4) ** 3
    assert model.weight.item() == pytest.approx(8.0 * (1 - keep))


def test_the_last_step_ends_at_the_average():
    model = one(1.0)
    slow = Lookahead(model, every=10, decay=0.5)
    nn.init.constant_(model.weight, 8.0)
    slow.update(3, 3)
    assert model.weight.item() == 1.0


def test_running_statistics_are_averaged_and_counters_left_alone():
    model = nn.BatchNorm1d(3)
    slow = Lookahead(model, every=1, decay=0.5)
    assert "num_batches_tracked" not in slow.state_dict()
    assert set(slow.state_dict()) == {"weight", "bias", "running_mean", "running_var"}


def test_the_average_survives_a_checkpoint():
    model = one(0.0)
    slow = Lookahead(model, every=1, decay=0.9)
    for done in range(1, 5):
        nn.init.constant_(model.weight, float(done))
        slow.update(done, 10)
    saved = {name: tensor.clone() for name, tensor in slow.state_dict().items()}
    other = Lookahead(one(-3.0), every=1, decay=0.9)
    other.load_state_dict(saved)
    assert torch.equal(other.state_dict()["weight"], slow.state_dict()["weight"])
