"""Twelve families of timm's under their own names: the plan covers everything once, and frozen means frozen."""

from collections import Counter
from typing import Any

import pytest
import timm
import torch
import torch.nn.functional as F

from sightline.models.freezing import FreezingPlan, apply_freezing
from sightline.models.groups import layer_groups
from sightline.models.parameter_groups import parameter_groups

PATHS = {"drop_path_rate": 0.1}
FAMILIES: dict[str, tuple[int, dict[str, Any]]] = {
    "resnet50": (32, PATHS),
    "efficientnet_b0": (32, PATHS),
    "vit_base_patch16_224": (32, {"img_size": 32, **PATHS}),
    "convnext_tiny": (32, PATHS),
    "swin_tiny_patch4_window7_224": (64, {"img_size": 64, "window_size": 4, **PATHS}),
    "mobilenetv3_large_100": (32, PATHS),
    "deit3_small_patch16_224": (32, {"img_size": 32, **PATHS}),
    "regnety_008": (32, PATHS),
    "efficientformer_l1": (224, PATHS),
    "densenet121": (32, {}),
    "mixer_s32_224": (224, {}),
    "ghostnet_100": (32, {}),
    "tf_efficientnetv2_b0": (32, PATHS),
    "levit_128s": (224, {}),
}
"""Name, the side of the images, as small as the family takes them, and what else the model takes."""
STEPS, FAINT = 20, 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_twenty_steps_move_what_trains_and_nothing_else(name: str):
    torch.manual_seed(0)
    side, options = FAMILIES[name]
    model = timm.create_model(name, num_classes=3, drop_rate=0.1, **options)
    groups = layer_groups(model)
    covered = Counter(one for group in groups for one in group.parameter_names)
    assert covered == Counter(dict(model.named_parameters()).keys())

    optimizer = torch.optim.SGD(
        parameter_groups(model, groups, weight_decay=0.1, layer_decay=0.9), lr=0.05, momentum=0.9
    )
    handled = Counter(id(one) for group in optimizer.param_groups for one in group["params"])
    assert handled == Counter(id(one) for one in model.parameters())
    half = len(groups) // 2
    plan = FreezingPlan((None,) * half + (0,) * (len(groups) - half))
    images, labels = torch.randn(4, 3, side, side), torch.tensor([0, 1, 2, 0])
    asked: dict[str, float] = {}
    before = {one: tensor.clone() for one, tensor in model.state_dict().items()}
    for _ in range(STEPS):
        model.train()
        apply_freezing(model, groups, plan.trainable(0), dropout=plan.dropout)
        answers = model(images)
        answers = answers if isinstance(answers, torch.Tensor) else answers[0]
        optimizer.zero_grad(set_to_none=False)
        F.cross_entropy(answers, labels).backward()
        for one, parameter in model.named_parameters():
            if parameter.grad is not None:
                asked[one] = max(asked.get(one, 0.0), float(parameter.grad.abs().max()))
        optimizer.step()

    after, modules = model.state_dict(), dict(model.named_modules())
    frozen = {one for group in groups[:half] for one in group.parameter_names}
    buffers = {
        f"{module}.{buffer}"
        for group in groups[:half]
        for module in group.module_names
        for buffer, _ in modules[module].named_buffers(recurse=False)
    } & set(after)
    assert frozen
    assert all(torch.equal(before[one], after[one]) for one in frozen | buffers)
    trains = {one for group in groups[half:] for one in group.parameter_names}
    unmoved = [one for one in trains if torch.equal(before[one], after[one])]
    # What normalisation or a layer scale of 1e-6 makes immaterial is asked to move by less than its last bit.
    assert [one for one in unmoved if asked[one] > FAINT] == []
    assert len(unmoved) < len(trains) / 5
