"""docs/backbones.md: every family that it lists has a pyramid and a U-Net, and some of them learn at any size."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
import torch
from torch.nn import functional as F

from sightline.models.build import build_model
from tests.unit.models.test_pyramids import multitask

GENERATOR = Path(__file__).parents[2] / "docs" / "backbones.py"
TRAINED = (
    *("vit_tiny_patch16_224", "swin_tiny_patch4_window7_224", "convnext_atto", "efficientnet_b0", "mixer_s32_224"),
    *("levit_128s", "pit_ti_224", "volo_d1_224", "hiera_tiny_224", "maxvit_rmlp_pico_rw_256", "densenet121"),
    *("vgg11_bn", "mobilenetv3_small_100"),
)


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("backbones", GENERATOR)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_lists_what_the_generator_does(generator: ModuleType):
    page = generator.PAGE.read_text()
    assert page.startswith(generator.HEAD)
    rows = page.removeprefix(generator.HEAD).splitlines()
    assert tuple(row.split("`")[1] for row in rows) == generator.FAMILIES
    assert len(set(generator.FAMILIES)) >= 51
    assert set(TRAINED) <= set(generator.FAMILIES)


@pytest.mark.exhaustive
def test_every_family_answers_and_the_page_is_what_the_generator_writes(generator: ModuleType):
    assert generator.PAGE.read_text() == generator.HEAD + "".join(generator.lines())


@pytest.mark.slow
@pytest.mark.parametrize("backbone", TRAINED)
def test_two_steps_at_an_odd_size_move_every_parameter(backbone: str):
    torch.manual_seed(0)
    model = build_model(multitask(backbone), {"label": 3, "mask": 4}, 64).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    images, mask = torch.randn(2, 3, 45, 61), torch.randint(4, (2, 45, 61))
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    for _ in range(2):
        outputs = model(images)
        loss = F.cross_entropy(outputs["mask"], mask) + F.cross_entropy(outputs["label"], torch.tensor([0, 2]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert torch.isfinite(loss)
    still = [name for name, parameter in model.named_parameters() if torch.equal(parameter, before[name])]
    assert not still
