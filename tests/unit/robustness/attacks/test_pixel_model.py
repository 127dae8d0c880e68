"""The way from pixels to logits loses no bit, gives true gradients, and touches nothing."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sightline.data.transforms.evaluation import EvalTransform
from sightline.robustness.attacks.pixel_model import PixelModel, fooled, from_bytes, margins
from tests.unit.robustness.conftest import MEAN, STD, Trained


def test_every_whole_number_of_a_pixel_comes_back_to_the_bit():
    seen: list[Tensor] = []

    def keep(pixels: Tensor) -> Tensor:
        seen.append(pixels)
        return pixels

    numbers = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16).repeat(1, 3, 1, 1)
    PixelModel(nn.Flatten(), keep).logits(from_bytes(numbers))
    assert torch.equal(seen[0], numbers.float())


def test_it_normalises_as_evaluation_does_to_the_bit():
    pixels = torch.randint(0, 256, (4, 3, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    transform = EvalTransform(
        image_size=8, crop_fraction=1.0, mean=(0.4, 0.5, 0.3), std=(0.2, 0.3, 0.1), interpolation="bilinear"
    )
    model = PixelModel(nn.Flatten(), transform.normalise)
    assert torch.equal(model.logits(from_bytes(pixels)), transform.normalise(pixels).flatten(1))


def test_gradients_are_of_each_image_alone_in_pixels(trained: Trained):
    images, labels = trained.items.images[:5], trained.items.labels[:5]
    slope = trained.model.slope(images, labels)
    for row in range(5):
        pixels = images[row : row + 1].clone().requires_grad_()
        loss = F.cross_entropy(trained.network((pixels - MEAN) / STD), labels[row : row + 1])
        (gradient,) = torch.autograd.grad(loss, pixels)
        torch.testing.assert_close(slope.gradient[row], gradient[0], rtol=1e-4, atol=1e-6)
        torch.testing.assert_close(slope.losses[row], loss.detach(), rtol=1e-5, atol=1e-6)


def test_it_works_under_inference_mode_and_leaves_network_and_images_alone(trained: Trained):
    before = trained.items.images.clone()
    trained.network.train()
    try:
        with torch.inference_mode():
            slope = trained.model.slope(trained.items.images[:2].clone(), trained.items.labels[:2])
        assert all(module.training for module in trained.network.modules())
    finally:
        trained.network.eval()
    assert slope.gradient.abs().sum() > 0
    assert all(one.grad is None and one.requires_grad for one in trained.network.parameters())
    assert torch.equal(trained.items.images, before)


def test_a_network_that_lets_no_gradient_through_has_none():
    model = PixelModel(nn.Sequential(nn.Flatten(), nn.Threshold(2.0, 0.0)), torch.detach)
    assert not model.slope(torch.rand(2, 3, 4, 4), torch.tensor([0, 1])).gradient.any()


def test_what_is_no_number_is_no_right_answer():
    logits = torch.tensor([[1.0, 0.0], [torch.nan, 0.0], [torch.inf, 0.0], [0.0, 3.0]])
    assert fooled(logits, torch.zeros(4, dtype=torch.long)).tolist() == [False, True, True, True]
    assert margins(logits[[0, 3]], torch.zeros(2, dtype=torch.long)).tolist() == [1.0, -3.0]
