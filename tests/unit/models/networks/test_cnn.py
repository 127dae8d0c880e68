"""Our own network: it runs at every size, answers timm's protocol, and its weights fit any size."""

import pytest
import torch
from timm.models import group_parameters
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from sightline.models.networks.cnn import Cnn, channels, reduction


@pytest.mark.parametrize("size", [8, 16, 28, 32, 40, 64, 96, 224])
def test_maps_never_vanish_and_stay_small(size: int) -> None:
    model = Cnn(7, width=16, image_size=size).eval()
    with torch.no_grad():
        maps = model.forward_features(torch.zeros(2, 3, size, size))
        logits = model.forward_head(maps)
    assert maps.shape[2] == maps.shape[3]
    assert 1 <= maps.shape[2] <= 11
    assert logits.shape == (2, 7)


def test_forward_costs_what_was_agreed() -> None:
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        Cnn(10, width=64).eval()(torch.zeros(1, 3, 32, 32))
    assert 0.25e9 <= counter.get_total_flops() <= 0.4e9


@pytest.mark.parametrize("width", [8, 24, 64, 72])
def test_channel_counts_are_multiples_of_16(width: int) -> None:
    model = Cnn(3, width=width)
    counts = [module.out_channels for module in model.modules() if isinstance(module, torch.nn.Conv2d)]
    assert all(count % 16 == 0 for count in counts)
    assert max(counts) == model.num_features == channels(4 * width)


def test_stem_shrinks_large_images_only() -> None:
    assert [reduction(size) for size in (8, 32, 64, 95, 96, 128, 192, 224, 384)] == [1, 1, 1, 1, 2, 2, 4, 4, 8]


def test_weights_fit_every_image_size() -> None:
    Cnn(4, width=16, image_size=224).load_state_dict(Cnn(4, width=16, image_size=32).state_dict())


def test_protocol_agrees_with_forward() -> None:
    model = Cnn(5, width=16, drop_rate=0.3).eval()
    images = torch.randn(3, 3, 32, 32)
    features = model.forward_features(images)
    pooled = model.forward_head(features, pre_logits=True)
    assert torch.equal(model(images), model.forward_head(features))
    assert pooled.shape == (3, model.num_features)
    model.reset_classifier(9)
    assert model(images).shape == (3, 9)
    assert model.get_classifier() is model.head
    model.reset_classifier(0)
    assert torch.equal(model(images), pooled)


def test_timm_groups_its_parameters_with_the_head_last() -> None:
    model = Cnn(5, width=16)
    coarse = group_parameters(model, model.group_matcher(coarse=True))
    fine = group_parameters(model, model.group_matcher(coarse=False))
    assert (len(coarse), len(fine)) == (5, 8)
    assert coarse[0][0].startswith("stem")
    assert coarse[4] == fine[7] == ["head.weight", "head.bias"]


def test_one_batch_overfits_in_bf16_and_channels_last() -> None:
    torch.manual_seed(0)
    model = Cnn(4, width=8).to(memory_format=torch.channels_last)
    images = torch.randn(8, 3, 16, 16).to(memory_format=torch.channels_last)
    labels = torch.arange(8) % 4
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for _ in range(15):
        with torch.autocast("cpu", torch.bfloat16):
            logits = model(images)
        loss = F.cross_entropy(logits.float(), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.2
