import numpy as np
import pytest

from sightline.data.store.padding import little_padded


def padded(shapes):
    return len(shapes) * int(shapes.max(axis=0).prod())


@pytest.mark.parametrize("seed", range(5))
def test_no_batch_takes_more_than_twice_its_own_pixels(seed):
    shapes = np.random.default_rng(seed).integers(1, 3000, (40, 2)).astype(np.int32)
    groups = little_padded(shapes)
    assert sorted(np.concatenate(groups).tolist()) == list(range(40))
    assert 1 < len(groups) < 40
    for places in groups:
        assert padded(shapes[places]) <= 2 * shapes[places].astype(np.int64).prod(axis=1).sum()


def test_images_of_usual_shapes_stay_together_and_a_panorama_is_padded_to_no_upright_one():
    usual = np.array([(60, 90), (90, 60), (64, 64), (60, 90)], dtype=np.int32)
    assert [places.tolist() for places in little_padded(usual)] == [[0, 1, 2, 3]]
    groups = little_padded(np.array([*usual, (60, 6000), (6000, 60)], dtype=np.int32))
    assert not any({4, 5} <= set(places.tolist()) for places in groups)
    assert sum(padded(np.array([*usual, (60, 6000), (6000, 60)])[places]) for places in groups) < 2 * 740_000
    assert little_padded(np.zeros((0, 2), dtype=np.int32))[0].tolist() == []
    assert len(little_padded(np.array([(65_000, 65_000)] * 2, dtype=np.int32))) == 1, "no number overflows"
