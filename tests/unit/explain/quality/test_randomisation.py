"""Random weights: the network stays as it is, what does not look at weights stays alike, what does changes."""

import math

import pytest
import timm
import torch
from torch import Tensor, nn

from sightline.explain.quality.randomisation import cascade, parts, randomise, settle_norms
from sightline.explain.quality.ranks import edge_map
from sightline.models.networks.cnn import Cnn

IMAGES = torch.rand(12, 3, 16, 16, generator=torch.Generator().manual_seed(0))


def first_filters(network: nn.Module) -> Tensor:
    """A map that is made of the first weights alone, those that are randomised last."""
    first = next(module for module in network.modules() if isinstance(module, nn.Conv2d))
    with torch.no_grad():
        return first(IMAGES)[:, 0]


def test_a_map_that_does_not_look_at_weights_is_found_out():
    found = cascade(Cnn(3, width=8), IMAGES, edge_map(IMAGES), lambda _: edge_map(IMAGES))
    assert found.correlations == pytest.approx(1)


def test_a_map_changes_when_the_weights_that_it_is_made_of_do():
    torch.manual_seed(0)
    network = Cnn(3, width=8)
    state = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    chance = torch.random.get_rng_state()
    found = cascade(network, IMAGES, first_filters(network), first_filters)
    assert found.layers[0] == "head"
    assert len(found.layers) == len(found.correlations) == 5
    assert found.correlations[:-1] == pytest.approx(1)
    assert abs(found.at_last.mean()) < 0.9
    assert all(torch.equal(tensor, state[key]) for key, tensor in network.state_dict().items())
    assert torch.equal(chance, torch.random.get_rng_state())


@pytest.mark.parametrize("name", ["test_resnet", "test_vit", "test_efficientnet"])
def test_every_weight_is_reached_and_keeps_its_size(name: str):
    torch.manual_seed(0)
    network = timm.create_model(name, num_classes=4)
    before = {key: weight.detach().clone() for key, weight in network.named_parameters()}
    drawn = torch.Generator().manual_seed(0)
    for module in (module for group in parts(network, 5) for module in group):
        randomise(network.get_submodule(module), drawn)
    for key, weight in network.named_parameters():
        if before[key].numel() > 1 and before[key].flatten().unique().numel() > 1:
            assert not torch.equal(weight, before[key]), key
        size, was = (float(one.detach().square().mean().sqrt()) for one in (weight, before[key]))
        assert math.isclose(size, was, rel_tol=6 / weight.numel() ** 0.5, abs_tol=1e-7), key
        assert weight.requires_grad


def test_a_map_of_which_nothing_is_left_is_not_alike_and_one_that_was_empty_is_not_judged():
    maps = edge_map(IMAGES)
    maps[0] = 0
    found = cascade(Cnn(3, width=8), IMAGES, maps, lambda _: torch.zeros_like(maps)).correlations
    assert math.isnan(found[0, 0])
    assert (found[:, 1:] == 0).all()


def test_batch_normalisation_is_settled_and_signals_neither_die_nor_grow():
    torch.manual_seed(0)
    network = timm.create_model("test_resnet", num_classes=4)
    with torch.no_grad():
        for norm in (module for module in network.modules() if isinstance(module, nn.BatchNorm2d)):
            norm.running_var.fill_(1e-4)
    settle_norms(network, IMAGES, 5)
    seen: list[Tensor] = []
    network.layer4.register_forward_hook(lambda _module, _inputs, output: seen.append(output))
    with torch.no_grad():
        network(IMAGES)
    assert 0.1 < seen[0].std() < 10
    assert not network.training


def test_a_network_without_weights_has_nothing_to_lose():
    found = cascade(nn.Flatten(), IMAGES, edge_map(IMAGES), lambda _: edge_map(IMAGES))
    assert found.layers == ()
    assert found.correlations.shape == (0, 12)


def test_parts_are_shared_out_from_the_output():
    network = nn.Sequential(*(nn.Linear(2, 2) for _ in range(8)))
    assert parts(network, 3) == [["7"], ["6", "5", "4", "3"], ["2", "1", "0"]]
    assert parts(network, 1) == [["7"], ["6", "5", "4", "3", "2", "1", "0"]]
    assert parts(nn.Sequential(nn.Linear(2, 2)), 5) == [["0"]]
