"""The decoder answers at the size of the image, whatever doubles its maps, and its context sees the whole."""

import pytest
import torch

from sightline.models.networks.aspp import Aspp
from sightline.models.networks.unet import Decoder, Unet
from sightline.models.pyramids import build_pyramid


@pytest.mark.parametrize("upsampling", ["bilinear", "nearest", "learned"])
@pytest.mark.parametrize("rates", [(), (2, 4)])
def test_every_way_of_doubling_learns_a_mask(upsampling, rates) -> None:
    torch.manual_seed(0)
    pyramid = build_pyramid("cnn", 64, strides=None, width=8)
    decoder = Decoder(
        pyramid.channels, pyramid.strides, widths=(16, 16, 16, 16, 8), upsampling=upsampling, atrous_rates=rates
    )
    model = Unet(pyramid, 2, decoder)
    images = torch.rand(4, 3, 35, 49)
    mask = (images.mean(dim=1) > 0.5).long()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    losses = []
    for _ in range(12):
        loss = torch.nn.functional.cross_entropy(model(images), mask)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]


@pytest.mark.parametrize("upsampling", ["bilinear", "nearest", "learned"])
def test_a_pixel_is_decoded_from_what_is_near_it(upsampling) -> None:
    """A change in one corner reaches the opposite corner of a large image by no map: nothing is shifted or mirrored."""
    torch.manual_seed(0)
    pyramid = build_pyramid("cnn", 64, strides=None, width=8)
    model = Unet(pyramid, 2, Decoder(pyramid.channels, pyramid.strides, upsampling=upsampling)).eval()
    images = torch.rand(1, 3, 160, 192)
    other = images.clone()
    other[..., :8, :8] += 1.0
    with torch.no_grad():
        change = (model(images) - model(other)).abs().amax(dim=1)[0]
    assert change[:8, :8].max() > 0
    assert change[96:].max() == change[:, 96:].max() == 0


def test_context_adds_the_mean_of_the_whole_map() -> None:
    torch.manual_seed(0)
    context = Aspp(4, 6, (1, 2)).eval()
    maps = torch.rand(1, 4, 9, 7)
    other = maps.clone()
    other[..., 8, 6] += 5.0
    with torch.no_grad():
        found, changed = context(maps), context(other)
    assert found.shape == (1, 6, 9, 7)
    assert not torch.equal(found[..., 0, 0], changed[..., 0, 0])
