"""Frozen means frozen to the bit, and the plan is a function of the epoch alone."""

import pytest
import timm
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from sightline.config.training import (
    BackboneFreezing,
    FreezingConfig,
    LayerwiseFreezing,
    NoFreezing,
    PartialFreezing,
    ProgressiveFreezing,
)
from sightline.errors import UsageError
from sightline.models.freezing import FreezingPlan, apply_freezing, table_of
from sightline.models.groups import LayerGroup, layer_groups
from sightline.models.networks.cnn import Cnn
from sightline.models.parameter_groups import parameter_groups

COMMON = {"dropout": True, "warmup_epochs": 0.5, "cached_views": None}
NONE = NoFreezing(name="none", **COMMON)
BACKBONE = BackboneFreezing(name="backbone", **COMMON)


def groups_of(count: int) -> list[LayerGroup]:
    return [LayerGroup(f"g{index}", (), ()) for index in range(count)]


def progressive(*epochs: int) -> ProgressiveFreezing:
    return ProgressiveFreezing(name="progressive", unfreeze_at=epochs, every=None, stages=9, **COMMON)


def partial(groups: int, *names: str) -> PartialFreezing:
    return PartialFreezing(name="partial", groups=groups, names=names, **COMMON)


# ---------------------------------------------------------------- the plan


@pytest.mark.parametrize(
    ("config", "starts"),
    [
        (NONE, (0, 0, 0, 0, 0, 0)),
        (BACKBONE, (None, None, None, None, None, 0)),
        (partial(2), (None, None, 0, 0, 0, 0)),
        (partial(5), (None, None, None, None, None, 0)),
        (partial(-2), (None, None, None, 0, 0, 0)),
        (partial(0), (0, 0, 0, 0, 0, 0)),
        (partial(3, "g1", "g4"), (0, None, 0, 0, None, 0)),
        (
            ProgressiveFreezing(name="progressive", unfreeze_at=(1,), every=4, stages=2, **COMMON),
            (8, 8, 8, 4, 4, 0),
        ),
        (LayerwiseFreezing(name="layerwise", every=3, **COMMON), (15, 12, 9, 6, 3, 0)),
        (progressive(), (None, None, None, None, None, 0)),
        (progressive(4), (4, 4, 4, 4, 4, 0)),
        (progressive(2, 7), (7, 7, 7, 2, 2, 0)),
        (progressive(1, 2, 3, 4, 5), (5, 4, 3, 2, 1, 0)),
    ],
)
def test_starts(config: FreezingConfig, starts: tuple[int | None, ...]) -> None:
    plan = FreezingPlan.from_config(config, groups_of(6))
    assert plan.starts == starts
    assert [plan.starts_at(group) for group in range(6)] == list(starts)
    assert plan.freezes == any(start != 0 for start in starts)
    assert (plan.dropout, plan.warmup_epochs) == (True, 0.5)


def test_stages_and_trainable_follow_the_epoch() -> None:
    plan = FreezingPlan.from_config(progressive(2, 7), groups_of(6))
    assert plan.changes == (2, 7)
    assert [plan.stage(epoch) for epoch in (0, 1, 2, 6, 7, 100)] == [0, 0, 1, 1, 2, 2]
    assert plan.trainable(1) == (False, False, False, False, False, True)
    assert plan.trainable(2) == (False, False, False, True, True, True)
    assert plan.trainable(7) == (True,) * 6


@given(st.integers(1, 60), st.lists(st.integers(1, 500), min_size=1, max_size=60, unique=True))
def test_progressive_shares_are_equal_and_reach_the_stem(backbone: int, epochs: list[int]) -> None:
    epochs = sorted(epochs)[:backbone]
    plan = FreezingPlan.from_config(progressive(*epochs), groups_of(backbone + 1))
    shares = [plan.starts.count(epoch) for epoch in epochs]
    assert sum(shares) == backbone
    assert max(shares) - min(shares) <= 1
    assert plan.starts[0] == epochs[-1]
    assert list(plan.starts) == sorted(plan.starts, key=lambda start: -(start or 0))
    assert plan.trainable(epochs[-1]) == (True,) * (backbone + 1)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (progressive(1, 2, 3, 4), r"freezing\.unfreeze_at=\[1, 2, 3, 4\] has 4 stages; .* 3 groups .*g0, g1, g2"),
        (partial(4), r"freezing\.groups=4 goes beyond .* 3 groups"),
        (partial(-3), r"freezing\.groups=-3 goes beyond .* 3 groups"),
        (partial(1, "g0", "g1", "g2", "g3"), r"freezing\.names leaves nothing to train"),
        (partial(1, "g1", "layer9"), r"no layer group is called 'layer9'; .* g0, g1, g2, head"),
        (
            ProgressiveFreezing(name="progressive", unfreeze_at=(), every=2, stages=4, **COMMON),
            r"freezing\.every=2 freezing\.stages=4 has 4 stages",
        ),
    ],
)
def test_more_than_the_model_has_is_refused(config: FreezingConfig, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        FreezingPlan.from_config(config, groups_of(4))


@pytest.mark.parametrize(
    ("model", "name", "index"),
    [("resnet18", "layer1", 1), ("resnet18", "stem", 0), ("resnet18", "conv1", 0), ("resnet18", "fc", 5),
     ("test_vit", "blocks.2", 3), ("efficientnet_b0", "blocks.3", 4)],
)  # fmt: skip
def test_groups_are_found_by_the_names_people_know(model: str, name: str, index: int) -> None:
    groups = layer_groups(timm.create_model(model))
    starts = FreezingPlan.from_config(partial(1, name), groups).starts
    assert [place for place, start in enumerate(starts) if start is None] == [index]


def test_the_table_states_every_group() -> None:
    model = Cnn(3, width=16)
    groups = layer_groups(model)
    optimizer = torch.optim.SGD(parameter_groups(model, groups, weight_decay=0.1, layer_decay=0.5), lr=0.1)
    header, rows = table_of(FreezingPlan.from_config(progressive(5, 10), groups).rows(model, groups, optimizer))
    assert header == ["group", "modules", "parameters", "rate", "trains"]
    assert [row[0] for row in rows] == ["stem", "blocks.0", "blocks.1", "blocks.2", "head"]
    assert sum(int(row[2].replace(",", "")) for row in rows) == sum(one.numel() for one in model.parameters())
    assert [row[3] for row in rows] == ["0.0625", "0.125", "0.25", "0.5", "1"]
    assert [row[4] for row in rows] == ["after 10 epochs", "after 10 epochs", *["after 5 epochs"] * 2, "from the start"]
    assert all(isinstance(cell, str) for row in rows for cell in row)


# ---------------------------------------------------------------- frozen to the bit

FAMILIES = ["cnn", "test_resnet", "test_efficientnet", "test_convnext", "test_vit", "test_byobnet", "test_nfnet"]


def made(name: str) -> nn.Module:
    torch.manual_seed(0)
    if name == "cnn":
        return Cnn(3, width=16, drop_rate=0.2)
    size = {"img_size": 32, "patch_size": 8} if "vit" in name else {}
    return timm.create_model(name, num_classes=3, drop_rate=0.2, drop_path_rate=0.2, **size)


def train(
    model: nn.Module,
    groups: list[LayerGroup],
    plan: FreezingPlan,
    optimizer: torch.optim.Optimizer,
    epoch: int,
    *,
    steps: int = 2,
) -> None:
    for _ in range(steps):
        model.train()
        apply_freezing(model, groups, plan.trainable(epoch), dropout=plan.dropout)
        loss = F.cross_entropy(model(torch.randn(4, 3, 32, 32)), torch.tensor([0, 1, 2, 0]))
        optimizer.zero_grad(set_to_none=False)
        loss.backward()
        optimizer.step()


def snapshot(model: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def frozen_names(model: nn.Module, groups: list[LayerGroup], trainable: tuple[bool, ...]) -> set[str]:
    """Parameters and buffers of frozen groups."""
    names: set[str] = set()
    for group, trains in zip(groups, trainable, strict=True):
        if not trains:
            names |= set(group.parameter_names)
            names |= {
                f"{module}.{buffer}"
                for module in group.module_names
                for buffer, _ in model.get_submodule(module).named_buffers(recurse=False)
            }
    return names & set(model.state_dict())


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("dropout", [True, False])
def test_frozen_groups_stay_to_the_bit_after_momentum_has_built_up(name: str, dropout: bool) -> None:
    model = made(name)
    groups = layer_groups(model)
    optimizer = torch.optim.SGD(
        parameter_groups(model, groups, weight_decay=0.1, layer_decay=0.9), lr=0.05, momentum=0.9
    )
    train(model, groups, FreezingPlan.from_config(NONE, groups), optimizer, 0)
    before = snapshot(model)
    plan = FreezingPlan((None,) * (len(groups) - 2) + (0, 0), dropout)
    train(model, groups, plan, optimizer, 0)
    frozen = frozen_names(model, groups, plan.trainable(0))
    after = model.state_dict()
    assert all(torch.equal(before[one], after[one]) for one in frozen)
    moved = {one for group in groups[-2:] for one in group.parameter_names}
    still = [one for one in moved if torch.equal(before[one], after[one])]
    # A parameter that starts at zero, without decay and behind a path that dropout cut, may stay where it is.
    assert len(still) <= len(moved) // 4
    if name in ("cnn", "test_resnet", "test_efficientnet"):
        assert any("running_mean" in one for one in frozen)


@pytest.mark.parametrize("name", ["cnn", "test_resnet", "test_vit"])
def test_groups_join_in_their_epoch_with_fresh_state(name: str) -> None:
    model = made(name)
    groups = layer_groups(model)
    plan = FreezingPlan.from_config(progressive(1, 2), groups)
    optimizer = torch.optim.AdamW(parameter_groups(model, groups, weight_decay=0.1, layer_decay=1.0), lr=0.01)
    parameters = dict(model.named_parameters())
    for epoch in range(3):
        before = snapshot(model)
        train(model, groups, plan, optimizer, epoch)
        after = model.state_dict()
        for group, trains in zip(groups, plan.trainable(epoch), strict=True):
            held = [parameters[one] for one in group.parameter_names]
            assert all(parameter.requires_grad == trains for parameter in held)
            assert all((parameter in optimizer.state) == trains for parameter in held)
            moved = [one for one in group.parameter_names if not torch.equal(before[one], after[one])]
            assert bool(moved) == trains


def test_a_parameter_frozen_later_loses_its_gradient() -> None:
    model = made("cnn")
    groups = layer_groups(model)
    model(torch.randn(2, 3, 32, 32)).sum().backward()
    apply_freezing(model, groups, (False, False, False, False, True), dropout=True)
    gradients = {name: parameter.grad for name, parameter in model.named_parameters()}
    assert all((gradients[name] is None) == ("head" not in name) for name in gradients)


@pytest.mark.parametrize("dropout", [True, False])
def test_dropout_in_frozen_groups_follows_the_policy(dropout: bool) -> None:
    model = made("test_vit").train()
    groups = layer_groups(model)
    apply_freezing(model, groups, (False,) * (len(groups) - 1) + (True,), dropout=dropout)
    assert model.head_drop.training
    assert model.blocks[0].drop_path1.training == dropout
    assert model.blocks[0].attn.attn_drop.training == dropout
    assert model.pos_drop.training == dropout
    assert not model.blocks[0].norm1.training


def test_frozen_norms_use_their_statistics_and_others_those_of_the_batch() -> None:
    model = made("test_resnet").train()
    groups = layer_groups(model)
    apply_freezing(model, groups, (False, False, False, True, True, True), dropout=True)
    modes = {name: module.training for name, module in model.named_modules() if isinstance(module, nn.BatchNorm2d)}
    assert all(training == name.startswith(("layer3", "layer4")) for name, training in modes.items())
    assert {True, False} == set(modes.values())
