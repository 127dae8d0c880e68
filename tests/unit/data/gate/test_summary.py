import json
from dataclasses import replace

import numpy as np

from sightline.data.gate.image_checks import check_images
from sightline.data.gate.size_checks import check_sizes
from sightline.data.gate.summary import summary
from sightline.data.targets import MISSING, ClassTarget
from tests.unit.data.gate.conftest import after, before, facts, policy, source, split


def test_nothing_readable_is_no_crash():
    data = source([0, 1]), facts(2, errors={0: "broken", 1: "broken"})
    found, keep = before(*data)
    assert not keep.any()
    assert found["odd_images"].outcome == "pass"
    assert summary(*data, list(found.values()))["sizes"] == {}


def test_summary_is_json_and_says_the_worst():
    data = source([0, 1, 1, 1]), facts(4, modes={0: "L"}, widths={1: 30, 2: 60}, errors={3: "broken"})
    findings, _ = check_images(*data, policy(unreadable="drop"))
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
        assert summary(*data, check_images(*data, policy(unreadable=rule))[0])["outcome"] == outcome


def test_every_class_of_every_target_is_counted_and_missing_ones_are_not():
    colour = ClassTarget(np.array([0, 1, MISSING, 1]), ("red", "blue"))
    shape = ClassTarget(np.array([0, 0, 0, MISSING]), ("round", "square"))
    several = replace(source([0, 0, 1, 1]), targets={"colour": colour, "shape": shape})
    made = replace(split(["train", "train", "val", "val"]), targets={"colour": colour, "shape": shape})
    more, _ = after(made)
    assert more["untrained_classes"].examples == ("shape=square",)
    assert check_sizes(made, policy(small_class_items=2), 0.05)[0].examples == (
        "colour=red", "colour=blue",
    )  # fmt: skip
    assert more["unmeasured_classes"].examples == ("colour=red in val", "shape=square in val")
    assert summary(several, facts(4), [])["classes"] == {
        "colour=red": 1, "colour=blue": 2, "shape=round": 3, "shape=square": 0,
    }  # fmt: skip
