import numpy as np
import pytest
import torch
from torchvision.transforms.v2.functional import center_crop

from sightline.config.transforms import AffineConfig, CropConfig
from sightline.data.transforms.geometry import Geometry, affine, around, centre, compose, crop, flip, identity

SIDE = 32


def crop_config(name="pad", padding=0.125):
    return CropConfig(name=name, padding=padding, scale=(0.3, 1.0), ratio=(0.75, 1.3333))


def affine_config(rotation=0.0, translate=0.0, scale=(1.0, 1.0), shear=0.0):
    return AffineConfig(rotation=rotation, translate=translate, scale=scale, shear=shear)


def fixed(*rows):
    """Uniforms chosen by the test, whatever the stream."""
    return lambda slots, _: np.array(rows, dtype=np.float32)[:, :slots]


def counted(n):
    generator = np.random.default_rng(0)
    return lambda slots, _: generator.random((n, slots), dtype=np.float32)


def mapped(matrices, x, y):
    return (matrices @ np.array([x, y, 1.0])).tolist()


def test_composition_is_that_of_homogeneous_matrices():
    generator = np.random.default_rng(0)
    outer, inner = generator.normal(size=(2, 5, 2, 3))
    last = np.tile([[[0.0, 0.0, 1.0]]], (5, 1, 1))
    product = np.concatenate([outer, last], axis=1) @ np.concatenate([inner, last], axis=1)
    assert np.allclose(compose(outer, inner), product[:, :2])
    assert np.array_equal(compose(identity(5), inner), inner)


def test_a_linear_map_around_a_point_keeps_it():
    turn = np.array([[[0.0, -1.0], [1.0, 0.0]]])
    assert mapped(around(turn, 7.0, np.zeros((1, 2))), 7.0, 7.0) == [[7.0, 7.0]]
    assert mapped(around(np.eye(2)[None], 7.0, np.array([[3.0, -2.0]])), 10.0, 5.0) == [[7.0, 7.0]]


def test_the_centre_is_where_torchvision_cuts_it():
    for height, width in [(32, 32), (33, 40), (35, 37), (64, 41)]:
        rows, columns = np.indices((height, width))
        cut = center_crop(torch.from_numpy(np.stack([columns, rows])), [SIDE, SIDE]).numpy()
        start = centre(np.array([[height, width]]), SIDE)[0, :, 2]
        assert start.tolist() == cut[:, 0, 0].tolist()


def test_pad_shifts_by_whole_pixels_up_to_the_padding_and_reaches_every_one():
    sizes = np.full((3000, 2), SIDE)
    crops = crop(crop_config(), sizes, SIDE, counted(3000))
    shifts = crops[:, :, 2]
    assert np.array_equal(crops[:, :, :2], identity(3000)[:, :, :2])
    assert sorted(set(shifts[:, 0].tolist())) == list(range(-4, 5))
    assert sorted(set(shifts[:, 1].tolist())) == list(range(-4, 5))
    counts = np.unique(shifts[:, 0], return_counts=True)[1]
    assert counts.min() > 0.8 * 3000 / 9
    assert Geometry(crops, identity(3000), SIDE).whole.all()


def test_the_largest_uniform_does_not_shift_beyond_the_padding():
    below_one = 1 - 2.0**-24
    crops = crop(crop_config(), np.full((1, 2), SIDE), SIDE, fixed([below_one, below_one]))
    assert crops[0, :, 2].tolist() == [4.0, 4.0]


def test_padding_never_shifts_by_a_whole_side():
    crops = crop(crop_config(padding=0.99), np.full((500, 2), 8), 8, counted(500))
    assert np.abs(crops[:, :, 2]).max() == 7


def test_pad_moves_the_centre_of_larger_images_over_real_pixels():
    crops = crop(crop_config(), np.tile([48, 60], (500, 1)), SIDE, counted(500))
    assert crops[:, 0, 2].min() == 10
    assert crops[:, 0, 2].max() == 18
    assert crops[:, 1, 2].min() == 4
    assert crops[:, 1, 2].max() == 12


def test_a_resized_crop_maps_the_edges_of_the_square_onto_the_edges_of_its_box():
    sizes = np.tile([50, 70], (500, 1))
    crops = crop(crop_config("resized"), sizes, SIDE, counted(500))
    low = crops @ np.array([-0.5, -0.5, 1.0]) + 0.5
    high = crops @ np.array([SIDE - 0.5, SIDE - 0.5, 1.0]) + 0.5
    assert np.allclose(low, np.round(low))
    assert np.allclose(high, np.round(high))
    assert low.min() == 0
    assert high[:, 0].max() <= 70 + 1e-9
    assert high[:, 1].max() <= 50 + 1e-9
    share = (high - low).prod(axis=1) / (50 * 70)
    assert share.min() > 0.28
    assert share.max() <= 1.0


def test_a_resized_crop_of_an_image_that_no_box_fits_takes_its_middle():
    config = CropConfig(name="resized", padding=0.0, scale=(0.9, 1.0), ratio=(0.75, 1.3333))
    matrices = crop(config, np.array([[32, 320]]), SIDE, counted(1))[0]
    assert matrices[:, 2] + 0.5 == pytest.approx([138 + 43 / SIDE / 2, 0.5])
    assert (matrices[0, 0], matrices[1, 1]) == (43 / SIDE, 1.0)


def test_flips_mirror_the_square_with_their_probabilities():
    assert np.array_equal(flip(identity(4), SIDE, 0.0, 0.0, counted(4)), identity(4))
    both = flip(identity(1), SIDE, 1.0, 1.0, counted(1))
    assert mapped(both, 0.0, 3.0) == [[31.0, 28.0]]
    some = flip(identity(4000), SIDE, 0.5, 0.25, counted(4000))
    assert (some[:, 0, 0] < 0).mean() == pytest.approx(0.5, abs=0.03)
    assert (some[:, 1, 1] < 0).mean() == pytest.approx(0.25, abs=0.03)


def test_opposite_flips_are_the_others_and_only_from_left_to_right():
    ahead, opposite = (flip(identity(500), SIDE, 0.5, 0.5, counted(500), opposite=other) for other in (False, True))
    assert ((ahead[:, 0, 0] < 0) != (opposite[:, 0, 0] < 0)).all()
    assert np.array_equal(ahead[:, 1], opposite[:, 1])


def test_affine_off_draws_nothing_and_changes_nothing():
    assert np.array_equal(affine(affine_config(), 3, SIDE, counted(3)), identity(3))


@pytest.mark.parametrize(
    ("config", "numbers", "expected"),
    [
        (affine_config(rotation=90.0), [1.0, 0.5, 0.5, 0.5, 0.5], [[0, 1, 0], [-1, 0, 31]]),
        (affine_config(translate=0.25), [0.5, 1.0, 0.0, 0.5, 0.5], [[1, 0, -8], [0, 1, 8]]),
        (affine_config(scale=(1.0, 2.0)), [0.5, 0.5, 0.5, 1.0, 0.5], [[0.5, 0, 7.75], [0, 0.5, 7.75]]),
        (affine_config(shear=45.0), [0.5, 0.5, 0.5, 0.5, 1.0], [[1, 1, -15.5], [0, 1, 0]]),
    ],
)
def test_each_part_of_affine_at_its_limit(config, numbers, expected):
    assert np.allclose(affine(config, 1, SIDE, fixed(numbers))[0], expected)


def test_affine_keeps_areas_up_to_the_scale():
    matrices = affine(affine_config(30.0, 0.1, (0.8, 1.25), 20.0), 300, SIDE, counted(300))
    areas = 1 / np.linalg.det(matrices[:, :, :2])
    assert areas.min() == pytest.approx(0.64, abs=0.02)
    assert areas.max() == pytest.approx(1.5625, abs=0.02)


def test_only_shifts_and_flips_count_as_whole():
    matrices = np.concatenate([identity(4), flip(identity(1), SIDE, 1.0, 1.0, counted(1))])
    matrices[1, 0, 2] = 0.5
    matrices[2, 0, 0] = 2.0
    warp = identity(5)
    warp[3, 0, 1] = 0.1
    geometry = Geometry(matrices, warp, SIDE)
    assert geometry.whole.tolist() == [True, False, False, False, True]
    assert geometry.warped.tolist() == [False, False, False, True, False]
