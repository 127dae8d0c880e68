"""Layer groups cover every parameter once, end with the classifier, and hand an optimiser the right rates."""

from typing import Any

import pytest
import timm
import torch
from torch import nn

from sightline.models.groups import classifier_names, covering_names, layer_groups
from sightline.models.networks.cnn import Cnn
from sightline.models.parameter_groups import parameter_groups

FAMILIES = [
    "resnet18",
    "resnet50",
    "efficientnet_b0",
    "mobilenetv3_small_100",
    "regnety_002",
    "convnext_atto",
    "densenet121",
    "vgg11_bn",
    "vit_tiny_patch16_224",
    "deit_tiny_distilled_patch16_224",
    "swin_tiny_patch4_window7_224",
    "beit_base_patch16_224",
    "vit_base_patch14_dinov2",
    "crossvit_9_240",
    # These four have no matcher, or none that knows stages.
    "caformer_s18",
    "pit_ti_224",
    "csatv2",
    "rdnet_tiny",
    "cnn",
]


def made(name: str) -> nn.Module:
    with torch.device("meta"):
        return Cnn(10) if name == "cnn" else timm.create_model(name, num_classes=10)


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("coarse", [True, False])
def test_every_parameter_is_in_exactly_one_group_and_the_classifier_in_the_last(name: str, coarse: bool) -> None:
    model = made(name)
    groups = layer_groups(model, coarse=coarse)
    covered = [parameter for group in groups for parameter in group.parameter_names]
    assert sorted(covered) == sorted(parameter for parameter, _ in model.named_parameters())
    assert classifier_names(model) <= set(groups[-1].parameter_names)
    assert len(groups) >= 5
    assert all(group.parameter_names for group in groups)
    assert (groups[0].name, groups[-1].name) == ("stem", "head")


@pytest.mark.parametrize("name", FAMILIES)
def test_modules_are_with_their_parameters(name: str) -> None:
    model = made(name)
    groups = layer_groups(model)
    listed = [module for group in groups for module in group.module_names]
    assert len(listed) == len(set(listed))
    group_of = {module: index for index, group in enumerate(groups) for module in group.module_names}
    for index, group in enumerate(groups):
        for parameter in group.parameter_names:
            owner = parameter.rpartition(".")[0]
            assert group_of.get(owner, index) == index
    spanning = {name for name, _ in model.named_modules() if name} - set(listed)
    for module in spanning:
        assert not list(model.get_submodule(module).buffers(recurse=False))
        assert len(list(model.get_submodule(module).children())) > 1


@pytest.mark.parametrize(
    ("name", "coarse", "names"),
    [
        ("resnet50", True, ["stem", "layer1", "layer2", "layer3", "layer4", "head"]),
        ("cnn", True, ["stem", "blocks.0", "blocks.1", "blocks.2", "head"]),
        (
            "test_vit",
            True,
            ["stem", "blocks.0", "blocks.1", "blocks.2", "blocks.3", "blocks.4", "blocks.5 + norm", "head"],
        ),
    ],
)
def test_names_say_what_is_inside(name: str, coarse: bool, names: list[str]) -> None:
    assert [group.name for group in layer_groups(made(name), coarse=coarse)] == names


def test_fine_groups_are_finer() -> None:
    assert len(layer_groups(made("resnet50"), coarse=False)) == 18


def test_dropout_before_the_classifier_belongs_to_the_head_and_that_of_positions_to_the_stem() -> None:
    groups = layer_groups(made("vit_tiny_patch16_224"))
    assert {"head", "head_drop", "fc_norm"} <= set(groups[-1].module_names)
    assert {"pos_drop", "patch_embed.proj"} <= set(groups[0].module_names)
    assert {"blocks.3.attn.attn_drop", "blocks.3.drop_path1", "blocks.3"} <= set(groups[4].module_names)


def test_parts_are_the_largest_whole_modules() -> None:
    parameters = ["a.0.w", "a.0.b", "a.1.c.w", "token"]
    assert covering_names(parameters, ["a.0", "a.1", "a.1.c"]) == ["a.0", "a.1", "token"]


# ---------------------------------------------------------------- for the optimiser


def test_no_parameter_is_left_out_or_twice_and_rates_fall_towards_the_stem() -> None:
    model = made("test_vit")
    groups = layer_groups(model)
    found = parameter_groups(model, groups, weight_decay=0.1, layer_decay=0.5)
    held = [id(parameter) for group in found for parameter in group["params"]]
    assert sorted(held) == sorted(id(parameter) for parameter in model.parameters())
    for group in found:
        assert group["lr_scale"] == 0.5 ** (7 - group["group"])
        assert len(group["names"]) == len(group["params"])
    assert {group["group"] for group in found} == set(range(8))


def test_only_shifts_of_norms_take_the_rate_of_biases() -> None:
    model = Cnn(10, width=16, norm_scale=False)
    found = parameter_groups(
        model, layer_groups(model), weight_decay=0.1, layer_decay=0.5, bias_scale=64.0, bias_decay=0.01
    )
    held = [one for group in found for one in group["names"]]
    assert sorted(held) == sorted(name for name, _ in model.named_parameters())
    depth = len(layer_groups(model)) - 1
    for group in found:
        share = 0.5 ** (depth - group["group"])
        for one in group["names"]:
            shift = one.endswith(".bias") and not one.startswith("head")
            assert group["lr_scale"] == share * (64.0 if shift else 1.0), one
            assert (group["weight_decay"] == 0.01) == shift, one


@pytest.mark.parametrize("name", ["test_vit", "swin_tiny_patch4_window7_224", "resnet18", "cnn", "convnext_atto"])
def test_norms_biases_and_tokens_never_decay(name: str) -> None:
    model = made(name)
    found = parameter_groups(model, layer_groups(model), weight_decay=0.1, layer_decay=1.0)
    decays = {one: group["weight_decay"] for group in found for one in group["names"]}
    listed: Any = model.no_weight_decay() if hasattr(model, "no_weight_decay") else set()
    for one, parameter in model.named_parameters():
        free = parameter.ndim <= 1 or one.endswith(".bias") or one in listed
        assert decays[one] == (0.0 if free else 0.1), one
    assert {"pos_embed", "cls_token"} <= set(listed) or name != "test_vit"


def test_a_norm_over_several_dimensions_does_not_decay_either() -> None:
    class Wide(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(nn.Conv2d(3, 4, 3), nn.LayerNorm((4, 6, 6)))
            self.head = nn.Linear(144, 2)

        def get_classifier(self) -> nn.Module:
            return self.head

    model = Wide()
    found = parameter_groups(model, layer_groups(model), weight_decay=0.1, layer_decay=1.0)
    free = {one for group in found if group["weight_decay"] == 0.0 for one in group["names"]}
    assert free == {"body.0.bias", "body.1.weight", "body.1.bias", "head.bias"}


def test_an_optimiser_takes_the_groups() -> None:
    model = Cnn(3, width=16)
    optimizer = torch.optim.SGD(
        parameter_groups(model, layer_groups(model), weight_decay=0.1, layer_decay=0.9), lr=0.1, momentum=0.9
    )
    model(torch.randn(2, 3, 16, 16)).sum().backward()
    optimizer.step()
    assert len(optimizer.state) == len(list(model.parameters()))
