import numpy as np
import pytest
from scipy import stats

from sightline.data.randomness import permutation, uniform


def test_a_draw_depends_on_its_image_alone_not_on_the_batch():
    alone = [uniform(3, 5, np.array([index]), 4, "crop") for index in (9, 2, 700)]
    together = uniform(3, 5, np.array([700, 1, 9, 2]), 4, "crop")
    assert np.array_equal(np.concatenate(alone), together[[2, 3, 0]])


def test_more_slots_leave_the_earlier_ones_as_they_were():
    counters = np.arange(10)
    assert np.array_equal(uniform(0, 0, counters, 9, "crop")[:, :4], uniform(0, 0, counters, 4, "crop"))


@pytest.mark.parametrize("other", [(1, 0, "crop"), (0, 1, "crop"), (0, 0, "flip"), (10, 0, "crop"), (0, 10, "crop")])
def test_seed_epoch_and_stream_each_give_unrelated_numbers(other):
    counters = np.arange(5000)
    here, there = uniform(0, 0, counters, 1, "crop")[:, 0], uniform(*other[:2], counters, 1, other[2])[:, 0]
    assert abs(np.corrcoef(here, there)[0, 1]) < 0.06
    assert np.mean(here == there) < 0.001


def test_numbers_are_uniform_and_neighbours_unrelated():
    numbers = uniform(7, 3, np.arange(20_000), 3, "crop")
    assert numbers.dtype == np.float32
    assert numbers.min() >= 0.0
    assert numbers.max() < 1.0
    for column in numbers.T:
        assert stats.kstest(column, "uniform").pvalue > 1e-3
    assert abs(np.corrcoef(numbers[:-1, 0], numbers[1:, 0])[0, 1]) < 0.03
    assert abs(np.corrcoef(numbers[:, 0], numbers[:, 1])[0, 1]) < 0.03


def test_values_are_pinned_so_that_old_runs_replay():
    numbers = uniform(0, 0, np.array([0, 1]), 2, "crop") * 2**24
    assert numbers.astype(int).tolist() == [[13811564, 3596598], [5642967, 16144155]]
    assert permutation(0, 0, 8).tolist() == [6, 3, 7, 0, 5, 4, 2, 1]


def test_no_slots_and_no_images_are_fine():
    assert uniform(0, 0, np.arange(3), 0, "policy").shape == (3, 0)
    assert uniform(0, 0, np.arange(0), 2, "policy").shape == (0, 2)


def test_an_order_holds_every_item_once_and_changes_with_epoch_and_seed():
    orders = {(seed, epoch): permutation(seed, epoch, 1000) for seed in (0, 1) for epoch in (0, 1)}
    assert all(np.array_equal(np.sort(order), np.arange(1000)) for order in orders.values())
    assert len({order.tobytes() for order in orders.values()}) == 4
    assert np.array_equal(orders[0, 1], permutation(0, 1, 1000))
    assert permutation(0, 0, 0).tolist() == []
