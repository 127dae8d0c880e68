import json
from dataclasses import replace

import numpy as np
import pytest

from sightline.data.sources.source import ROLES
from sightline.data.splits.split import Split
from sightline.data.targets import MISSING, ClassTarget, MaskHashes

LABEL = ClassTarget(np.array([0, 1, 0, 1, MISSING]), ("cat", "dog"))
SHAPE = ClassTarget(np.array([2, 1, 0, MISSING, 0]), ("x", "y", "z"))
MASK = MaskHashes(("a", None, "c", "d", "e"), ("road", "sky"), 255)


def split(**targets):
    return Split(
        ids=tuple("12345"),
        hashes=tuple("vwxyz"),
        targets=targets,
        groups=None,
        roles=np.array(["train", "val", "train", "test", "calibration"]),
        seed=3,
    )


def stored(made):
    return json.loads(json.dumps(made.to_json()))


def test_one_class_an_image_is_written_as_it_always_was():
    content = stored(split(label=LABEL))
    assert list(content) == ["seed", "class_names", "counts", "items"]
    assert content["class_names"] == ["cat", "dog"]
    assert content["items"]["train"] == {"ids": ["1", "3"], "hashes": ["v", "x"], "labels": [0, 0], "groups": None}
    # Written by the code before targets had names; a fingerprint ties checkpoints to their split.
    assert split(label=LABEL.take(np.array([0, 1, 2, 3, 0]))).fingerprint() == FINGERPRINT


FINGERPRINT = "7fe7092d3755bf9a1ec53dfd1fdaec30"


@pytest.mark.parametrize(
    "targets",
    [{"label": LABEL}, {"mask": MASK}, {"label": LABEL, "mask": MASK}, {"label": LABEL, "shape": SHAPE, "mask": MASK},
     {"colour": LABEL, "shape": SHAPE}],
    ids=lambda targets: " and ".join(targets),
)  # fmt: skip
def test_every_target_reads_back(targets):
    made = split(**targets)
    content = stored(made)
    read = Split.from_json(content)
    assert read.to_json() == made.to_json()
    assert read.fingerprint() == made.fingerprint()
    assert list(read.targets) == list(made.targets)
    order = np.concatenate([made.positions(role) for role in ROLES])
    for name, target in targets.items():
        again, expected = read.targets[name], target.take(order)
        assert type(again) is type(target)
        assert again.class_names == target.class_names
        if isinstance(target, ClassTarget):
            assert again.values.tolist() == expected.values.tolist()
        else:
            assert (again.hashes, again.ignore_index) == (expected.hashes, 255)
    assert ("class_names" in content) == ("label" in targets)
    assert ("targets" in content) == bool(set(targets) - {"label"})


def test_the_fingerprint_knows_every_target():
    others = [
        split(label=LABEL),
        split(label=LABEL, mask=MASK),
        split(mask=MASK),
        split(label=LABEL, mask=MaskHashes((None, *MASK.hashes[1:]), MASK.class_names, 255)),
        split(label=LABEL, mask=MaskHashes(MASK.hashes, MASK.class_names, 0)),
        split(label=LABEL, shape=SHAPE),
        split(label=LABEL, mask=SHAPE),
    ]
    assert len({one.fingerprint() for one in others}) == len(others)
    assert split(mask=MASK, label=LABEL).fingerprint() == split(label=LABEL, mask=MASK).fingerprint()
    assert split(mask=MASK).mask_hashes == MASK.hashes
    assert split(label=LABEL).mask_hashes is None


def test_colours_are_kept_and_change_no_fingerprint():
    drawn = replace(MASK, colours=(0x0000FF, 0x804080))
    content = json.loads(json.dumps(split(mask=drawn).to_json()))
    assert content["targets"]["mask"]["colours"] == ["#0000ff", "#804080"]
    assert Split.from_json(content).targets["mask"].colours == drawn.colours
    assert "colours" not in split(mask=MASK).to_json()["targets"]["mask"]
    assert split(mask=drawn).fingerprint() == split(mask=MASK).fingerprint()
