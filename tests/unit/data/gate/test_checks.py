import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sightline.config.schema import ValidationPolicy
from sightline.data.gate.checks import after_split, before_split, summary
from sightline.data.sources.source import Source
from sightline.data.splits.split import Split
from sightline.data.store.index import ImageFacts
from sightline.data.targets import MISSING, ClassTarget


def policy(**changes):
    content = {
        "unreadable": "refuse",
        "duplicates_across_splits": "drop",
        "label_conflicts": "warn",
        "small_class": "warn",
        "small_class_items": 3,
        "odd_images": "warn",
    }
    return ValidationPolicy(**(content | changes))


def source(labels, roles=None, names=("cat", "dog")):
    ids = tuple(f"{number}.jpg" for number in range(len(labels)))
    return Source.of_classes(
        ids=ids,
        labels=np.array(labels, dtype=np.int64),
        class_names=tuple(names),
        roles=(None,) * len(labels) if roles is None else tuple(roles),
        files=tuple(map(Path, ids)),
    )


def facts(count, hashes=None, modes=None, widths=None, errors=None):
    errors = errors or {}
    sizes = np.array([0 if i in errors else (widths or {}).get(i, 100) for i in range(count)], dtype=np.int32)
    return ImageFacts(
        hashes=tuple((hashes or {}).get(i, f"hash {i}") for i in range(count)),
        widths=sizes,
        heights=np.where(sizes > 0, 80, 0).astype(np.int32),
        modes=tuple("" if i in errors else (modes or {}).get(i, "RGB") for i in range(count)),
        errors=errors,
    )


def split(roles, labels=None, hashes=None, groups=None, names=("cat", "dog")):
    count = len(roles)
    return Split(
        ids=tuple(f"{number}.jpg" for number in range(count)),
        hashes=tuple((hashes or {}).get(i, f"hash {i}") for i in range(count)),
        targets={"label": ClassTarget(np.arange(count) % 2 if labels is None else np.array(labels), names)},
        groups=groups,
        roles=np.array(roles),
        seed=0,
    )


def before(source, facts, **changes):
    findings, keep = before_split(source, facts, policy(**changes))
    return {finding.check: finding for finding in findings}, keep


def after(split, **changes):
    findings, keep = after_split(split, policy(**changes))
    return {finding.check: finding for finding in findings}, keep


def test_clean_data_pass_every_check():
    found, keep = before(source([0, 1] * 5), facts(10))
    assert list(found) == ["unreadable", "label_conflicts", "small_class", "odd_images"]
    assert keep.all()
    more, kept = after(split(["train", "train", "val", "val", "calibration", "calibration", "test", "test"]))
    assert kept.all()
    for finding in (found | more).values():
        assert (finding.outcome, finding.count, finding.examples) == ("pass", 0, ())
        assert finding.message


@pytest.mark.parametrize("rule", ["refuse", "drop", "warn"])
def test_unreadable_images_are_never_kept(rule):
    errors = {2: "the file is empty", 7: "image file is truncated (3 bytes not processed)"}
    found, keep = before(source([0, 1] * 5), facts(10, errors=errors), unreadable=rule)
    finding = found["unreadable"]
    assert np.flatnonzero(~keep).tolist() == [2, 7]
    assert (finding.outcome, finding.policy, finding.count) == (rule, rule, 2)
    assert finding.examples == ("2.jpg", "7.jpg")
    assert "2 images are unreadable (2.jpg: the file is empty, 7.jpg: image file is truncated" in finding.message
    assert ("data.validation.unreadable=drop" in finding.message) == (rule == "refuse")
    assert ("left out" in finding.message) == (rule != "refuse")


def test_one_content_under_two_labels():
    # 0 and 1 conflict; 2 and 4 are equal but agree; 5 and 6 would conflict, but 6 cannot be read.
    hashes = {0: "x", 1: "x", 2: "y", 4: "y", 5: "z", 6: "z"}
    data = source([0, 1, 0, 1, 0, 1, 0, 0, 1, 1]), facts(10, hashes=hashes, errors={6: "broken"})
    found, keep = before(*data, label_conflicts="warn")
    assert found["label_conflicts"].examples == ("0.jpg", "1.jpg")
    assert found["label_conflicts"].outcome == "warn"
    assert np.flatnonzero(~keep).tolist() == [6]
    found, keep = before(*data, label_conflicts="drop")
    assert np.flatnonzero(~keep).tolist() == [0, 1, 6]
    found, _ = before(*data, label_conflicts="refuse")
    assert "data.validation.label_conflicts=drop" in found["label_conflicts"].message


def test_small_classes_count_what_can_be_trained_on():
    roles = [None] * 6 + ["train"] * 2 + ["test"] * 4
    labels = [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]
    data = source(labels, roles, names=("cat", "dog", "emu"))
    found, _ = before(data, facts(12), small_class="refuse")
    finding = found["small_class"]
    assert (finding.outcome, finding.count, finding.examples) == ("refuse", 1, ("emu",))
    assert "1 class has fewer than 3 images to train on (emu: 0)" in finding.message
    assert "data.validation.small_class=warn" in finding.message
    found, _ = before(data, facts(12, errors={4: "x", 5: "x"}), small_class_items=3)
    assert found["small_class"].examples == ("emu", "dog")
    assert "dog: 2" in found["small_class"].message


def test_odd_modes_and_sizes():
    modes = {1: "L", 2: "P", 3: "RGBA", 4: "CMYK"}
    widths = {5: 401, 6: 400, 7: 24, 8: 25}
    found, keep = before(source([0, 1] * 10), facts(20, modes=modes, widths=widths))
    finding = found["odd_images"]
    assert finding.examples == ("1.jpg", "3.jpg", "4.jpg", "5.jpg", "7.jpg")
    assert "3 by kind of colour, 2 by a side" in finding.message
    assert "1.jpg: L 100 x 80, 3.jpg: RGBA 100 x 80, 4.jpg: CMYK 100 x 80, …" in finding.message
    assert keep.all()
    found, _ = before(source([0, 1] * 2), facts(4, modes={0: "L", 1: "I;16", 2: "1", 3: "RGB"}))
    assert found["odd_images"].examples == ("3.jpg",)


def test_nothing_readable_is_no_crash():
    data = source([0, 1]), facts(2, errors={0: "broken", 1: "broken"})
    found, keep = before(*data)
    assert not keep.any()
    assert found["odd_images"].outcome == "pass"
    assert summary(*data, list(found.values()))["sizes"] == {}


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


def test_long_lists_are_cut():
    found, _ = before(source([0, 1] * 50), facts(100, errors=dict.fromkeys(range(40), "broken")))
    assert len(found["unreadable"].examples) == 10
    assert found["unreadable"].message.count("broken") == 3
    assert ", …)" in found["unreadable"].message
    assert found["unreadable"].message.startswith("40 images")


def test_summary_is_json_and_says_the_worst():
    data = source([0, 1, 1, 1]), facts(4, modes={0: "L"}, widths={1: 30, 2: 60}, errors={3: "broken"})
    findings, _ = before_split(*data, policy(unreadable="drop"))
    content = summary(*data, findings)
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    assert content["outcome"] == "drop"
    assert (content["n"], content["classes"]) == (4, {"cat": 1, "dog": 3})
    assert content["sizes"] == {
        "width": {"min": 30, "median": 60, "max": 100},
        "height": {"min": 80, "median": 80, "max": 80},
    }
    assert content["modes"] == {"RGB": 2, "L": 1}
    assert [finding["check"] for finding in content["findings"]] == [finding.check for finding in findings]
    assert set(content["findings"][0]) == {"check", "policy", "outcome", "count", "message", "examples"}
    assert summary(*data, [])["outcome"] == "pass"
    for rule, outcome in [("refuse", "refuse"), ("warn", "warn")]:
        assert summary(*data, before_split(*data, policy(unreadable=rule))[0])["outcome"] == outcome


def test_every_class_of_every_target_is_counted_and_missing_ones_are_not():
    colour = ClassTarget(np.array([0, 1, MISSING, 1]), ("red", "blue"))
    shape = ClassTarget(np.array([0, 0, 0, MISSING]), ("round", "square"))
    several = replace(source([0, 0, 1, 1]), targets={"colour": colour, "shape": shape})
    found, _ = before(several, facts(4), small_class_items=2)
    assert found["small_class"].examples == ("shape=square", "colour=red")
    made = replace(split(["train", "train", "val", "val"]), targets={"colour": colour, "shape": shape})
    more, _ = after(made)
    assert more["untrained_classes"].examples == ("shape=square",)
    assert more["unmeasured_classes"].examples == ("colour=red in val", "shape=square in val")
    assert summary(several, facts(4), [])["classes"] == {
        "colour=red": 1, "colour=blue": 2, "shape=round": 3, "shape=square": 0,
    }  # fmt: skip
