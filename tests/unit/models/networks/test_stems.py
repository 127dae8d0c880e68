"""Small images get a smaller stem, and learned kernels keep their centre."""

import pytest
import timm
import torch

from sightline.models.networks.stems import patch_size, shrink_stem


@pytest.mark.parametrize(("size", "patch"), [(16, 2), (24, 3), (28, 4), (32, 4), (40, 5), (48, 6), (56, 7), (64, 8)])
def test_patches_make_about_eight_by_eight(size: int, patch: int) -> None:
    assert patch_size(size) == patch


@pytest.mark.parametrize("size", [13, 31, 37, 61])
def test_patches_for_sizes_without_divisors(size: int) -> None:
    assert 6 <= size / patch_size(size) <= 10


def test_a_learned_7x7_kernel_keeps_its_centre() -> None:
    model = timm.create_model("resnet18")
    before = model.conv1.weight.detach().clone()
    assert shrink_stem(model)
    assert torch.equal(model.conv1.weight, before[:, :, 2:5, 2:5])
    assert (model.conv1.stride, model.conv1.padding) == ((1, 1), (1, 1))
    assert isinstance(model.maxpool, torch.nn.Identity)


def test_a_patch_stem_is_halved() -> None:
    model = timm.create_model("test_convnext").eval()
    before = model.stem[0].weight.detach().clone()
    assert shrink_stem(model)
    assert torch.equal(model.stem[0].weight, before[:, :, 1:3, 1:3])
    assert model.forward_features(torch.zeros(1, 3, 32, 32)).shape[2:] == (2, 2)


def test_a_deep_stem_only_loses_its_stride() -> None:
    model = timm.create_model("resnet26d").eval()
    before = model.conv1[0].weight.detach().clone()
    assert shrink_stem(model)
    assert torch.equal(model.conv1[0].weight, before)
    assert model.forward_features(torch.zeros(1, 3, 32, 32)).shape[2:] == (4, 4)


def test_nothing_to_shrink_is_said() -> None:
    with torch.device("meta"):
        assert not shrink_stem(timm.create_model("vgg11", num_classes=2))
        assert not shrink_stem(timm.create_model("test_mambaout").stages)
