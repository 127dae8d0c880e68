"""An item's numbers are its own: neither the batch nor its order has a part in them."""

import torch

from sightline.robustness.attacks.draws import Draws

IDS = ["a", "b", "c", "ü/1.png"]


def drawn(ids: list[str], seed: int = 0, restart: int = 0, stream: str = "pgd") -> torch.Tensor:
    draws = Draws.of(ids, seed).again(restart)
    like = torch.empty(len(ids), 3, 5, 4)
    return torch.stack([draws.uniform(like, stream), draws.normal(like, stream), draws.signs(like, stream)], dim=1)


def test_an_items_numbers_do_not_depend_on_the_others():
    together = drawn(IDS)
    assert torch.equal(drawn(IDS[::-1]).flip(0), together)
    for row, name in enumerate(IDS):
        assert torch.equal(drawn([name])[0], together[row])


def test_some_rows_keep_their_numbers():
    draws = Draws.of(IDS, 3)
    rows = torch.tensor([2, 0])
    like = torch.empty(4, 3, 2, 2)
    assert torch.equal(draws.at(rows).uniform(like[rows], "x"), draws.uniform(like, "x")[rows])


def test_seeds_restarts_streams_and_ids_differ():
    first = drawn(IDS)
    for other in (drawn(IDS, seed=1), drawn(IDS, restart=1), drawn(IDS, stream="apgd"), drawn(["d", "e", "f", "g"])):
        assert (first[:, :2] == other[:, :2]).float().mean() < 0.01


def test_numbers_are_distributed_as_they_are_called():
    like = torch.empty(20, 3, 40, 40)
    draws = Draws.of([str(number) for number in range(20)], 0)
    normal, uniform, signs = draws.normal(like, "n"), draws.uniform(like, "u"), draws.signs(like, "s")
    assert abs(float(normal.mean())) < 0.02
    assert abs(float(normal.std()) - 1) < 0.02
    assert normal.isfinite().all()
    assert 0 <= float(uniform.min()) < 0.001 < 0.999 < float(uniform.max()) < 1
    assert set(signs.unique().tolist()) == {-1.0, 1.0}
    assert abs(float(signs.mean())) < 0.02
