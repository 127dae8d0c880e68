"""Our own residual network: timm's ResNets of the same depth to the last digit, and of any widths."""

import pytest
import timm
import torch

from sightline.config.model import ResidualModel
from sightline.models.build import build_model
from sightline.models.groups import layer_groups
from sightline.models.networks.residual import LAYERS, ResidualNet


@pytest.mark.parametrize("depth", LAYERS)
def test_names_and_shapes_of_weights_are_timms(depth: int) -> None:
    with torch.device("meta"):
        ours, theirs = ResidualNet(7, depth=depth), timm.create_model(f"resnet{depth}", num_classes=7)
    shapes = [{name: tensor.shape for name, tensor in model.state_dict().items()} for model in (ours, theirs)]
    assert shapes[0] == shapes[1]
    names = [[group.name for group in layer_groups(model)] for model in (ours, theirs)]
    assert names[0] == names[1]


@pytest.mark.parametrize("depth", [18, 50])
def test_answers_are_timms(depth: int) -> None:
    torch.manual_seed(0)
    ours, theirs = ResidualNet(7, depth=depth).eval(), timm.create_model(f"resnet{depth}", num_classes=7).eval()
    for name, tensor in theirs.state_dict().items():
        if name.endswith("running_mean") or (name.endswith("weight") and tensor.ndim == 1):
            torch.nn.init.uniform_(tensor, 0.5, 1.5)
    ours.load_state_dict(theirs.state_dict())
    images = torch.randn(2, 3, 97, 65)
    with torch.no_grad():
        torch.testing.assert_close(ours(images), theirs(images), rtol=1e-4, atol=1e-4)
        for mine, other in zip(
            ours.forward_intermediates(images),
            theirs.forward_intermediates(images, intermediates_only=True),
            strict=True,
        ):
            torch.testing.assert_close(mine, other, rtol=1e-4, atol=1e-4)


def test_widths_are_free_and_small_images_keep_their_size() -> None:
    config = ResidualModel(
        name="residual",
        depth=34,
        widths=(8, 24, 40, 72),
        drop_rate=0.1,
        cbam=True,
        weights=None,
        weights_key=None,
    )
    model = build_model(config, {"label": 3}, 32)
    assert [one.shape[1:] for one in model.forward_intermediates(torch.zeros(1, 3, 32, 32))] == [
        (8, 32, 32),
        (8, 32, 32),
        (24, 16, 16),
        (40, 8, 8),
        (72, 4, 4),
    ]
    model(torch.randn(2, 3, 32, 32)).square().sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())
    assert len([name for name, _ in model.named_parameters() if name.startswith("cbam.")]) == 4 * 6
