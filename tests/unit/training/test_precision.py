"""Which precision a model is given."""

import pytest
import timm
import torch
from torch import nn

from sightline.errors import UsageError
from sightline.training.precision import choose_precision, depthwise_share

CPU = torch.device("cpu")
HAS_BF16 = bool(torch.cpu.get_capabilities().get("avx512_bf16") or torch.cpu.get_capabilities().get("amx_bf16"))


def test_fp16_needs_a_gpu():
    with pytest.raises(UsageError, match=r"training\.precision=fp16 needs device=cuda"):
        choose_precision("fp16", CPU, nn.Flatten(), 32)


def test_the_share_of_depthwise_convolutions_is_counted_by_hand():
    plain = nn.Conv2d(3, 8, 3, padding=1)
    depthwise = nn.Conv2d(8, 8, 3, padding=1, groups=8)
    pixels, head = 16 * 16, nn.Linear(8, 5)
    model = nn.Sequential(plain, depthwise, nn.AdaptiveAvgPool2d(1), nn.Flatten(), head)
    everything = pixels * 8 * 27 + pixels * 8 * 9 + 8 * 5
    assert depthwise_share(model, 16) == pytest.approx(pixels * 8 * 9 / everything)
    assert depthwise_share(nn.Sequential(plain, nn.AdaptiveAvgPool2d(1)), 16) == 0.0


def test_counting_leaves_the_model_as_it_was():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.AdaptiveAvgPool2d(1))
    model[1].eval()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    depthwise_share(model, 16)
    assert [module.training for module in model] == [True, False, True]
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert not any(module._forward_hooks for module in model.modules())


@pytest.mark.parametrize(("name", "depthwise"), [("efficientnet_b0", True), ("resnet18", False)])
def test_auto_spares_depthwise_models_bf16_on_a_cpu(name: str, depthwise: bool):
    model = timm.create_model(name, num_classes=4)
    chosen = choose_precision("auto", CPU, model, 64).name
    assert chosen == ("bf16" if HAS_BF16 and not depthwise else "fp32")
    assert choose_precision("bf16", CPU, model, 64).name == "bf16", "asked for is asked for"
