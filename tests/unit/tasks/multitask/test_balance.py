"""Weights that stay, and weights that are learned, against their formulas."""

import pytest
import torch

from sightline.tasks.multitask.balance import FixedWeights, LearnedWeights
from sightline.tasks.objective import Loss


def losses(label: float, mask: float, items: int = 3) -> dict[str, Loss]:
    return {"label": Loss(torch.tensor(label), 3), "mask": Loss(torch.tensor(mask), items)}


def test_fixed_weights_multiply():
    balance = FixedWeights({"mask": 3.0, "label": 0.5})
    assert balance.total(losses(2.0, 1.0)).item() == pytest.approx(4.0)
    assert balance.learned is None


def test_learned_weights_come_to_one_over_twice_the_loss():
    """Where nothing else is learned, the least of exp(-s) L + s / 2 lies at exp(s) = 2 L."""
    balance = LearnedWeights(("label", "mask"))
    optimizer = torch.optim.SGD(balance.parameters(), lr=0.2)
    for _ in range(300):
        optimizer.zero_grad()
        balance.total(losses(2.0, 0.1)).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    assert balance.log_variances.exp().tolist() == pytest.approx([4.0, 0.2], rel=1e-3)
    assert balance.learned is balance


def test_of_what_no_item_bears_nothing_is_learned():
    balance = LearnedWeights(("label", "mask"))
    balance.total(losses(2.0, 0.0, items=0)).backward()  # type: ignore[no-untyped-call]
    assert balance.log_variances.grad is not None
    assert balance.log_variances.grad.tolist() == pytest.approx([-1.5, 0.0])
