"""Which photos are kept of an evaluation."""

import numpy as np

from sightline.metrics.predictions import Predictions
from sightline.tasks.classification.galleries import MISTAKES, _times_before, choose_photos


def answers(labels: list[int], said: list[int], sure: list[float], classes: int = 4) -> Predictions:
    logits = np.zeros((len(labels), classes), dtype=np.float32)
    logits[np.arange(len(labels)), said] = sure
    return Predictions(np.array([f"{n}" for n in range(len(labels))]), logits, np.array(labels))


def test_the_surest_mistakes_come_first_and_every_pair_has_its_turn():
    count = 40
    labels, said = [0] * count + [1, 2], [1] * count + [2, 3]
    sure = [9.0 - 0.1 * n for n in range(count)] + [1.0, 0.9]
    wrong, right = choose_photos(answers([*labels, 3, 3], [*said, 3, 3], [*sure, 1.0, 2.0]), 1.0, 2)
    assert len(wrong) == 2 * MISTAKES
    assert wrong[:5].tolist() == [0, 1, 2, 3, 4]
    assert {40, 41} <= set(wrong.tolist()), "the only ones of their pairs"
    assert right.tolist() == [42, 43]


def test_nothing_wrong_and_nothing_right_are_no_trouble():
    wrong, right = choose_photos(answers([0, 1], [0, 1], [1.0, 1.0]), 1.0, 3)
    assert (wrong.tolist(), right.tolist()) == ([], [0, 1])
    wrong, right = choose_photos(answers([0, 1], [1, 0], [1.0, 2.0]), 1.0, 3)
    assert (wrong.tolist(), right.tolist()) == ([1, 0], [])


def test_counts_how_often_a_value_came_before():
    assert _times_before(np.array([5, 3, 5, 5, 3])).tolist() == [0, 0, 1, 2, 1]
    assert _times_before(np.zeros(0, dtype=np.int64)).tolist() == []
