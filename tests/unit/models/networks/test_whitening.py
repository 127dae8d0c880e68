"""The first layer that is taken from the images: what leaves it is uncorrelated and of unit variance."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from sightline.models.networks.cnn import Cnn, ShiftNorm
from sightline.models.networks.whitening import CHANNELS, EPSILON, Whitening, whitening_filters, whitening_layers


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    """Smooth noise, whose neighbouring pixels agree as those of photographs do."""
    noise = torch.randn(200, 3, 20, 20, generator=torch.Generator().manual_seed(0))
    return F.avg_pool2d(noise, 3, stride=1) * 3 + 0.1


def test_what_leaves_the_layer_is_white(images: torch.Tensor):
    layer = Whitening()
    layer.fit(images)
    answers = layer(images).transpose(0, 1).reshape(CHANNELS, -1)[: CHANNELS // 2]
    moments = answers @ answers.T / answers.shape[1]
    patches = F.unfold(images, 2).transpose(1, 2).reshape(-1, 12).double()
    variances = torch.linalg.eigvalsh(patches.T @ patches / len(patches)).flip(0)
    torch.testing.assert_close(moments.diagonal().double(), variances / (variances + EPSILON), rtol=1e-4, atol=1e-4)
    assert (moments - moments.diagonal().diag()).abs().max() < 1e-3


def test_every_filter_has_its_negative_and_its_sign_is_fixed(images: torch.Tensor):
    filters = whitening_filters(images)
    assert filters.shape == (CHANNELS, 3, 2, 2)
    assert torch.equal(filters[: CHANNELS // 2], -filters[CHANNELS // 2 :])
    assert (filters[: CHANNELS // 2].sum(dim=(1, 2, 3)) >= 0).all()


def test_no_optimiser_sees_the_filters(images: torch.Tensor):
    model = Cnn(4, width=16, stem="whitened", norm_scale=False)
    (layer,) = whitening_layers(model)
    layer.fit(images)
    assert "stem.0.filters" in model.state_dict()
    assert {name for name, _ in model.named_parameters() if name.startswith("stem")} == {"stem.0.bias"}
    assert not any(name.endswith(("norm1.weight", "norm2.weight")) for name, _ in model.named_parameters())
    assert model(images[:2, :, :16, :16]).shape == (2, 4)


def test_other_stems_want_no_images():
    assert whitening_layers(Cnn(4, width=16)) == []


def test_a_shift_alone_normalises_like_batch_norm_of_unit_scale():
    x = torch.randn(8, 5, 4, 4)
    shift, usual = ShiftNorm(5), nn.BatchNorm2d(5, momentum=0.4)
    torch.testing.assert_close(shift(x), usual(x))
    assert [name for name, _ in shift.named_parameters()] == ["bias"]
    torch.testing.assert_close(shift.eval()(x), usual.eval()(x))
