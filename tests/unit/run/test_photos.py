from pathlib import Path

import numpy as np
import pytest

from sightline.errors import UsageError
from sightline.run.folder import Run
from sightline.run.photos import PHOTOS, Photos, jpeg


def test_photos_come_back_as_they_were(tmp_path: Path):
    pictures = [jpeg(np.full((8, 9, 3), value, dtype=np.uint8)) for value in (0, 100, 255)]
    kept = Photos("/pics/", {"a b": pictures[0], "猫": pictures[1]}, {"猫": pictures[2]})
    Run(tmp_path).save_arrays(PHOTOS, **kept.to_arrays())
    assert Photos.from_arrays(Run(tmp_path).load_arrays(PHOTOS)) == kept
    assert Photos.from_arrays(Photos("", {}, {}).to_arrays()) == Photos("", {}, {})


def test_other_arrays_are_refused():
    with pytest.raises(UsageError, match="holds no photos"):
        Photos.from_arrays({"folder": np.array("x")})
