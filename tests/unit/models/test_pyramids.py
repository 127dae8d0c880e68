"""Any backbone by its name: its pyramid and U-Net answer images of any size; weights, groups and freezing fit."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from sightline.config.model import ModelConfig, MultitaskModel, UnetModel
from sightline.errors import UsageError
from sightline.models.build import build_model
from sightline.models.groups import layer_groups
from sightline.models.parameter_groups import parameter_groups
from sightline.models.pyramids import build_pyramid
from tests.unit.models.test_build import timm_model

SIZES = ((225, 231), (33, 47))
FAMILIES = ("cnn", "residual50", "test_resnet", "test_vit", "test_efficientnet", "levit_128s", "eva02_tiny_patch14_224")
META = torch.device("meta")


def unet(backbone: str, **keys: object) -> UnetModel:
    return UnetModel.model_validate({"name": "unet", **shared(backbone), **keys})


def multitask(backbone: str, **keys: object) -> MultitaskModel:
    return MultitaskModel.model_validate({"name": "multitask", **shared(backbone), **keys})


def shared(backbone: str) -> dict[str, object]:
    return {
        "backbone": backbone,
        "width": 8,
        "pretrained": False,
        "weights": None,
        "weights_key": None,
        "decoder_channels": (32, 16, 16, 8, 8),
        "upsampling": "bilinear",
        "atrous_rates": (),
        "drop_rate": 0.0,
        "drop_path_rate": 0.0,
        "cbam": False,
    }


@pytest.mark.parametrize("backbone", FAMILIES)
def test_a_backbone_has_a_pyramid_and_a_mask_for_images_of_any_size(backbone: str) -> None:
    with META:
        pyramid = build_pyramid(backbone).eval()
        model = build_model(unet(backbone), {"mask": 5}, 224).eval()
    for height, width in SIZES:
        images = torch.empty(2, 3, height, width, device=META)
        maps = pyramid(images)
        assert [one.shape[1] for one in maps] == list(pyramid.channels)
        wanted = [(-(-height // stride), -(-width // stride)) for stride in (4, 8, 16, 32)]
        assert [tuple(one.shape[2:]) for one in maps] == wanted
        assert model(images).shape == (2, 5, height, width)


@pytest.mark.parametrize("backbone", ["cnn", "residual18", "test_resnet", "test_vit"])
def test_label_and_mask_learn_from_every_parameter(backbone: str) -> None:
    torch.manual_seed(0)
    model = build_model(multitask(backbone), {"label": 3, "mask": 4}, 64)
    outputs = model(torch.randn(2, 3, 33, 47))
    assert {name: tuple(tensor.shape) for name, tensor in outputs.items()} == {"label": (2, 3), "mask": (2, 4, 33, 47)}
    sum(tensor.square().mean() for tensor in outputs.values()).backward()
    assert not [name for name, parameter in model.named_parameters() if parameter.grad is None]


@pytest.mark.parametrize("backbone", ["cnn", "residual18", "test_resnet", "test_vit"])
@pytest.mark.parametrize("kind", [unet, multitask])
def test_the_last_group_is_all_that_is_not_the_backbone(kind: Callable[[str], ModelConfig], backbone: str) -> None:
    with META:
        model = build_model(kind(backbone), {"mask": 4} if kind is unet else {"label": 3, "mask": 4}, 64)
    groups = layer_groups(model)
    start = "pyramid.network." if kind is unet else "unet.pyramid.network."
    backbones = {name for name, _ in model.named_parameters() if name.startswith(start)}
    assert {name for group in groups[:-1] for name in group.parameter_names} == backbones
    assert len(groups) >= 4
    rated = parameter_groups(model, groups, weight_decay=0.1, layer_decay=0.5)
    assert sorted(name for one in rated for name in one["names"]) == sorted(
        name for name, _ in model.named_parameters()
    )
    assert {one["lr_scale"] for one in rated if one["group"] == len(groups) - 2} == {0.5}


def test_a_checkpoint_fills_the_same_model() -> None:
    torch.manual_seed(0)
    first, second = (build_model(unet("test_vit"), {"mask": 4}, 48).eval() for _ in range(2))
    second.load_state_dict(first.state_dict())
    images = torch.randn(1, 3, 40, 50)
    with torch.no_grad():
        assert torch.equal(first(images), second(images))


def test_weights_of_a_classifier_fill_the_backbone(tmp_path: Path) -> None:
    torch.manual_seed(0)
    classifier = build_model(timm_model("test_vit", pretrained=False), {"label": 3}, 64).state_dict()
    torch.save({"model": classifier}, tmp_path / "best.pt")
    model = build_model(unet("test_vit", weights=str(tmp_path / "best.pt")), {"mask": 4}, 64)
    network = model.get_submodule("pyramid.network").state_dict()
    assert len(network) > 20
    assert all(torch.equal(tensor, classifier[name]) for name, tensor in network.items())


@pytest.mark.parametrize("kind", ["unet", "multitask"])
def test_weights_of_a_whole_network_fill_all_but_other_heads(tmp_path: Path, kind: str) -> None:
    torch.manual_seed(0)
    first = build_model(multitask("cnn"), {"label": 3, "mask": 4}, 64).state_dict()
    torch.save({"model": first}, tmp_path / "best.pt")
    made, heads = (unet, {"mask": 5}) if kind == "unet" else (multitask, {"label": 3, "mask": 5})
    second = build_model(made("cnn", weights=str(tmp_path / "best.pt")), heads, 64).state_dict()
    before = {name.removeprefix("unet.") if kind == "unet" else name: tensor for name, tensor in first.items()}
    differ = {name for name in second if second[name].shape != before[name].shape}
    assert {name.removeprefix("unet.") for name in differ} == {"head.weight", "head.bias"}
    bodies = [name for name in second if "head" not in name]
    assert all(torch.equal(second[name], before[name]) for name in bodies)


def test_the_answer_does_not_hang_on_the_neighbours() -> None:
    torch.manual_seed(0)
    model = build_model(unet("cnn"), {"mask": 4}, 64).eval()
    images = torch.randn(3, 3, 45, 61)
    with torch.no_grad():
        assert torch.allclose(model(images)[:1], model(images[:1]), atol=1e-5)


def test_an_unknown_backbone_is_refused() -> None:
    with pytest.raises(UsageError, match=r"model\.backbone=resnet5O .*did you mean resnet50"):
        build_model(unet("resnet5O"), {"mask": 4}, 64)
