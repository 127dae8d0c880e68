import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sightline.data.splits.stratify import FREE, Pool, stratify


def pool(labels, units=None, seed=0, classes=None):
    labels = np.asarray(labels, dtype=np.int64)
    units = np.arange(len(labels)) if units is None else np.asarray(units, dtype=np.int64)
    ranks = np.random.default_rng(seed).integers(0, 1 << 62, len(labels)).astype(np.uint64)
    return Pool(labels, units, ranks, int(labels.max(initial=-1)) + 1 if classes is None else classes)


def counts(labels, drawn, classes):
    return np.array(
        [np.bincount(np.asarray(labels)[drawn == row], minlength=classes) for row in range(drawn.max() + 1)]
    )


FRACTIONS = st.lists(st.floats(0.02, 0.3), min_size=1, max_size=3)


@settings(max_examples=150, deadline=None)
@given(labels=st.lists(st.integers(0, 5), min_size=1, max_size=150), fractions=FRACTIONS, seed=st.integers(0, 9))
def test_single_items_within_one_of_each_class(labels, fractions, seed):
    drawn = stratify(pool(labels, seed=seed, classes=6), fractions)
    sizes = np.bincount(labels, minlength=6)
    free = np.bincount(np.asarray(labels)[drawn == FREE], minlength=6)
    assert (free[sizes > 0] >= 1).all()
    for row, fraction in enumerate(fractions):
        got = np.bincount(np.asarray(labels)[drawn == row], minlength=6)
        assert (got - fraction * sizes).max() < 1 + 1e-9
        roomy = sizes >= 10  # no class is so small that keeping an item free costs it one
        assert (fraction * sizes - got)[roomy].max(initial=0) < 1 + 1e-9
        if (sizes[sizes > 0] >= 10).all():
            assert got.sum() == max(1, round(fraction * len(labels)))


@settings(max_examples=150, deadline=None)
@given(
    items=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 25)), min_size=1, max_size=150),
    fractions=FRACTIONS,
    seed=st.integers(0, 9),
)
def test_units_stay_whole_and_classes_stay_free(items, fractions, seed):
    labels, units = (np.array(column) for column in zip(*items, strict=True))
    drawn = stratify(pool(labels, units, seed, classes=4), fractions)
    assert all(len(set(drawn[units == unit])) == 1 for unit in units)
    assert set(drawn) <= {FREE, *range(len(fractions))}
    assert all((drawn[labels == label] == FREE).any() for label in labels)


def test_groups_come_close_to_the_fractions():
    rng = np.random.default_rng(0)
    units = np.repeat(np.arange(400), rng.integers(1, 12, 400))
    labels = rng.integers(0, 3, 400)[units]
    fractions = [0.2, 0.1, 0.1]
    for seed in range(5):
        drawn = stratify(pool(labels, units, seed), fractions)
        shares = counts(labels, drawn, 3) / np.bincount(labels)
        assert np.abs(shares - np.array(fractions)[:, None]).max() < 0.02


def test_single_items_make_up_for_large_groups():
    # A group of 30 of 100 items of class 0: single items fill what it leaves.
    labels = np.repeat([0, 1], 100)
    units = np.where(np.arange(200) < 30, 0, np.arange(200))
    drawn = stratify(pool(labels, units), [0.2, 0.1])
    assert counts(labels, drawn, 2).tolist() == [[20, 20], [10, 10]]


def test_another_seed_draws_others_even_where_all_groups_differ_in_size():
    units = np.repeat(np.arange(12), np.arange(4, 16))
    labels = np.arange(len(units)) % 2
    seen = {tuple(stratify(pool(labels, units, seed), [0.2, 0.2])) for seed in range(20)}
    assert len(seen) > 10


def test_many_classes_of_few_items_still_fill_every_fraction():
    labels = np.repeat(np.arange(200), 4)
    drawn = stratify(pool(labels), [0.1, 0.1, 0.2])
    assert [int((drawn == row).sum()) for row in range(3)] == [80, 80, 160]
    # Which classes round up is spread: none gives an item to everything while another gives none.
    given_away = np.bincount(labels[drawn != FREE], minlength=200)
    assert given_away.min() >= 1
    assert given_away.max() <= 2


@pytest.mark.parametrize("groups", [3, 4, 6])
def test_a_few_large_groups_leave_no_fraction_empty(groups):
    units = np.repeat(np.arange(groups), 20)
    labels = np.tile([0, 1], 10 * groups)
    for seed in range(10):
        drawn = stratify(pool(labels, units, seed), [0.2, 0.1])
        assert set(drawn) == {FREE, 0, 1}


def test_nothing_to_draw():
    assert stratify(pool([]), [0.5]).tolist() == []
    assert stratify(pool([0, 1]), []).tolist() == [FREE, FREE]
    assert stratify(pool([0, 1]), [0.4]).tolist() == [FREE, FREE]
