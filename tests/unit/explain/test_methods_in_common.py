"""What holds of every method: bounded batches, callers without gradients, a network that comes back as it was."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import pytest
import timm
import torch
from torch import Tensor, nn

from sightline.explain.methods import METHODS
from sightline.explain.occlusion import falls
from sightline.explain.targets import TargetScore, class_logit
from sightline.models.outputs import Outputs, only_tensor

CHEAP: Mapping[str, Mapping[str, Any]] = {
    "smoothgrad": {"samples": 2},
    "rise": {"masks": 6},
    "occlusion": {"window": (8, 8)},
}
TARGETS = torch.tensor([0, 1, 2])
NAMES = sorted(METHODS)


@pytest.fixture(scope="module")
def network() -> nn.Module:
    torch.manual_seed(0)
    return timm.create_model("test_vit", num_classes=4, img_size=16, patch_size=4, drop_rate=0.5)


@pytest.fixture
def images() -> Tensor:
    return torch.randn(3, 3, 16, 16, generator=torch.Generator().manual_seed(1))


def maps(
    name: str,
    network: nn.Module,
    images: Tensor,
    targets: Tensor = TARGETS,
    batch_size: int = 32,
    score: TargetScore = class_logit,
) -> Tensor:
    """With the least that shows what the method does."""
    method = partial(METHODS[name].maps, **CHEAP.get(name, {}))
    return method(network, images, targets, score=score, batch_size=batch_size)


@pytest.mark.parametrize("name", NAMES)
def test_it_needs_nothing_of_the_caller_and_leaves_nothing(name: str, network: nn.Module, images: Tensor):
    expected = maps(name, network.eval(), images)
    assert (expected.shape, expected.dtype) == ((3, 16, 16), torch.float32)
    assert torch.isfinite(expected).all()
    assert 0 <= expected.amin() <= expected.amax() <= 1
    if METHODS[name].of_target:
        assert not torch.equal(maps(name, network, images, TARGETS + 1), expected)
    network.train()
    list(network.modules())[3].eval()
    for number, parameter in enumerate(network.parameters()):
        parameter.requires_grad_(number % 2 == 0)
    flags = [module.training for module in network.modules()]
    state = {key: value.clone() for key, value in network.state_dict().items()}
    random = torch.get_rng_state()
    for context in (torch.no_grad, torch.inference_mode, torch.enable_grad):
        with context():
            given, wanted = images + 0, TARGETS + 0
            before = given.clone()
            torch.testing.assert_close(maps(name, network, given, wanted), expected)
            assert torch.equal(given, before)
            assert not given.requires_grad
    assert torch.equal(torch.get_rng_state(), random)
    assert [module.training for module in network.modules()] == flags
    assert [one.requires_grad for one in network.parameters()] == [
        number % 2 == 0 for number, _ in enumerate(network.parameters())
    ]
    assert all(parameter.grad is None for parameter in network.parameters())
    assert all(torch.equal(value, state[key]) for key, value in network.state_dict().items())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in network.modules())
    network.requires_grad_(True)


@pytest.mark.parametrize("name", NAMES)
def test_batches_bound_memory_and_change_nothing(name: str, network: nn.Module, images: Tensor):
    seen = list[int]()
    handle = network.blocks[0].register_forward_hook(lambda _module, _inputs, output: seen.append(len(output)))
    try:
        whole = maps(name, network, images)
        assert max(seen) == (32 if name == "integrated_gradients" else 3), "points of several images go together"
        seen.clear()
        torch.testing.assert_close(maps(name, network, images, batch_size=2), whole, rtol=1e-3, atol=1e-4)
        assert max(seen) == 2
    finally:
        handle.remove()
    assert maps(name, network, images[:0], TARGETS[:0]).shape == (0, 16, 16)


@pytest.mark.parametrize("name", NAMES)
def test_everything_is_put_back_after_an_exception(name: str, images: Tensor):
    class Broken(nn.Module):
        def forward(self, _: Tensor) -> Tensor:
            raise ArithmeticError("on purpose")

    network = timm.create_model("test_vit", num_classes=4, img_size=16, patch_size=4).train()
    network.blocks[-1].mlp = Broken()
    with torch.no_grad():
        with pytest.raises(ArithmeticError, match="on purpose"):
            maps(name, network, images)
        assert not torch.is_grad_enabled()
    assert not any(module._forward_hooks for module in network.modules())
    assert all(module.training for module in network.modules())
    assert all(parameter.requires_grad for parameter in network.parameters())
    assert torch.nn.functional.softmax(torch.zeros(2), dim=0).tolist() == [0.5, 0.5]


class Patch(nn.Module):
    """Class 0 is how red the image is, class 1 how blue, with a layer that can be looked at."""

    def forward_features(self, x: Tensor) -> Tensor:
        return torch.nn.functional.avg_pool2d(x[:, [0, 2]], 4)

    def forward_head(self, x: Tensor) -> Tensor:
        return x.square().mean(dim=(2, 3))

    def forward(self, x: Tensor) -> Tensor:
        return self.forward_head(self.forward_features(x))


OF_PIXELS = [name for name in NAMES if METHODS[name].looks != "attention"]


@pytest.mark.parametrize("name", [name for name in OF_PIXELS if METHODS[name].of_target])
def test_most_of_the_map_lies_where_the_evidence_is(name: str):
    images = torch.zeros(2, 3, 32, 32)
    images[:, 0, 4:12, 16:24] = 1.0
    images[:, 2, 20:28, 4:12] = 1.0
    found = METHODS[name](Patch(), images, torch.tensor([0, 1]))
    for heat, (top, left) in zip(found, ((4, 16), (20, 4)), strict=True):
        around = heat[top - 4 : top + 12, left - 4 : left + 12]
        assert around.sum() > 0.8 * heat.sum() > 0, "with the edge that enlarging a coarse map adds"


def test_a_difference_of_classes_is_explained_as_one_score():
    images = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))

    def difference(outputs: Outputs, _: Tensor) -> Tensor:
        logits = only_tensor(outputs)
        return logits[:, 0] - logits[:, 1]

    for name in OF_PIXELS:
        method = METHODS[name]
        apart = method(Patch(), images, torch.tensor([[0, 1], [0, 1]]))
        assert torch.equal(apart, method(Patch(), images, torch.tensor([0, 0]), score=difference))


def test_occlusion_covers_the_whole_of_any_size():
    images = torch.ones(1, 3, 13, 22)
    found = falls(Patch(), torch.nn.functional.pad(images, (2, 0, 3, 0)), torch.tensor([0]), window=(5, 9))
    assert found.shape == (1, 16, 24)
    assert (found != 0).any(dim=2).all()
