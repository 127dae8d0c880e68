"""The right layer and the right grid for each of timm's families, with no argument."""

import pytest
import timm
import torch
from torch import nn

from sightline.errors import RunFailedError
from sightline.explain.gradcam import gradcam
from sightline.explain.hooks import activation_and_gradient, in_eval_mode
from sightline.explain.layers import TargetLayer, as_maps, target_layer, token_grid
from sightline.explain.targets import class_logit
from sightline.models.networks.cnn import Cnn

SIZED = {"img_size": 32, "patch_size": 4}

FAMILIES = [
    ("cnn", {}, "forward_features", "features", (4, 4)),
    ("resnet18", {}, "forward_features", "features", (1, 1)),
    ("test_resnet", {}, "forward_features", "features", (1, 1)),
    ("test_efficientnet", {}, "forward_features", "features", (1, 1)),
    ("test_convnext", {}, "forward_features", "features", (1, 1)),
    ("mobilenetv3_small_050", {}, "forward_features", "features", (1, 1)),
    ("regnetx_002", {}, "forward_features", "features", (1, 1)),
    ("test_mambaout", {}, "forward_features", "features", (1, 1)),
    ("swin_tiny_patch4_window7_224", {"img_size": 32, "patch_size": 2}, "forward_features", "features", (2, 2)),
    ("swinv2_cr_tiny_224", {"img_size": 32, "patch_size": 2}, "forward_features", "features", (2, 2)),
    ("test_vit", SIZED, "blocks.5.norm1", "tokens", (8, 8)),
    ("vit_tiny_patch16_224", SIZED, "blocks.11.norm1", "tokens", (8, 8)),
    ("deit3_small_patch16_224", SIZED, "blocks.11.norm1", "tokens", (8, 8)),
    ("deit_tiny_distilled_patch16_224", SIZED, "blocks.11.norm1", "tokens", (8, 8)),
    ("vit_small_patch14_reg4_dinov2", SIZED, "blocks.11.norm1", "tokens", (8, 8)),
    ("test_vit2", SIZED, "forward_features", "features", (8, 8)),
    ("vit_relpos_small_patch16_224", SIZED, "forward_features", "features", (8, 8)),
    ("cait_xxs24_224", SIZED, "blocks_token_only.1.norm1", "tokens", (8, 8)),
    ("pit_ti_224", {"img_size": 64, "patch_size": 8}, "transformers.2.blocks.3.norm1", "tokens", (2, 2)),
]


@pytest.mark.parametrize(("name", "arguments", "layer", "kind", "grid"), FAMILIES)
def test_the_layer_depends_on_every_place(
    name: str, arguments: dict[str, int], layer: str, kind: str, grid: tuple[int, int]
) -> None:
    torch.manual_seed(0)
    model = Cnn(5, width=16) if name == "cnn" else timm.create_model(name, num_classes=5, **arguments)
    assert target_layer(model) == (layer, kind)
    size = arguments.get("img_size", 32)
    images = torch.randn(1, 3, size, size)
    with in_eval_mode(model):
        activation, gradient = activation_and_gradient(
            model, images, torch.tensor([1]), class_logit, target_layer(model)
        )
    maps, slopes = as_maps(model, activation, (size, size)), as_maps(model, gradient, (size, size))
    assert tuple(maps.shape[2:]) == tuple(slopes.shape[2:]) == grid
    if name != "cnn":  # which looks at the largest value of each channel only
        assert (slopes.abs().amax(dim=1) > 0).all()
    heat = gradcam(model, images, torch.tensor([1]))
    assert heat.shape == (1, size, size)
    assert torch.isfinite(heat).all()


def test_the_final_tokens_of_a_class_token_model_would_have_no_gradient() -> None:
    model = timm.create_model("test_vit", num_classes=5, **SIZED)
    with in_eval_mode(model):
        features = TargetLayer("forward_features", "features")
        _, gradient = activation_and_gradient(
            model, torch.randn(1, 3, 32, 32), torch.tensor([1]), class_logit, features
        )
    assert gradient[:, 0].abs().max() > 0
    assert gradient[:, 1:].abs().max() == 0


class Bare(nn.Module):
    """A network without timm's protocol."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(inplace=True), nn.Conv2d(4, 6, 3), nn.ReLU(inplace=True))
        self.head = nn.Linear(6, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.head(self.body(x).mean(dim=(2, 3)))
        return logits


def test_any_other_network_gives_its_last_convolution() -> None:
    assert target_layer(Bare()) == ("body.2", "convolution")
    assert gradcam(Bare(), torch.randn(2, 3, 12, 10), torch.tensor([0, 1])).shape == (2, 12, 10)


def test_a_network_without_places_is_refused() -> None:
    with pytest.raises(RunFailedError, match="neither features nor a convolution in Linear"):
        target_layer(nn.Linear(3, 2))
    model = timm.create_model("efficientvim_m1", num_classes=2)
    with pytest.raises(RunFailedError, match="needs one tensor at forward_features, not list"):
        gradcam(model, torch.randn(1, 3, 64, 64), torch.tensor([0]))
    with pytest.raises(RunFailedError, match="cannot lay out"):
        as_maps(Bare(), torch.zeros(2, 5), (8, 8))
    with pytest.raises(RunFailedError, match="no grid of the shape of a 8 x 8 image in 3000 tokens"):
        token_grid(Bare(), 3000, (8, 8))


@pytest.mark.parametrize(
    ("tokens", "size", "grid"),
    [
        (64, (32, 32), (8, 8)),
        (65, (32, 32), (8, 8)),
        (69, (32, 32), (8, 8)),
        (5, (32, 32), (2, 2)),
        (1, (32, 32), (1, 1)),
        (33, (32, 64), (4, 8)),
        (98, (224, 112), (14, 7)),
    ],
)
def test_a_grid_has_the_shape_of_its_image(tokens: int, size: tuple[int, int], grid: tuple[int, int]) -> None:
    assert token_grid(Bare(), tokens, size) == grid


def test_stated_prefix_tokens_and_grids_win() -> None:
    model = Bare()
    model.num_prefix_tokens = 5
    assert token_grid(model, 69, (32, 32)) == (8, 8)
    vit = timm.create_model("test_vit", num_classes=2, img_size=(32, 64), patch_size=8)
    assert token_grid(vit, 33, (32, 64)) == (4, 8)


def test_tokens_become_a_grid_row_by_row() -> None:
    places = torch.arange(12.0)
    tokens = torch.cat([torch.tensor([-1.0]), places])[None, :, None]
    model = timm.create_model("test_vit", num_classes=2, img_size=(24, 32), patch_size=8)
    assert torch.equal(as_maps(model, tokens, (24, 32))[0, 0], places.view(3, 4))


@pytest.mark.parametrize("height", [3, 6])
def test_channels_last_is_told_from_channels_first(height: int) -> None:
    maps = torch.randn(2, 6, height, 5)
    model = Bare()
    model.num_features = 6
    assert torch.equal(as_maps(model, maps, (9, 15)), maps)
    assert torch.equal(as_maps(model, maps.permute(0, 2, 3, 1)[:, :3], (9, 15)), maps[:, :, :3])
