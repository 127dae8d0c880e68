import itertools
import time

import numpy as np
import pytest

from sightline.data.sources.source import ROLES
from sightline.data.splits.assignment import make_split
from tests.unit.data.splits.conftest import config, role_of, sizes, source, split


def test_every_item_has_one_role_and_no_content_two():
    made = split(source(np.arange(1000) % 7))
    together = np.sort(np.concatenate([made.positions(role) for role in ROLES]))
    assert together.tolist() == list(range(1000))
    hashes = [set(np.array(made.hashes)[made.positions(role)]) for role in ROLES]
    assert all(one.isdisjoint(other) for one, other in itertools.combinations(hashes, 2))
    assert sizes(made) == {"train": 600, "val": 100, "calibration": 100, "test": 200}


def test_each_class_gives_its_share_to_an_item():
    labels = np.repeat(np.arange(5), [501, 203, 97, 45, 13])
    made = split(source(labels))
    for role, fraction in [("val", 0.1), ("calibration", 0.1), ("test", 0.2)]:
        got = np.bincount(labels[made.positions(role)], minlength=5)
        assert np.abs(got - fraction * np.bincount(labels)).max() < 1


def test_given_roles_are_kept_and_only_the_missing_are_cut_from_train():
    roles = ["train"] * 600 + ["test"] * 200
    made = split(source(np.arange(800) % 4, roles))
    assert set(made.roles[600:]) == {"test"}
    assert sizes(made) == {"train": 480, "val": 60, "calibration": 60, "test": 200}

    roles = ["train"] * 600 + ["val"] * 100
    made = split(source(np.arange(700) % 4, roles))
    assert sizes(made) == {"train": 420, "val": 100, "calibration": 60, "test": 120}

    roles = ["train"] * 400 + ["val"] * 10 + ["calibration"] * 20 + ["test"] * 30
    made = split(source(np.arange(460) % 4, roles))
    assert made.roles.tolist() == roles


def test_items_without_a_role_join_train_in_the_pool():
    roles = ["train"] * 50 + [None] * 50 + ["test"] * 20
    made = split(source(np.arange(120) % 2, roles))
    assert sizes(made) == {"train": 80, "val": 10, "calibration": 10, "test": 20}
    assert {"val", "calibration"} <= set(made.roles[:50].tolist()) | set(made.roles[50:100].tolist())


def test_a_fraction_of_zero_cuts_nothing():
    assert sizes(split(source(np.arange(100) % 2), val=0.0, test=0.0)) == {
        "train": 90,
        "val": 0,
        "calibration": 10,
        "test": 0,
    }


def test_groups_stay_whole():
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 120, 900)
    made = split(source(groups % 3, groups=groups))
    assert all(len(set(made.roles[groups == group])) == 1 for group in groups)
    assert np.abs(np.array(list(sizes(made).values())) - [540, 90, 90, 180]).max() <= 15


def test_equal_content_stays_together_and_links_groups():
    items = source(np.arange(300) % 3, groups=np.arange(300) // 3)
    hashes = [f"hash {number}" for number in range(300)]
    # Group 0 and group 50 share a picture, and so do group 50 and group 99.
    hashes[150], hashes[297] = hashes[0], hashes[151]
    for seed in range(10):
        made = split(items, hashes, seed=seed)
        assert len(set(made.roles[[0, 1, 2, 150, 151, 152, 297, 298, 299]])) == 1


def test_unreadable_items_are_no_group():
    made = split(source(np.arange(100) % 2), [""] * 100)
    assert sizes(made) == {"train": 60, "val": 10, "calibration": 10, "test": 20}


def test_items_without_a_role_follow_their_group_into_a_held_out_split():
    roles = ["train"] * 40 + ["test", None, None] + ["val", None] + ["test", "val", None] + [None] * 12
    groups = [*range(100, 140), "p", "p", "p", "q", "q", "r", "r", "r", *range(200, 212)]
    made = split(source(np.arange(60) % 2, roles, groups))
    assert made.roles[40:48].tolist() == ["test", "test", "test", "val", "val", "test", "val", "test"]


def test_the_split_is_a_function_of_ids_and_its_seed():
    items = source(np.arange(500) % 5)
    made = role_of(split(items))
    assert role_of(split(items)) == made
    shuffled = items.take(np.random.default_rng(0).permutation(500))
    assert role_of(split(shuffled)) == made
    other = role_of(split(items, seed=1))
    assert sum(made[name] != other[name] for name in made) > 150

    groups = source(np.arange(500) % 5, groups=np.arange(500) // 4)
    order = np.random.default_rng(0).permutation(500)
    hashes = np.array([str(number) for number in range(500)])
    assert role_of(split(groups, list(hashes))) == role_of(split(groups.take(order), list(hashes[order])))


def test_a_few_files_more_move_few_others():
    labels = np.arange(1003) % 10
    before, after = role_of(split(source(labels[:1000]))), role_of(split(source(labels)))
    assert sum(before[name] != after[name] for name in before) <= 12


@pytest.mark.parametrize("labels", [[0, 1], [0, 0, 1], [0] * 3 + [1], [0] * 5 + [1] * 2, list(range(30)), [0, 1] * 4])
def test_tiny_classes_keep_a_train_item(labels):
    for seed in range(5):
        made = split(source(labels), seed=seed)
        assert set(made.labels[made.positions("train")]) == set(labels)


def test_small_data_fill_every_role_if_they_can():
    for seed in range(5):
        assert min(sizes(split(source([0, 1] * 4), seed=seed)).values()) >= 1


def test_sixty_thousand_items_take_a_second():
    items = source(np.arange(60_000) % 10, ["train"] * 50_000 + ["test"] * 10_000)
    hashes = [str(number) for number in range(60_000)]
    started = time.process_time()
    made = split(items, hashes)
    assert time.process_time() - started < 3  # 0.2 s on a quiet machine
    assert sizes(made) == {"train": 40_000, "val": 5_000, "calibration": 5_000, "test": 10_000}


def test_pairs_of_contents_stay_together():
    items = source(np.arange(400) % 4)
    hashes = [f"hash of {name}" for name in items.ids]
    pairs = [(hashes[number], hashes[number + 4]) for number in range(0, 392, 9)]
    roles = make_split(items, hashes, config(), together=pairs).roles
    assert all(roles[number] == roles[number + 4] for number in range(0, 392, 9))
    alone = make_split(items, hashes, config()).roles
    assert any(alone[number] != alone[number + 4] for number in range(0, 392, 9))
