import numpy as np
import pytest
from PIL import Image

from sightline.data.reduction import Reduction
from sightline.data.store.footprint import estimated_bytes


@pytest.mark.parametrize(("side", "expected"), [(None, 40 * 60 + 20 * 40), (10, 10 * 15 + 10 * 20), (30, None)])
def test_the_estimate_is_what_decoding_stores(tmp_path, side, expected):
    for name, (height, width) in {"a.png": (40, 60), "b.png": (90, 20)}.items():
        Image.fromarray(np.zeros((height, width, 3), dtype=np.uint8)).save(tmp_path / name)
    (tmp_path / "c.png").write_bytes(b"none")
    paths = [str(tmp_path / name) for name in ("a.png", "b.png", "c.png")]
    expected = 30 * 45 + 20 * 40 if expected is None else expected
    assert estimated_bytes(paths, Reduction(side)) == 3 * expected
    assert estimated_bytes(paths[:2] * 500, Reduction(side)) == pytest.approx(3 * 500 * expected, rel=0.2)
    assert estimated_bytes([], Reduction(side)) == 0
