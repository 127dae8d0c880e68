import numpy as np

from tests.unit.data.gate.conftest import after, split

ROLES = ["train", "val", "calibration", "test", "train", "train", "val", "test"]


def test_duplicates_stay_in_the_most_held_out_split():
    hashes = {0: "x", 1: "x", 2: "y", 3: "y", 4: "z", 5: "z", 6: "w", 7: "v"}
    found, keep = after(split(ROLES, hashes=hashes), duplicates_across_splits="drop")
    finding = found["duplicates_across_splits"]
    assert np.flatnonzero(~keep).tolist() == [0, 2]
    assert (finding.outcome, finding.count) == ("drop", 4)
    assert "2 are left out" in finding.message
    assert finding.examples == ("0.jpg", "1.jpg", "2.jpg", "3.jpg")
    for rule in ("warn", "refuse"):
        found, keep = after(split(ROLES, hashes=hashes), duplicates_across_splits=rule)
        assert found["duplicates_across_splits"].outcome == rule
        assert keep.all()
    assert "data.validation.duplicates_across_splits=drop" in found["duplicates_across_splits"].message


def test_a_content_in_three_splits_stays_in_one():
    _, keep = after(split(ROLES, hashes=dict.fromkeys([0, 1, 2, 4, 6], "x")))
    assert np.flatnonzero(~keep).tolist() == [0, 1, 4, 6]


def test_after_dropping_no_content_is_in_two_splits():
    rng = np.random.default_rng(0)
    made = split(
        rng.choice(["train", "val", "calibration", "test"], 300),
        hashes=dict(enumerate(map(str, rng.integers(0, 120, 300)))),
    )
    _, keep = after(made)
    found, again = after(made.take(keep))
    assert found["duplicates_across_splits"].outcome == "pass"
    assert again.all()
    assert set(made.take(keep).hashes) == set(made.hashes)


def test_groups_that_the_source_tears_apart():
    groups = ("p", "p", "q", "q", "r", "r", "s", "s")
    found, keep = after(split(ROLES, groups=groups))
    finding = found["groups_across_splits"]
    assert (finding.outcome, finding.examples) == ("warn", ("p", "q", "s"))
    assert keep.all()
    found, _ = after(split(ROLES, groups=groups), duplicates_across_splits="refuse")
    assert found["groups_across_splits"].outcome == "refuse"
    assert "groups_across_splits" not in after(split(ROLES))[0]


def test_classes_that_a_split_lacks():
    names = ("cat", "dog", "emu")
    found, _ = after(split(["train"] * 4 + ["val"] * 2 + ["test"] * 3, [0, 1, 0, 1, 0, 0, 0, 1, 2], names=names))
    assert found["untrained_classes"].examples == ("emu",)
    assert found["untrained_classes"].outcome == "warn"
    assert found["unmeasured_classes"].examples == ("dog in val", "emu in val")
    found, _ = after(split(["train"] * 2 + ["test"] * 2, [0, 0, 0, 1]), small_class="refuse")
    assert found["untrained_classes"].outcome == "refuse"
    assert found["unmeasured_classes"].outcome == "pass"
    # Dropping counts: the last dog of train goes, for its copy is in test.
    made = split(["train", "train", "test", "test"], [0, 1, 0, 1], hashes={1: "x", 3: "x"})
    assert after(made)[0]["untrained_classes"].examples == ("dog",)
