"""What a map speaks for: a class, or a class rather than another."""

import pytest
import torch

from sightline.errors import UsageError
from sightline.explain.targets import NONE, class_logit, named_class, set_against

LOGITS = torch.tensor([[3.0, 1.0, 2.0], [0.0, 5.0, 4.0]])


def test_a_target_is_a_class_or_two():
    assert class_logit(LOGITS, torch.tensor([2, 1])).tolist() == [2.0, 5.0]
    assert class_logit(LOGITS, torch.tensor([[0, 1], [1, NONE]])).tolist() == [2.0, 5.0]


def test_a_class_that_is_itself_the_other_is_set_against_the_next_best():
    answers = LOGITS.argmax(dim=1)
    assert set_against(answers, LOGITS, None).tolist() == [0, 1]
    assert set_against(answers, LOGITS, 1).tolist() == [[0, 1], [1, 2]]
    alone = set_against(torch.tensor([0]), torch.tensor([[7.0]]), 0)
    assert alone.tolist() == [[0, NONE]]
    assert class_logit(torch.tensor([[7.0]]), alone).tolist() == [7.0]


def test_a_name_that_is_none_is_refused():
    assert named_class("explain.versus", None, ("cat", "dog")) is None
    assert named_class("explain.versus", "dog", ("cat", "dog")) == 1
    with pytest.raises(UsageError, match=r"^explain\.versus=cow is no class; there are cat, dog$"):
        named_class("explain.versus", "cow", ("cat", "dog"))
