"""The items of an epoch: once each, or every class equally often."""

import numpy as np

from sightline.data.order import balanced, shuffled

LABELS = np.repeat([0, 1, 2], [100, 25, 3])


def test_shuffled_sees_every_item_once():
    order = shuffled(0, 3, 50)
    assert sorted(order.places) == list(range(50))
    assert not order.repeats.any()


def test_balanced_draws_every_class_equally_often():
    order = balanced(0, 0, LABELS)
    assert np.bincount(LABELS[order.places]).tolist() == [43, 43, 43]
    assert not np.array_equal(order.places, np.sort(order.places))


def test_an_item_that_comes_again_has_another_turn():
    for epoch in range(5):
        order = balanced(0, epoch, LABELS)
        pairs = set(zip(order.places.tolist(), order.repeats.tolist(), strict=True))
        assert len(pairs) == len(order.places)


def test_items_of_a_class_are_seen_equally_often_over_epochs():
    seen = np.zeros(len(LABELS), dtype=np.int64)
    for epoch in range(20):
        np.add.at(seen, balanced(7, epoch, LABELS).places, 1)
    for label in range(3):
        assert np.ptp(seen[label == LABELS]) <= 1
    assert seen[LABELS == 0].min() >= 8


def test_any_epoch_can_be_made_alone_and_seeds_differ():
    assert np.array_equal(balanced(1, 9, LABELS).places, balanced(1, 9, LABELS).places)
    assert not np.array_equal(balanced(1, 9, LABELS).places, balanced(2, 9, LABELS).places)
    assert not np.array_equal(balanced(1, 9, LABELS).places, balanced(1, 8, LABELS).places)


def test_classes_that_are_absent_are_passed_over():
    order = balanced(0, 0, np.array([4, 4, 9]))
    assert np.bincount(np.array([4, 4, 9])[order.places], minlength=10)[[4, 9]].tolist() == [2, 2]
