"""CBAM is the paper's formula, stands behind every convolutional stage, and hardly disturbs what was learned."""

import copy

import pytest
import torch
from timm.layers.cbam import CbamModule
from torch import Tensor

from sightline.errors import UsageError
from sightline.models.build import build_model
from sightline.models.groups import layer_groups
from sightline.models.networks.cbam import Cbam
from tests.unit.models.test_build import timm_model
from tests.unit.models.test_weights import small_cnn


def by_formula(module: Cbam, maps: Tensor) -> Tensor:
    """Equations 1 to 3 of Woo et al. 2018, one image, channel and place at a time."""

    def mlp(vector: Tensor) -> Tensor:
        hidden = torch.relu(module.squeeze.weight[:, :, 0, 0] @ vector + module.squeeze.bias)
        return module.excite.weight[:, :, 0, 0] @ hidden + module.excite.bias

    found = torch.empty_like(maps)
    for image, one in enumerate(maps):
        flat = one.flatten(1)
        of_channels = torch.sigmoid(mlp(flat.mean(dim=1)) + mlp(flat.max(dim=1).values))
        weighted = one * of_channels[:, None, None]
        padded = torch.zeros(2, one.shape[1] + 6, one.shape[2] + 6, dtype=maps.dtype)
        padded[:, 3:-3, 3:-3] = torch.stack([weighted.mean(dim=0), weighted.max(dim=0).values])
        for row in range(one.shape[1]):
            for column in range(one.shape[2]):
                window = padded[:, row : row + 7, column : column + 7]
                logit = (module.place.weight[0] * window).sum() + module.place.bias[0]
                found[image, :, row, column] = weighted[:, row, column] * torch.sigmoid(logit)
    return found


def test_it_is_the_formula_of_the_paper() -> None:
    torch.manual_seed(0)
    module = Cbam(32, is_open=False).double()
    maps = torch.randn(2, 32, 5, 9, dtype=torch.float64)
    with torch.no_grad():
        assert torch.allclose(module(maps), by_formula(module, maps), atol=1e-12)


def test_it_is_timms_where_theirs_has_no_normalisation() -> None:
    torch.manual_seed(0)
    ours, theirs = Cbam(64, is_open=False).eval(), CbamModule(64, rd_channels=4).eval()
    with torch.no_grad():
        for mine, other in ((ours.squeeze, theirs.channel.fc1), (ours.excite, theirs.channel.fc2)):
            other.weight.copy_(mine.weight)
            mine.bias.zero_()
        theirs.spatial.conv.conv.weight.copy_(ours.place.weight)
        ours.place.bias.zero_()
        theirs.spatial.conv.bn.eps = 0.0
        maps = torch.randn(2, 64, 6, 7)
        assert torch.allclose(ours(maps), theirs(maps), atol=1e-6)


def test_open_gates_let_nearly_everything_pass() -> None:
    maps = torch.randn(2, 32, 5, 9)
    with torch.no_grad():
        assert torch.allclose(Cbam(32, is_open=True)(maps), maps * torch.sigmoid(torch.tensor(5.0)) ** 2, atol=1e-6)


STAGES = {
    "cnn": 3,
    "test_resnet": 4,
    "vgg11_bn": 5,
    "densenet121": 4,
    "convnext_atto": 4,
    "efficientnet_b0": 5,
}


@pytest.mark.parametrize("name", STAGES)
def test_it_stands_behind_every_stage_and_trains_with_it(name: str) -> None:
    with torch.device("meta"):
        model = build_model(configured(name), {"label": 3}, 64)
    attention = [parameter for parameter, _ in model.named_parameters() if parameter.startswith("cbam.")]
    assert len(attention) == 6 * STAGES[name]
    groups = layer_groups(model)
    every = sorted(parameter for group in groups for parameter in group.parameter_names)
    assert every == sorted(parameter for parameter, _ in model.named_parameters())
    holding = [at for at, group in enumerate(groups) if any(one.startswith("cbam.") for one in group.parameter_names)]
    assert holding == sorted(holding)
    assert len(holding) >= min(3, STAGES[name])
    assert holding[0] > 0


def configured(name: str, **keys: object):
    config = small_cnn() if name == "cnn" else timm_model(name, pretrained=False)
    return config.model_copy(update={"cbam": True, **keys})


@pytest.mark.parametrize("name", ["vit_tiny_patch16_224", "swin_tiny_patch4_window7_224", "mixer_s32_224"])
def test_networks_of_tokens_refuse_it_in_one_line(name: str) -> None:
    with torch.device("meta"), pytest.raises(UsageError, match=rf"model\.cbam=true .* {name} has none") as refused:
        build_model(configured(name), {"label": 3}, 224)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["cnn", "test_resnet"])
def test_a_copy_weights_its_own_maps(name: str) -> None:
    torch.manual_seed(0)
    model = build_model(configured(name), {"label": 3}, 32).eval()
    images = torch.randn(1, 3, 32, 32)
    with torch.no_grad():
        before = model(images)
        other = copy.deepcopy(model)
        for module in other.modules():
            if isinstance(module, Cbam):
                module.place.bias.fill_(-9.0)
        assert torch.equal(model(images), before)
        assert not torch.allclose(other(images), before)


@pytest.mark.parametrize("name", ["cnn", "test_resnet"])
def test_learned_weights_are_hardly_disturbed_and_those_of_a_run_with_it_are_taken_whole(name: str, tmp_path) -> None:
    torch.manual_seed(0)
    images = torch.randn(4, 3, 32, 32)
    plain = build_model(configured(name, cbam=False), {"label": 3}, 32).eval()
    torch.save({"model": plain.state_dict()}, tmp_path / "plain.pt")
    attending = build_model(configured(name, weights=str(tmp_path / "plain.pt")), {"label": 3}, 32).eval()
    with torch.no_grad():
        assert (attending(images) - plain(images)).norm() < 0.1 * plain(images).norm()
        torch.nn.init.normal_(next(one for one in attending.modules() if isinstance(one, Cbam)).place.weight)
        torch.save({"model": attending.state_dict()}, tmp_path / "whole.pt")
        again = build_model(configured(name, weights=str(tmp_path / "whole.pt")), {"label": 3}, 32).eval()
        assert torch.equal(again(images), attending(images))
