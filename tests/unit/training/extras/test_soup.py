"""Greedy soups by hand: states of one number, judged by how near they are to a goal."""

import pytest
import torch

from sightline.training.extras.soup import Soup, best_epochs, greedy_soup


def soup_of(values: list[float], goal: float) -> Soup:
    members = ({"w": torch.tensor([value]), "n": torch.tensor(3)} for value in values)
    return greedy_soup(members, lambda state: {"val_loss": abs(state["w"].item() - goal)}, "val_loss")


def test_members_that_help_are_averaged_and_others_left_out():
    soup = soup_of([1.2, 0.4, 9.0, 1.4], goal=1.0)
    assert soup.members == [0, 1, 3]
    assert soup.state["w"].item() == pytest.approx((1.2 + 0.4 + 1.4) / 3)
    assert soup.metrics["val_loss"] == pytest.approx(0.0, abs=1e-6)
    assert soup.state["n"].item() == 3
    assert soup.state["n"].dtype == torch.int64


def test_a_soup_is_never_worse_than_its_best_member():
    generator = torch.Generator().manual_seed(0)
    for _ in range(200):
        values = (torch.randn(5, generator=generator) * 3).tolist()
        values.sort(key=abs)
        soup = soup_of(values, goal=0.0)
        assert soup.members[0] == 0
        assert soup.metrics["val_loss"] <= abs(values[0])


def test_one_member_stays_as_it_is():
    soup = soup_of([5.0], goal=0.0)
    assert soup.members == [0]
    assert soup.state["w"].item() == 5.0


@pytest.mark.parametrize(("monitor", "expected"), [("val_loss", [1, 3, 0]), ("val_accuracy", [2, 0, 1])])
def test_the_best_epochs_come_first_and_ties_go_to_the_earlier(monitor: str, expected: list[int]):
    history = [
        {"val_loss": 0.5, "val_accuracy": 0.8},
        {"val_loss": 0.3, "val_accuracy": 0.7},
        {"val_loss": 0.9, "val_accuracy": 0.9},
        {"val_loss": 0.3, "val_accuracy": 0.7},
    ]
    assert best_epochs(history, monitor, 3) == expected
