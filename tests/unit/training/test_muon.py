"""Orthogonal steps against torch's and timm's Muon and against the singular value decomposition."""

from typing import Any

import pytest
import timm.optim
import torch
from torch import nn

from sightline.models.groups import layer_groups
from sightline.models.networks.cnn import Cnn
from sightline.models.parameter_groups import parameter_groups
from sightline.training.muon import Muon, orthogonal


def muon(groups: list[dict[str, Any]], **changes: Any) -> Muon:
    plain = {"lr": 0.1, "momentum": 0.9, "matrix_lr": 0.1, "matrix_momentum": 0.9, "keep_norm": False, "iterations": 5}
    return Muon(groups, **(plain | changes))


@pytest.mark.parametrize("shape", [(16, 40), (40, 16), (30, 30)])
def test_singular_values_come_near_one_and_directions_stay(shape: tuple[int, int]):
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    found = orthogonal(matrix, 5)
    values = torch.linalg.svdvals(found)
    assert values.min() > 0.3, "the smallest are still on their way"
    assert values.max() < 1.3
    u, _, v = torch.linalg.svd(matrix, full_matrices=False)
    nearest = u @ v
    assert (found * nearest).sum() / (found.norm() * nearest.norm()) > 0.97


@pytest.mark.parametrize("shape", [(16, 40), (40, 16)])
def test_steps_are_those_of_torchs_muon(shape: tuple[int, int]):
    generator = torch.Generator().manual_seed(1)
    ours, theirs = (nn.Parameter(torch.ones(shape)) for _ in range(2))
    optimizer = muon([{"params": [ours], "matrix": True, "weight_decay": 0.1}], matrix_lr=0.05, matrix_momentum=0.95)
    oracle = torch.optim.Muon([theirs], lr=0.05, momentum=0.95, weight_decay=0.1)
    for _ in range(10):
        gradient = torch.randn(shape, generator=generator)
        ours.grad, theirs.grad = gradient.clone(), gradient.clone()
        optimizer.step()
        oracle.step()
    torch.testing.assert_close(ours, theirs, rtol=0.02, atol=0.01)


@pytest.mark.parametrize("iterations", [3, 5])
@pytest.mark.parametrize("shape", [(16, 40), (40, 16), (8, 3, 3, 3), (32, 16, 3, 3)])
def test_steps_are_those_of_timms_muon_on_filters_too(shape: tuple[int, ...], iterations: int):
    generator = torch.Generator().manual_seed(1)
    ours, theirs = (nn.Parameter(torch.ones(shape)) for _ in range(2))
    group = {"params": [ours], "matrix": True, "weight_decay": 0.1}
    optimizer = muon([group], matrix_lr=0.05, matrix_momentum=0.95, iterations=iterations)
    oracle = timm.optim.Muon(
        [theirs], lr=0.05, momentum=0.95, weight_decay=0.1, nesterov=True, ns_steps=iterations,
        ns_coefficients="original", adjust_lr_fn="original", conv_mode="flatten",
    )  # fmt: skip
    for _ in range(10):
        gradient = torch.randn(shape, generator=generator)
        ours.grad, theirs.grad = gradient.clone(), gradient.clone()
        optimizer.step()
        oracle.step()
    torch.testing.assert_close(ours, theirs, rtol=0.02, atol=0.01)


def test_torchs_muon_still_takes_no_filters():
    """The day it does, decision 17 may be taken anew."""
    with pytest.raises(ValueError, match="2D"):
        torch.optim.Muon([nn.Parameter(torch.ones(8, 3, 3, 3))])


def test_what_is_no_matrix_takes_the_steps_of_sgd():
    ours, theirs = (nn.Parameter(torch.arange(5.0)) for _ in range(2))
    optimizer = muon([{"params": [ours], "matrix": False, "weight_decay": 0.1}])
    oracle = torch.optim.SGD([theirs], lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.1)
    for step in range(5):
        for parameter in (ours, theirs):
            parameter.grad = torch.full((5,), float(step))
        optimizer.step()
        oracle.step()
    assert torch.equal(ours, theirs)


def test_filters_are_matrices_and_may_keep_their_norm():
    filters = nn.Parameter(torch.randn(8, 3, 3, 3))
    optimizer = muon([{"params": [filters], "matrix": True, "weight_decay": 5.0}], keep_norm=True, matrix_lr=0.0001)
    filters.grad = torch.randn_like(filters)
    optimizer.step()
    assert filters.norm().item() == pytest.approx(8**0.5, rel=1e-3)
    assert filters.grad is not None, "gradients are left for those who look at them"


def test_schedules_move_both_kinds_and_frozen_ones_stay():
    matrix, vector, frozen = (nn.Parameter(torch.ones(4, 4)) for _ in range(3))
    groups = [{"params": [matrix, frozen], "matrix": True}, {"params": [vector], "matrix": False}]
    optimizer = muon(groups)
    for group in optimizer.param_groups:
        group["lr"] = 0.0
    for parameter in (matrix, vector):
        parameter.grad = torch.randn(4, 4)
    optimizer.step()
    assert all(torch.equal(parameter, torch.ones(4, 4)) for parameter in (matrix, vector, frozen))
    assert frozen not in optimizer.state


def test_the_momentum_survives_a_checkpoint():
    def stepped(optimizer: Muon, parameter: nn.Parameter, seeds: range) -> None:
        for seed in seeds:
            parameter.grad = torch.randn(6, 9, generator=torch.Generator().manual_seed(seed))
            optimizer.step()

    whole, halves = (nn.Parameter(torch.ones(6, 9)) for _ in range(2))
    group = {"matrix": True, "weight_decay": 0.0}
    one, first = muon([{"params": [whole], **group}]), muon([{"params": [halves], **group}])
    stepped(one, whole, range(6))
    stepped(first, halves, range(3))
    second = muon([{"params": [halves], **group}])
    second.load_state_dict(first.state_dict())
    stepped(second, halves, range(3, 6))
    assert torch.equal(whole, halves)


def test_the_layer_groups_of_a_model_know_their_matrices():
    model = Cnn(10, width=16)
    groups = parameter_groups(model, layer_groups(model), weight_decay=0.1, layer_decay=1.0)
    matrices = {name for group in groups if group["matrix"] for name in group["names"]}
    assert matrices == {f"blocks.{block}.conv{place}.weight" for block in range(3) for place in (1, 2)}
