"""Images are made of a size that a network takes, and what it gives is brought back to theirs."""

import pytest
import torch

from sightline.models.networks.fitting import InputFit


@pytest.mark.parametrize("size", [(33, 47), (64, 64), (1000, 37), (1, 1)])
def test_filling_up_and_cutting_back_change_nothing(size: tuple[int, int]) -> None:
    fit, images = InputFit(32), torch.randn(2, 3, *size)
    fitted = fit.apply(images)
    assert tuple(fitted.shape[2:]) == fit.fitted_size(size)
    assert all(side % 32 == 0 for side in fitted.shape[2:])
    assert fitted.sum() == pytest.approx(float(images.sum()), abs=1e-3)
    assert torch.equal(fit.back(fitted, size), images)


def test_coarse_maps_are_brought_back_to_their_places() -> None:
    """A map at a quarter of the size says for each pixel what its place said, to the width of a place."""
    columns = torch.arange(64.0).expand(1, 1, 64, 64)
    coarse = torch.nn.functional.avg_pool2d(columns, 4)
    back = InputFit(32).back(coarse, (50, 45))
    assert back.shape[2:] == (50, 45)
    assert (back - columns[..., :50, :45]).abs().max() <= 1.5


def test_one_size_alone_resizes_the_whole_image_and_back() -> None:
    fit = InputFit(size=(48, 48))
    rows = torch.linspace(0, 1, 200)[:, None].expand(1, 1, 200, 30)
    fitted = fit.apply(rows)
    assert fitted.shape[2:] == (48, 48)
    assert (fit.back(fitted, (200, 30)) - rows).abs().max() < 0.02
