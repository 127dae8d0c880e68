"""Attributions are complete within one per cent of every image, and only those that miss it take more points."""

import pytest
import torch
from torch import Tensor, nn

from sightline.errors import RunFailedError
from sightline.explain.integrated_gradients import attributions, integrated_gradients
from sightline.explain.targets import class_logit
from sightline.models.networks.cnn import Cnn

TARGETS = torch.tensor([0, 1, 2, 0, 1, 2])


def images(count: int = 6) -> Tensor:
    return torch.randn(count, 3, 16, 16, generator=torch.Generator().manual_seed(1))


class Kink(nn.Module):
    """The score bends once on the way, at a place that differs from image to image; class 1 is linear."""

    def forward(self, x: Tensor) -> Tensor:
        total = x.mean(dim=(1, 2, 3))
        return torch.stack([50 * (total - 0.4).relu() + total * 0.01, total], dim=1)


def test_every_image_is_complete_and_the_error_is_as_stated():
    torch.manual_seed(0)
    network = Cnn(3, width=8).eval()
    found = attributions(network, images(), TARGETS)
    with torch.no_grad():
        change = class_logit(network(images()), TARGETS) - class_logit(network(torch.zeros(6, 3, 16, 16)), TARGETS)
    missed = (found.values.sum(dim=(1, 2, 3)) - change).abs() / change.abs()
    torch.testing.assert_close(found.error, missed, rtol=1e-3, atol=1e-5)
    assert (found.error <= 0.01).all()


def test_only_images_that_are_not_complete_take_more_points_and_none_twice():
    seen = list[int]()
    network = Kink()
    network.register_forward_hook(lambda _module, inputs, _output: seen.append(len(inputs[0])))
    ones = torch.ones(3, 3, 4, 4)
    found = attributions(network, ones, torch.tensor([1, 0, 1]))
    assert found.steps[0] == found.steps[2] == 16
    assert found.steps[1] == 48
    assert (found.error <= 0.01).all()
    assert sum(seen) == int(found.steps.sum()) + 2 * 3, "each point once, and the scores of images and baselines"
    alone = attributions(network, ones[1:2], torch.tensor([0]))
    torch.testing.assert_close(found.values[1:2], alone.values)
    fresh = attributions(network, ones[1:2], torch.tensor([0]), steps=int(alone.steps[0]), most=1)
    torch.testing.assert_close(fresh.values, alone.values)
    stopped = attributions(network, ones[1:2], torch.tensor([0]), most=17)
    assert stopped.steps.tolist() == [16]
    assert stopped.error[0] > 0.01


def test_the_baseline_is_where_nothing_is_attributed():
    network, black = Kink(), torch.full((3, 1, 1), -2.0)
    some = images(2)
    some[0, :, :3] = -2.0
    found = attributions(network, some, torch.tensor([1, 1]), baseline=black)
    assert not found.values[0, :, :3].any()
    same = attributions(network, black.expand(1, 3, 4, 4), torch.tensor([1]), baseline=black)
    assert not same.values.any()
    assert same.error.tolist() == [0.0]
    assert integrated_gradients(network, some, torch.tensor([1, 1]), baseline=black).shape == (2, 16, 16)


def test_a_network_without_gradients_is_refused_in_a_line():
    class Steps(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.detach().mean(dim=(2, 3))

    with pytest.raises(RunFailedError, match=r"^Steps gives no gradient in its pixels: take occlusion or rise$"):
        attributions(Steps(), images(1), torch.tensor([0]))
