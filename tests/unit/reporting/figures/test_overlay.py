from io import BytesIO

import numpy as np
from PIL import Image

from sightline.reporting.figures.overlay import overlay


def drawn(photo: np.ndarray, heat: np.ndarray, seen: tuple[float, float, float, float]) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(overlay(photo, heat, seen))))


def test_the_map_lies_over_what_was_seen_and_the_rest_is_darkened():
    photo = np.full((40, 100, 3), 200, dtype=np.uint8)
    heat = np.zeros((8, 8), dtype=np.float32)
    heat[:4, 4:] = 1
    picture = drawn(photo, heat, (30.0, 0.0, 70.0, 40.0))
    assert picture.shape == photo.shape
    assert (picture[:, :30] == 90).all(), "not seen"
    assert (picture[:, 70:] == 90).all()
    bright, dull = picture[5, 65].astype(int), picture[35, 35].astype(int)
    assert bright.max() - bright.min() > 40, "coloured where the map is 1"
    assert dull.min() > 150, "hardly covered where it is 0"


def test_a_square_beyond_the_photo_and_a_map_without_numbers_are_drawn():
    photo = np.full((10, 10, 3), 100, dtype=np.uint8)
    assert drawn(photo, np.full((4, 4), np.nan), (-5.0, -5.0, 15.0, 15.0)).shape == (10, 10, 3)
    assert drawn(photo[:1, :1], np.ones((4, 4)), (0.0, 0.0, 1.0, 1.0)).shape == (1, 1, 3)


def test_of_a_square_that_reaches_beyond_the_photo_its_own_part_is_drawn():
    photo = np.full((20, 40, 3), 200, dtype=np.uint8)
    heat = np.zeros((4, 4), dtype=np.float32)
    heat[0] = 1  # the bar above the photo
    picture = drawn(photo, heat, (0.0, -10.0, 40.0, 30.0)).astype(int)
    assert (picture[15].max(axis=1) - picture[15].min(axis=1)).max() < 40
    heat[:, 0] = 1
    picture = drawn(photo, heat, (0.0, -10.0, 40.0, 30.0)).astype(int)
    assert np.ptp(picture[10, 1]) > 40 > np.ptp(picture[10, 35])
