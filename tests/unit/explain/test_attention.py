"""Attention and rollout: what they show of a network, and which networks they refuse."""

from typing import Any

import pytest
import timm
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sightline.errors import RunFailedError
from sightline.explain.attention import Grid, attention, from_answer, grids_of, mean_of_heads
from sightline.explain.finish import finished
from sightline.explain.rollout import rollout
from sightline.explain.watch import Watch
from sightline.models.networks.cnn import Cnn

TARGETS = torch.tensor([0, 1])


class Reader(nn.Module):
    """Patches of 4 x 4 and a class token that attends to bright ones: its answer is the mean of what it reads."""

    num_prefix_tokens = 1
    global_pool = "token"

    def __init__(self, side: int) -> None:
        super().__init__()
        self.patch_embed = nn.Module()
        self.patch_embed.grid_size = (side // 4, side // 4)  # type: ignore[assignment]

    def forward(self, x: Tensor) -> Tensor:
        patches = F.avg_pool2d(x, 4).mean(dim=1).flatten(1)[:, :, None]
        tokens = torch.cat([patches.new_full((len(x), 1, 1), 1.0), patches], dim=1)[:, None]
        keys = torch.cat([tokens.new_full((len(x), 1, 1, 1), -9.0), tokens[:, :, 1:]], dim=2)
        return F.scaled_dot_product_attention(8 * tokens, keys, tokens)[:, 0, 0].expand(-1, 2)


SMALL_WINDOWS = {
    "img_size": 64,
    "patch_size": 1,
    "window_size": 4,
    "embed_dim": 8,
    "depths": (1,) * 4,
    "num_heads": (1,) * 4,
}


def images(side: int = 32) -> Tensor:
    return torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(0))


def vit() -> nn.Module:
    torch.manual_seed(0)
    return timm.create_model("test_vit", num_classes=4, img_size=32, patch_size=8).eval()


@pytest.mark.parametrize("method", [attention, rollout])
def test_the_map_is_where_the_class_token_reads(method: type):
    bright = torch.zeros(2, 3, 32, 32)
    bright[0, :, 4:8, 20:24] = 1.0
    bright[1, :, 24:28, 0:4] = 1.0
    found = method(Reader(32), bright, TARGETS)
    assert found[0, 5:7, 21:23].min() > 0.9
    assert found[1, 25:27, 0:2].min() > 0.9
    assert found[0, 16:, :16].max() < 0.1


def test_rollout_is_its_formula():
    model, seen = vit(), list[Tensor]()
    with torch.no_grad(), Watch(seen.append):
        model(images())
    flow = torch.eye(17).expand(2, 17, 17)
    for layer in seen:
        mixed = layer.mean(dim=1) + torch.eye(17)
        flow = (mixed / mixed.sum(dim=-1, keepdim=True)) @ flow
    expected = finished(flow[:, 0, 1:].view(2, 4, 4), (32, 32))
    torch.testing.assert_close(rollout(model, images(), TARGETS), expected)
    torch.testing.assert_close(
        attention(model, images(), TARGETS), finished(seen[-1].mean(dim=1)[:, 0, 1:].view(2, 4, 4), (32, 32))
    )


def test_what_answers_from_all_places_reads_their_mean():
    weights = torch.rand(2, 5, 5)
    model = vit()
    assert torch.equal(from_answer(model, weights, Grid(1, 2, 2)), weights[:, :1].mean(dim=1))
    assert torch.equal(from_answer(model, weights[:, :, 1:], Grid(0, 2, 2)), weights[:, :, 1:].mean(dim=1))
    model.global_pool = "avg"
    assert torch.equal(from_answer(model, weights, Grid(1, 2, 2)), weights[:, 1:].mean(dim=1))
    model.global_pool, model.num_reg_tokens = "token", 2
    assert torch.equal(from_answer(model, torch.ones(1, 7, 7), Grid(3, 2, 2)), torch.ones(1, 7))
    registers = torch.rand(1, 7, 7)
    assert torch.equal(from_answer(model, registers, Grid(3, 2, 2)), registers[:, 0])


def test_parts_of_images_are_no_whole():
    assert mean_of_heads(torch.ones(8, 3, 16, 16), 2) is None, "windows in the batch"
    assert mean_of_heads(torch.ones(2, 4, 3, 16, 16), 2) is None, "windows beside the heads"
    whole = mean_of_heads(torch.ones(2, 1, 3, 16, 16), 2)
    assert whole is not None
    assert whole.shape == (2, 16, 16)
    three = torch.rand(2, 16, 16)
    assert torch.equal(mean_of_heads(three, 2), three)  # type: ignore[arg-type]


def test_grids_are_those_that_a_network_states():
    model = timm.create_model("test_vit", num_classes=2, img_size=(32, 64), patch_size=8)
    assert next(iter(grids_of(model, (32, 64)))) == (1, 4, 8)
    assert list(grids_of(nn.Linear(1, 1), (32, 32))) == []


@pytest.mark.parametrize(
    ("name", "arguments", "method", "says"),
    [
        ("test_resnet", {}, attention, "ResNet has no attention that could be shown: take gradcam"),
        ("test_resnet", {}, rollout, "ResNet has no attention that could be shown: take gradcam"),
        (
            "swin_tiny_patch4_window7_224",
            SMALL_WINDOWS,
            attention,
            "SwinTransformer attends within windows, channels or parts, not over the places of the whole image",
        ),
        (
            "swin_tiny_patch4_window7_224",
            SMALL_WINDOWS,
            rollout,
            "rollout is not defined for SwinTransformer, whose attention is not between the same tokens in all",
        ),
    ],
)
def test_what_has_no_such_attention_is_refused_in_a_line(name: str, arguments: dict[str, Any], method: type, says: str):
    model = timm.create_model(name, num_classes=2, **arguments)
    with pytest.raises(RunFailedError, match=f"^{says}") as error:
        method(model, images(64), TARGETS)
    assert "\n" not in str(error.value)


def test_our_own_cnn_has_none():
    with pytest.raises(RunFailedError, match=r"^Cnn has no attention"):
        attention(Cnn(2, width=8), images(), TARGETS)
