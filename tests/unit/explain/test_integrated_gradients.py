"""Attributions are complete within one per cent of every image, and only those that miss it take more points."""

import pytest
import torch
from torch import Tensor, nn

from sightline.errors import RunFailedError
from sightline.explain import integrated_gradients as integrated_gradients_file
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
    seen = list[Tensor]()
    network = Kink()
    network.register_forward_hook(lambda _module, inputs, _output: seen.extend(inputs[0].detach().flatten(1)))
    ones = torch.ones(3, 3, 4, 4)
    found = attributions(network, ones, torch.tensor([1, 0, 1]))
    assert found.steps[0] == found.steps[2] == 16
    assert 16 < found.steps[1] <= 32
    assert (found.error <= 0.01).all()
    assert len(seen) == int(found.steps.sum()) + 2 * 3, "each point once, and the scores of images and baselines"
    places = torch.stack(seen)[:, 0].tolist()[6:]
    assert len(set(places)) == int(found.steps[1]), "the others have no place of their own"
    alone = attributions(network, ones[1:2], torch.tensor([0]))
    torch.testing.assert_close(found.values[1:2], alone.values)
    first = attributions(network, ones[1:2], torch.tensor([0]), most=16)
    assert first.steps.tolist() == [16]
    assert first.error[0] > 0.01
    stopped = attributions(network, ones[1:2], torch.tensor([0]), most=17)
    assert stopped.steps.tolist() == [17]


def test_more_points_lie_where_the_score_bends():
    places = list[float]()
    network = Kink()
    network.register_forward_hook(lambda _module, inputs, _output: places.extend(inputs[0][:, 0, 0, 0].tolist()))
    attributions(network, torch.ones(1, 3, 4, 4), torch.tensor([0]), tolerance=1e-4)
    assert len(places) <= 64, "equal parts would take some thousands"
    assert all(abs(place - 0.4) < 1 / 8 for place in places[18:])


def test_memory_is_bounded_by_fewer_images_at_once(monkeypatch: pytest.MonkeyPatch):
    torch.manual_seed(0)
    network = Cnn(3, width=8).eval()
    whole = attributions(network, images(), TARGETS)
    monkeypatch.setattr(integrated_gradients_file, "HELD_BYTES", 2 * 64 * 4 * images(1).numel())
    seen = list[int]()
    network.register_forward_pre_hook(lambda _module, inputs: seen.append(len(inputs[0])))
    found = attributions(network, images(), TARGETS, batch_size=5)
    assert seen[0] == 2
    assert max(seen) == 5
    torch.testing.assert_close(found.values, whole.values)
    assert found.steps.tolist() == whole.steps.tolist()


def test_a_score_that_jumps_ends_with_its_error():
    class Jump(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            total = x.mean(dim=(1, 2, 3))
            return torch.stack([total + 10 * (total > 0.3).float()], dim=1)

    found = attributions(Jump(), torch.ones(1, 3, 4, 4), torch.tensor([0]))
    assert found.error[0] == pytest.approx(10 / 11, rel=1e-3)
    assert found.steps[0] < 100
    torch.testing.assert_close(found.values.sum(), torch.tensor(1.0), rtol=1e-4, atol=1e-4)


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
