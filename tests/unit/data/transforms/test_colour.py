import numpy as np
import pytest
import torch
from torchvision.transforms.v2 import functional as tv

from sightline.config.transforms import ColourConfig
from sightline.data.transforms.colour import grey, jitter, mean_grey, normalise


def config(brightness=0.0, contrast=0.0, saturation=0.0, hue=0.0):
    return ColourConfig(brightness=brightness, contrast=contrast, saturation=saturation, hue=hue)


def fixed(*rows):
    """Uniforms chosen by the test, whatever the stream."""
    return lambda slots, _: np.array(rows, dtype=np.float32)[:, :slots]


def noise(n=2, low=0, high=256):
    generator = torch.Generator().manual_seed(0)
    return torch.randint(low, high, (n, 3, 12, 14), dtype=torch.uint8, generator=generator)


def yiq(pixels):
    matrix = torch.tensor([[0.299, 0.587, 0.114], [0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]])
    return torch.einsum("ij,bjhw->bihw", matrix, pixels.float())


def test_nothing_asked_is_nothing_done_and_nothing_drawn():
    images = noise()
    assert torch.equal(jitter(images, config(), fixed()), images.float())


@pytest.mark.parametrize(
    ("part", "slot", "oracle"),
    [
        ("brightness", 0, tv.adjust_brightness),
        ("contrast", 1, tv.adjust_contrast),
        ("saturation", 2, tv.adjust_saturation),
    ],
)
def test_each_part_is_torchvisions_with_the_same_factor(part, slot, oracle):
    images = noise()
    numbers = np.full((2, 4), 0.5)
    numbers[:, slot] = [0.125, 0.875]
    output = jitter(images, config(**{part: 0.8}), fixed(*numbers))
    for image, got, factor in zip(images, output, (0.4, 1.6), strict=True):
        # torchvision cuts fractions off (of the grey, too) where we keep them.
        assert (got - oracle(image, factor).float()).abs().max() <= 2.0


def test_the_parts_compose_in_the_order_told():
    images = noise(1, low=60, high=190)
    numbers = [0.75, 0.25, 0.75, 0.5]
    output = jitter(images, config(0.2, 0.2, 0.2), fixed(numbers))
    pixels = images.float() / 255
    expected = tv.adjust_saturation(tv.adjust_contrast(tv.adjust_brightness(pixels, 1.1), 0.9), 1.1)
    assert (output - expected * 255).abs().max() < 0.1


def test_factors_never_turn_negative():
    output = jitter(noise(), config(brightness=3.0), fixed([0.0] * 4, [0.0] * 4))
    assert (output == 0).all()


@pytest.mark.parametrize("turn", [-0.1, 0.05, 0.25])
def test_hue_turns_the_colours_and_keeps_the_luma(turn):
    images = noise(1, low=110, high=146)
    output = jitter(images, config(hue=0.5), fixed([0.5, 0.5, 0.5, 0.5 + turn]))
    before, after = yiq(images), yiq(output)
    assert torch.allclose(before[:, 0], after[:, 0], atol=0.05)
    turned = torch.complex(after[:, 1], after[:, 2])
    expected = torch.complex(before[:, 1], before[:, 2]) * np.exp(2j * np.pi * turn)
    assert (turned - expected).abs().max() < 0.05


def test_no_turn_of_hue_changes_nothing():
    images = noise()
    assert (jitter(images, config(hue=0.3), fixed([0.5] * 4, [0.5] * 4)) - images).abs().max() < 1e-3


def test_values_stay_in_range():
    numbers = np.random.default_rng(0).random((2, 4))
    output = jitter(noise(), config(0.9, 0.9, 0.9, 0.5), fixed(*numbers))
    assert output.dtype == torch.float32
    assert output.min() >= 0
    assert output.max() <= 255


def test_grey_is_the_luma():
    images = noise()
    assert torch.allclose(grey(images), yiq(images)[:, :1], atol=1e-3)
    assert torch.allclose(mean_grey(images), yiq(images)[:, :1].mean(dim=(2, 3), keepdim=True), atol=1e-3)


def test_normalisation_is_that_of_torchvision():
    images, mean, std = noise(), (0.49, 0.48, 0.45), (0.25, 0.24, 0.26)
    expected = tv.normalize(images.float() / 255, list(mean), list(std))
    assert torch.allclose(normalise(images.float(), mean, std), expected, atol=1e-5)
