"""One map over the outputs of one head and of several."""

import pytest
import torch

from sightline.models.outputs import by_head, concatenate, map_outputs, only_tensor, tensors_of

ONE = torch.arange(6.0).view(3, 2)
SEVERAL = {"label": ONE, "depth": torch.ones(3, 1)}


def test_a_function_is_applied_to_each_head():
    assert torch.equal(only_tensor(map_outputs(torch.neg, ONE)), -ONE)
    negative = by_head(map_outputs(torch.neg, SEVERAL))
    assert negative.keys() == SEVERAL.keys()
    assert all(torch.equal(negative[head], -tensor) for head, tensor in SEVERAL.items())
    assert torch.equal(by_head(map_outputs(torch.add, SEVERAL, SEVERAL))["depth"], torch.full((3, 1), 2.0))


def test_parts_become_a_whole():
    parts = [{head: tensor[rows] for head, tensor in SEVERAL.items()} for rows in (slice(0, 2), slice(2, 3))]
    whole = by_head(concatenate(parts))
    assert all(torch.equal(whole[head], tensor) for head, tensor in SEVERAL.items())
    assert torch.equal(only_tensor(concatenate([ONE[:1], ONE[1:]])), ONE)


def test_one_head_and_several_are_told_apart():
    assert tensors_of(ONE) == [ONE]
    assert tensors_of(SEVERAL) == list(SEVERAL.values())
    with pytest.raises(TypeError, match="label, depth"):
        only_tensor(SEVERAL)
    with pytest.raises(TypeError, match="one tensor"):
        by_head(ONE)
    with pytest.raises(TypeError, match="one tensor"):
        map_outputs(torch.add, SEVERAL, ONE)
