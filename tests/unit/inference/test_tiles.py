"""Large images by tiles: covered, blended, and equal to the whole wherever a network looks no farther than a margin."""

from collections.abc import Mapping
from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn

from sightline.cli import compose_config
from sightline.config import parse
from sightline.data.preprocessing import Preprocessing
from sightline.inference import tiles
from sightline.inference.tiles import MARGIN, TiledNetwork, spans, whole_answers
from sightline.models.build import build_model
from sightline.models.outputs import only_tensor

SEEN = Preprocessing(64, (0.5,) * 3, (0.2,) * 3, "bilinear", 1.0, (), fit="whole", tile=64)


class Local(nn.Module):
    """Looks five pixels far, and halves and doubles the resolution on its way."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.GELU(), nn.Conv2d(4, 4, 2, stride=2))
        self.out = nn.ConvTranspose2d(4, 2, 2, stride=2)
        self.calls: list[tuple[int, ...]] = []

    def forward(self, images: Tensor) -> Mapping[str, Tensor]:
        self.calls.append(tuple(images.shape[2:]))
        height, width = images.shape[2:]
        padded = nn.functional.pad(images, (0, width % 2, 0, height % 2))
        return {"mask": self.out(self.layers(padded))[:, :, :height, :width], "label": images.mean(dim=(2, 3))}


@pytest.mark.parametrize("side", [32, 48, 64, 100, 1024])
@pytest.mark.parametrize("length", [1, 31, 64, 65, 97, 128, 500, 1023])
def test_tiles_cover_a_side_and_overlap_by_half(side: int, length: int):
    found = spans(length, side)
    assert (found[0].start, found[-1].stop) == (0, length)
    assert all(span.stop - span.start == min(side, length) for span in found[:-1])
    assert all(second.start <= first.stop - side // 2 for first, second in pairwise(found))
    assert found[-1].stop - found[-1].start >= min(length, side // 2)
    assert all(span.start % tiles.STRIDE == 0 or side < 2 * tiles.STRIDE for span in found)


@pytest.mark.parametrize("shape", [(64, 65), (150, 206), (30, 300), (200, 64)])
def test_where_a_network_looks_no_farther_than_the_margin_tiles_say_what_the_whole_image_says(shape: tuple[int, int]):
    network = Local().eval()
    assert MARGIN * 64 > 5
    images = torch.rand(2, 3, *shape)
    whole, tiled = network(images), whole_answers(network, SEEN)
    network.calls.clear()
    with torch.no_grad():
        answers = tiled(images)
    assert len(network.calls) > 1
    assert max(max(call) for call in network.calls) <= 64
    torch.testing.assert_close(answers["mask"], whole["mask"], rtol=0, atol=1e-6)
    assert answers["label"].shape == (2, 3)
    torch.testing.assert_close(answers["label"], whole["label"], rtol=0, atol=0.05)


def test_where_nobody_asks_for_tiles_only_very_large_images_are_cut(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tiles, "WHOLE_PIXELS", 100 * 100)
    monkeypatch.setattr(tiles, "SIDE", 80)
    network = Local()
    tiled = TiledNetwork(network, None, 64)
    tiled(torch.rand(1, 3, 100, 100))
    tiled(torch.rand(1, 3, 70, 60))
    assert network.calls == [(100, 100), (70, 60)]
    network.calls.clear()
    tiled(torch.rand(1, 3, 100, 102))
    assert len(network.calls) == 4
    assert TiledNetwork(network, None, 4096).side == 4096, "no tile is smaller than what was trained on"


def test_a_network_of_squares_stays_as_it_is():
    network = Local()
    squares = Preprocessing(64, (0.5,) * 3, (0.2,) * 3, "bilinear", 1.0, ())
    assert whole_answers(network, squares) is network


def unet() -> nn.Module:
    """A U-Net of random weights whose batch norms have seen some images, in eval mode."""
    words = ["model=unet", "model.width=8", "model.decoder_channels=[16,8,8,8,8]", "data=shapes"]
    config = parse.parse(compose_config(words))
    torch.manual_seed(0)
    network = build_model(config.model, {"mask": 3}, 64)
    with torch.no_grad():
        for _ in range(3):
            network.train()(torch.randn(4, 3, 64, 64))
    return network.eval()


def test_a_unet_says_by_tiles_what_it_says_of_the_whole_where_it_looks_no_farther_than_the_margin():
    network, images = unet(), torch.randn(1, 3, 150, 300, requires_grad=True)
    whole = only_tensor(network(images))
    whole[0, :, 75, 150].sum().backward()
    assert images.grad is not None
    rows, columns = torch.nonzero(images.grad[0].abs().sum(dim=0), as_tuple=True)
    reach = max(int((rows - 75).abs().max()), int((columns - 150).abs().max()))
    assert MARGIN * 64 < reach <= MARGIN * 256
    with torch.no_grad():
        large, small = (only_tensor(TiledNetwork(network, side, 64)(images)) for side in (256, 64))
    torch.testing.assert_close(large, whole, rtol=0, atol=1e-6)
    assert (small - whole).abs().max() > 1e-4, "beyond the margin tiles see edges where the image goes on"
    assert (small - whole).abs().mean() < 0.01 * whole.std()
