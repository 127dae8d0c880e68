"""Methods equal captum's and pytorch-grad-cam's where these work; without these packages the tests are skipped."""

from typing import Any

import pytest
import timm
import torch
from torch import Tensor, nn

from sightline.explain import eigencam as eigencam_file
from sightline.explain import gradcam as gradcam_file
from sightline.explain import gradcam_plus_plus as plus_plus_file
from sightline.explain import layercam as layercam_file
from sightline.explain.finish import explaining, finished
from sightline.explain.hooks import activation_and_gradient
from sightline.explain.integrated_gradients import attributions
from sightline.explain.layers import as_maps, target_layer
from sightline.explain.methods import METHODS
from sightline.explain.occlusion import falls
from sightline.explain.saliency import pixel_gradients
from sightline.explain.targets import class_logit

TARGETS = torch.tensor([0, 2, 1])
SIZE = (64, 64)
CLOSE = {"rtol": 1e-5, "atol": 1e-5}


def network(name: str) -> nn.Module:
    torch.manual_seed(0)
    arguments = {"img_size": 64, "patch_size": 8} if name == "test_vit" else {}
    return timm.create_model(name, num_classes=4, **arguments).eval()


def images() -> Tensor:
    return torch.randn(3, 3, *SIZE, generator=torch.Generator().manual_seed(1))


def laid_out(model: nn.Module) -> tuple[Tensor, Tensor]:
    with explaining(model, gradients=True):
        found = activation_and_gradient(model, images(), TARGETS, class_logit, target_layer(model))
    maps, gradients = (as_maps(model, one, SIZE).float() for one in found)
    return maps, gradients


def scaled(maps: Tensor) -> Tensor:
    """From 0 to 1, as pytorch-grad-cam does it."""
    low, high = maps.amin(dim=(1, 2), keepdim=True), maps.amax(dim=(1, 2), keepdim=True)
    return (maps - low) / (1e-7 + high - low)


def test_gradcam_is_captums():
    attr = pytest.importorskip("captum.attr")
    model = network("test_resnet")
    layer = model.layer4
    theirs = attr.LayerGradCam(model, layer).attribute(images(), TARGETS, relu_attributions=True)[:, 0]
    torch.testing.assert_close(METHODS["gradcam"](model, images(), TARGETS), finished(theirs.detach(), SIZE), **CLOSE)


@pytest.mark.parametrize("name", ["test_resnet", "test_vit"])
def test_integrated_gradients_and_saliency_are_captums(name: str):
    attr = pytest.importorskip("captum.attr")
    model = network(name)
    ours = attributions(model, images(), TARGETS, steps=8, most=8).values
    theirs = attr.IntegratedGradients(model).attribute(images(), 0.0, TARGETS, n_steps=8, method="riemann_middle")
    torch.testing.assert_close(ours, theirs.float(), **CLOSE)
    with explaining(model, gradients=True):
        slopes = pixel_gradients(model, images(), TARGETS, class_logit)
    torch.testing.assert_close(
        slopes.abs(), attr.Saliency(model).attribute(images().requires_grad_(), TARGETS), **CLOSE
    )


@pytest.mark.parametrize(("window", "stride"), [((16, 16), (8, 8)), ((15, 20), (9, 7)), ((64, 64), (3, 3))])
def test_occlusion_is_captums(window: tuple[int, int], stride: tuple[int, int]):
    attr = pytest.importorskip("captum.attr")
    model = network("test_resnet")
    theirs = attr.Occlusion(model).attribute(images(), (3, *window), (3, *stride), 0.5, TARGETS)[:, 0]
    ours = falls(model, images(), TARGETS, window=window, stride=stride, baseline=0.5)
    torch.testing.assert_close(ours, theirs.float(), **CLOSE)


@pytest.mark.parametrize("name", ["test_resnet", "test_vit"])
@pytest.mark.parametrize(
    ("theirs", "weigh"),
    [
        ("GradCAM", gradcam_file.weighed),
        ("LayerCAM", layercam_file.weighed),
        ("GradCAMPlusPlus", plus_plus_file.weighed),
        ("EigenCAM", eigencam_file.projected),
    ],
)
def test_methods_of_a_layer_are_those_of_grad_cam(name: str, theirs: str, weigh: Any):
    peers = pytest.importorskip("pytorch_grad_cam")
    model = network(name)
    if name == "test_vit":
        layer, reshape = model.blocks[-1].norm1, lambda out: out[:, 1:].transpose(1, 2).reshape(len(out), -1, 8, 8)
    else:
        layer, reshape = model.layer4, None
    maps, gradients = laid_out(model)
    cam = getattr(peers, theirs)(model, [layer], reshape_transform=reshape)
    if theirs == "GradCAMPlusPlus":
        # The paper's case: rectified maps, and gradients far above the epsilon of their denominator.
        maps, gradients = maps.relu(), 10 * gradients / gradients.abs().mean()
    raw = torch.from_numpy(
        cam.get_cam_image(images(), layer, [None] * 3, maps.numpy(), gradients.numpy(), eigen_smooth=False)
    )
    found = weigh(maps, gradients)
    if theirs == "EigenCAM":  # whose sign is arbitrary
        raw = torch.where((raw * found).sum(dim=(1, 2), keepdim=True) < 0, -raw, raw)
    torch.testing.assert_close(scaled(found), scaled(raw.float()), **CLOSE)


def test_the_whole_way_is_grad_cams():
    peers = pytest.importorskip("pytorch_grad_cam")
    target = pytest.importorskip("pytorch_grad_cam.utils.model_targets").ClassifierOutputTarget
    model = network("test_resnet")
    with peers.GradCAM(model, [model.layer4]) as cam:
        theirs = torch.from_numpy(cam(images(), [target(label) for label in TARGETS.tolist()]))
    low = METHODS["gradcam"](model, images(), TARGETS)
    # They also stretch the lowest value to 0, and resize with OpenCV.
    torch.testing.assert_close(scaled(low), scaled(theirs), rtol=1e-4, atol=1e-4)
