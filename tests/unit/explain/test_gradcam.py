"""Grad-CAM equals its formula, points at the evidence, and leaves the model as it found it."""

from collections.abc import Callable

import pytest
import timm
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sightline.explain.gradcam import gradcam
from sightline.models.networks.cnn import Cnn


class Small(nn.Module):
    """Convolution, in-place rectifier, batch norm, dropout, mean, and a head of two layers."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 5, 3, stride=2, padding=1)
        self.norm = nn.BatchNorm2d(5)
        self.act = nn.ReLU(inplace=True)
        self.drop = nn.Dropout(0.5)
        self.hidden = nn.Linear(5, 8)
        self.head = nn.Linear(8, 4)
        self.seen: list[int] = []

    def forward_features(self, x: Tensor) -> Tensor:
        self.seen.append(len(x))
        maps: Tensor = self.norm(self.conv(x))
        return maps

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor:
        pooled = self.drop(self.act(x).mean(dim=(2, 3)))
        hidden = torch.tanh(self.hidden(pooled))
        logits: Tensor = hidden if pre_logits else self.head(hidden)
        return logits

    def forward(self, x: Tensor) -> Tensor:
        return self.forward_head(self.forward_features(x))


@pytest.fixture
def small() -> Small:
    torch.manual_seed(3)
    model = Small()
    model.norm.running_mean = torch.randn(5)
    model.norm.running_var = torch.rand(5) + 0.5
    return model


@pytest.fixture
def images() -> Tensor:
    return torch.randn(7, 3, 16, 12, generator=torch.Generator().manual_seed(1))


TARGETS = torch.tensor([0, 1, 2, 3, 0, 1, 2])


def formula(model: Small, images: Tensor, targets: Tensor) -> Tensor:
    """The paper's, image by image, through the whole graph."""
    model.eval()
    heats = []
    for image, target in zip(images, targets, strict=True):
        maps = model.forward_features(image[None])
        maps.retain_grad()
        model.forward_head(maps.clone())[0, target].backward()
        assert maps.grad is not None
        weights = maps.grad[0].mean(dim=(1, 2))
        heat = torch.einsum("c,chw->hw", weights, maps.detach()[0]).clamp(min=0)
        heat = F.interpolate(heat[None, None], size=image.shape[1:], mode="bilinear", align_corners=False)[0, 0]
        heats.append(heat / heat.max() if heat.max() > 0 else heat)
    model.zero_grad()
    return torch.stack(heats)


def test_it_equals_the_formula(small: Small, images: Tensor) -> None:
    found = gradcam(small, images, TARGETS)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, formula(small, images, TARGETS), rtol=1e-4, atol=1e-5)
    assert found.amin() >= 0
    assert found.amax() <= 1
    assert all(heat.max() in (0, 1) for heat in found)


def test_it_equals_the_formula_at_a_hooked_layer() -> None:
    torch.manual_seed(0)
    model = timm.create_model("test_vit", num_classes=4, img_size=32, patch_size=8).eval()
    images = torch.randn(2, 3, 32, 32)
    caught: list[Tensor] = []
    handle = model.blocks[-1].norm1.register_forward_hook(lambda _module, _inputs, output: caught.append(output))
    logits = model(images)
    handle.remove()
    (gradient,) = torch.autograd.grad(logits[0, 1] + logits[1, 3], caught)
    maps, slopes = (tensor[:, 1:].transpose(1, 2).view(2, 64, 4, 4) for tensor in (caught[0].detach(), gradient))
    heat = (slopes.mean(dim=(2, 3), keepdim=True) * maps).sum(dim=1, keepdim=True).clamp(min=0)
    heat = F.interpolate(heat, size=(32, 32), mode="bilinear", align_corners=False)[:, 0]
    torch.testing.assert_close(
        gradcam(model, images, torch.tensor([1, 3])), heat / heat.amax(dim=(1, 2), keepdim=True), rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("batch_size", [1, 3, 7, 100])
def test_batches_bound_memory_and_change_nothing(small: Small, images: Tensor, batch_size: int) -> None:
    whole = gradcam(small, images, TARGETS)
    small.seen.clear()
    torch.testing.assert_close(gradcam(small, images, TARGETS, batch_size=batch_size), whole)
    assert max(small.seen) == min(batch_size, 7)
    assert sum(small.seen) == 7


def test_no_images_give_no_maps(small: Small) -> None:
    assert gradcam(small, torch.zeros(0, 3, 16, 12), torch.zeros(0, dtype=torch.int64)).shape == (0, 16, 12)


@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode])
@pytest.mark.parametrize("name", ["small", "test_vit"])
def test_a_caller_without_gradients_gets_the_same(
    small: Small, images: Tensor, context: Callable[[], torch.no_grad], name: str
) -> None:
    model: nn.Module = small
    if name == "test_vit":
        model, images = timm.create_model("test_vit", num_classes=4, img_size=16, patch_size=4), images[..., :12]
        images = F.pad(images, (0, 4))
    expected = gradcam(model, images, TARGETS)
    with context():
        made_inside = images + 0
        assert torch.equal(gradcam(model, made_inside, TARGETS + 0), expected)
        assert not torch.is_grad_enabled()


@pytest.mark.parametrize("name", ["small", "test_vit"])
def test_the_model_comes_back_as_it_was(small: Small, images: Tensor, name: str) -> None:
    model: nn.Module = small
    if name == "test_vit":
        model, images = (
            timm.create_model("test_vit", num_classes=4, img_size=16, patch_size=4),
            torch.randn(7, 3, 16, 16),
        )
    model.train()
    first, second = list(model.modules())[1], list(model.modules())[-1]
    first.eval()
    parameters = list(model.parameters())
    parameters[0].requires_grad_(False)
    for parameter in parameters[1:]:
        parameter.grad = torch.randn_like(parameter)
    images.requires_grad_()
    gradients = [None if parameter.grad is None else parameter.grad.clone() for parameter in parameters]
    state = {key: tensor.clone() for key, tensor in model.state_dict().items()}

    gradcam(model, images, TARGETS)

    assert (model.training, first.training, second.training) == (True, False, True)
    assert [parameter.requires_grad for parameter in parameters] == [False] + [True] * (len(parameters) - 1)
    assert parameters[0].grad is None
    assert images.grad is None
    assert all(torch.equal(one.grad, kept) for one, kept in zip(parameters[1:], gradients[1:], strict=True))
    assert all(torch.equal(tensor, state[key]) for key, tensor in model.state_dict().items())
    assert not any(module._forward_hooks or module._backward_hooks for module in model.modules())


def test_everything_is_put_back_after_an_exception() -> None:
    class Broken(nn.Module):
        def forward(self, _: Tensor) -> Tensor:
            raise ArithmeticError("on purpose")

    model = timm.create_model("test_vit", num_classes=4, img_size=16, patch_size=4).train()
    model.blocks[-1].mlp = Broken()
    with pytest.raises(ArithmeticError, match="on purpose"):
        gradcam(model, torch.randn(1, 3, 16, 16), torch.tensor([0]))
    assert not any(module._forward_hooks for module in model.modules())
    assert all(module.training for module in model.modules())
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_frozen_models_and_low_precision_are_explained_too(small: Small, images: Tensor) -> None:
    expected = gradcam(small, images, TARGETS)
    small.requires_grad_(False)
    assert torch.equal(gradcam(small, images, TARGETS), expected)
    low = gradcam(small.to(torch.bfloat16), images.to(torch.bfloat16), TARGETS)
    assert low.dtype == torch.float32
    assert torch.isfinite(low).all()


def test_a_map_without_evidence_stays_zero(small: Small, images: Tensor) -> None:
    nn.init.zeros_(small.head.weight)
    assert torch.equal(gradcam(small, images, TARGETS), torch.zeros(7, 16, 12))


class Brightness(nn.Module):
    """Class 0 is red, class 1 is blue; the mean over the image decides."""

    def forward_features(self, x: Tensor) -> Tensor:
        return F.avg_pool2d(x[:, [0, 2]], 4)

    def forward_head(self, x: Tensor) -> Tensor:
        return x.mean(dim=(2, 3))


@pytest.mark.parametrize("corner", [(0, 0), (0, 24), (24, 0), (24, 24)])
def test_the_map_is_where_the_evidence_is(corner: tuple[int, int]) -> None:
    row, column = corner
    images = torch.zeros(1, 3, 32, 32)
    images[0, 0, row : row + 8, column : column + 8] = 1.0
    images[0, 2, 24 - row : 32 - row, 24 - column : 32 - column] = 1.0
    for target, (top, left) in enumerate([(row, column), (24 - row, 24 - column)]):
        heat = gradcam(Brightness(), images, torch.tensor([target]))[0]
        inside = heat[top : top + 8, left : left + 8]
        assert inside.mean() > 0.8
        assert inside.sum() > 0.7 * heat.sum()


def test_a_trained_network_points_at_what_it_was_trained_on() -> None:
    torch.manual_seed(0)
    drawn = torch.Generator().manual_seed(0)

    def batch(count: int) -> tuple[Tensor, Tensor, Tensor]:
        """Noise with a stripe pattern, upright or lying by class, in one of four quarters."""
        images = 0.3 * torch.randn(count, 3, 32, 32, generator=drawn)
        labels, quarters = torch.randint(2, (count,), generator=drawn), torch.randint(4, (count,), generator=drawn)
        stripes = (torch.arange(16) // 2 % 2).float()
        for image, label, quarter in zip(images, labels, quarters, strict=True):
            top, left = 16 * (int(quarter) // 2), 16 * (int(quarter) % 2)
            image[:, top : top + 16, left : left + 16] += 2 * (stripes[None, :] if label else stripes[:, None])
        return images, labels, quarters

    model = Cnn(2, width=8)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for _ in range(20):
        images, labels, _ = batch(32)
        loss = F.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    images, labels, quarters = batch(40)
    heat = gradcam(model, images, labels)
    mass = F.avg_pool2d(heat[:, None], 16).flatten(1)
    assert (mass.argmax(dim=1) == quarters).float().mean() > 0.8
