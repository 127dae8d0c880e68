"""Attention that is watched is the one inside, and watching changes nothing."""

from typing import Any

import pytest
import timm
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sightline.explain.watch import Watch, weights


def drawn(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"scale": 0.3},
        {"is_causal": True},
        {"attn_mask": drawn(5, 7)},
        {"attn_mask": drawn(5, 7) > 0.5, "scale": 2.0},
    ],
    ids=str,
)
def test_weights_are_those_of_the_fused_call(given: dict[str, Any]):
    query, key, value = drawn(2, 4, 5, 8), drawn(2, 4, 7, 8) + 1, drawn(2, 4, 7, 3)
    if "attn_mask" in given and given["attn_mask"].dtype == torch.bool:
        given = {**given, "attn_mask": given["attn_mask"] | (torch.arange(7) == 0)}  # no row without a key
    expected = F.scaled_dot_product_attention(query, key, value, **given)
    seen = list[Tensor]()
    with Watch(seen.append):
        assert torch.equal(F.scaled_dot_product_attention(query, key, value, **given), expected)
    torch.testing.assert_close(seen[0] @ value, expected, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(seen[0].sum(dim=-1), torch.ones(2, 4, 5))


def test_grouped_heads_share_keys():
    query, key, value = drawn(2, 4, 5, 8), drawn(2, 2, 5, 8) + 1, drawn(2, 2, 5, 8) - 1
    expected = F.scaled_dot_product_attention(query, key, value, enable_gqa=True)
    found = weights(query, key, value, enable_gqa=True) @ value.repeat_interleave(2, dim=1)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("fused", [True, False])
def test_a_network_answers_the_same_and_every_layer_is_seen(fused: bool):
    torch.manual_seed(0)
    model = timm.create_model("test_vit", num_classes=4, img_size=16, patch_size=4).eval()
    for module in model.modules():
        if hasattr(module, "fused_attn"):
            module.fused_attn = fused
    images, inputs = drawn(3, 3, 16, 16), list[Tensor]()
    model.blocks[-1].attn.register_forward_hook(lambda _module, given, _output: inputs.append(given[0]))
    with torch.no_grad():
        expected = model(images)
        seen = list[Tensor]()
        with Watch(seen.append):
            assert torch.equal(model(images), expected)
        attn: nn.Module = model.blocks[-1].attn
        query, key, _ = attn.qkv(inputs[-1]).view(3, 17, 3, attn.num_heads, -1).permute(2, 0, 3, 1, 4)
        last = (attn.q_norm(query) * attn.scale @ attn.k_norm(key).transpose(-2, -1)).softmax(dim=-1)
    assert len(seen) == len(model.blocks)
    torch.testing.assert_close(seen[-1], last)


def test_a_softmax_over_something_else_is_not_attention():
    seen = list[Tensor]()
    with Watch(seen.append):
        torch.softmax(drawn(2, 3, 4), dim=1)
        drawn(2, 3).softmax(dim=-1)
        drawn(2, 3, 4).softmax(2)
        F.softmax(drawn(2, 3, 5), dim=-1)
    assert [tuple(one.shape) for one in seen] == [(2, 3, 4), (2, 3, 5)]
