"""Grey images of more than 8 bits that use little of their range, or more than is taken for white."""

import numpy as np
import pytest

from sightline.data.gate.range_checks import check_range
from sightline.data.store.index import Index
from tests.unit.data.gate.conftest import facts, source


def index(level, brightest=(0, 0, 0, 0)):
    """Of four images of 80 x 100 pixels, all of one value."""
    count = 80 * 100
    sums = np.array([[[level * count] * 3, [level**2 * count] * 3]] * 4, dtype=np.int64)
    shapes = np.array([[80, 100]] * 4, dtype=np.int32)
    return Index(facts(4, brightest=dict(enumerate(brightest))), shapes, sums)


def checked(brightest, white):
    return check_range(source([0, 1, 0, 1]), index(100, brightest), white)


@pytest.mark.parametrize(("level", "outcome"), [(0, "warn"), (1, "warn"), (15, "warn"), (17, "pass"), (255, "pass")])
def test_images_of_8_bits_that_are_nearly_black_are_told(level, outcome):
    found = check_range(source([0, 1, 0, 1]), index(level), 65535)
    assert found.outcome == outcome
    assert f"{100 * level / 255:.{1 if outcome == 'warn' else 0}f} % of white" in found.message


@pytest.mark.parametrize(
    ("brightest", "white", "outcome", "words"),
    [
        ([0, 0, 0, 0], 65535, "pass", "the root mean square of all pixels is 39 % of white"),
        (
            [4000, 4095, 100, 0],
            65535,
            "warn",
            "3 grey images of more than 8 bits use 6 % of the range up to white, 65,535",
        ),
        ([4000, 4095, 100, 0], 65535, "warn", "set data.white=4095, or take data.white=auto"),
        ([4000, 4095, 100, 0], 4095, "pass", "use 100 % of the range up to white, 4,095"),
        ([4000, 4095, 100, 0], 1023, "warn", "2 images have values above data.white=1023, which are cut (0.jpg: 4,000"),
        ([4000, 4095, 100, 0], 1023, "warn", "take data.white=auto or data.white=4095"),
        ([20_000, 0, 0, 0], 65535, "warn", "1 grey image of more than 8 bits uses 31 %"),
        ([20_000, 0, 0, 0], 65535, "warn", "set data.white=20000"),
        ([60_000, 1, 1, 1], 65535, "pass", "use 92 % of the range"),
        ([200, 200, 200, 200], 65535, "warn", "set data.white=255"),
    ],
)
def test_the_brightest_image_decides(brightest, white, outcome, words):
    found = checked(brightest, white)
    assert found.outcome == outcome
    assert words in found.message
