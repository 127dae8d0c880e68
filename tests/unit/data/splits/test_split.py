import json

import numpy as np

from sightline.data.splits.split import Split
from tests.unit.data.splits.conftest import role_of, sizes, source, split


def test_json_round_trip():
    for groups in (None, np.arange(200) // 3):
        made = split(source(np.arange(200) % 3, groups=groups))
        content = json.loads(json.dumps(made.to_json()))
        read = Split.from_json(content)
        assert read.to_json() == made.to_json()
        assert read.fingerprint() == made.fingerprint()
        assert role_of(read) == role_of(made)
        assert (read.groups is None) == (groups is None)
        columns = zip(made.ids, made.hashes, made.labels.tolist(), made.groups or made.ids, strict=True)
        back = zip(read.ids, read.hashes, read.labels.tolist(), read.groups or read.ids, strict=True)
        assert sorted(back) == sorted(columns)
        assert content["counts"] == sizes(made)
        assert set(content) == {"seed", "class_names", "counts", "items"}
        assert set(content["items"]["val"]) == {"ids", "hashes", "labels", "groups"}


def test_an_empty_role_survives_json():
    made = split(source([0, 1] * 10), val=0.0)
    assert Split.from_json(made.to_json()).fingerprint() == made.fingerprint()


def test_the_fingerprint_knows_every_column_but_not_the_order():
    made = split(source(np.arange(50) % 2))
    assert made.take(np.arange(50)[::-1]).fingerprint() == made.fingerprint()
    others = [
        split(source(np.arange(50) % 2), seed=1),
        split(source(np.arange(50) % 2, prefix="x")),
        split(source((np.arange(50) + 1) % 2)),
        split(source(np.arange(50) % 2), [f"other {number}" for number in range(50)]),
        made.take(np.arange(49)),
    ]
    assert len({made.fingerprint(), *(other.fingerprint() for other in others)}) == 6


def test_take():
    made = split(source(np.arange(20) % 2, groups=np.arange(20)))
    part = made.take(made.roles == "train")
    assert set(part.roles) == {"train"}
    assert part.ids == tuple(made.ids[i] for i in made.positions("train"))
    assert part.groups == tuple(made.groups[i] for i in made.positions("train"))
