"""Grey images of more than 8 bits that use little of their range, or more than is taken for white."""

import pytest

from sightline.data.gate.range_checks import check_range
from tests.unit.data.gate.conftest import facts, source


def checked(brightest, white):
    return check_range(source([0, 1, 0, 1]), facts(4, brightest=dict(enumerate(brightest))), white)


@pytest.mark.parametrize(
    ("brightest", "white", "outcome", "words"),
    [
        ([0, 0, 0, 0], 65535, "pass", "no grey image has more than 8 bits"),
        (
            [4000, 4095, 100, 0],
            65535,
            "warn",
            "3 grey images of more than 8 bits use 6% of the range up to white, 65,535",
        ),
        ([4000, 4095, 100, 0], 65535, "warn", "set data.white=4095, or take data.white=auto"),
        ([4000, 4095, 100, 0], 4095, "pass", "use 100% of the range up to white, 4,095"),
        ([4000, 4095, 100, 0], 1023, "warn", "2 images have values above data.white=1023, which are cut (0.jpg: 4,000"),
        ([4000, 4095, 100, 0], 1023, "warn", "take data.white=auto or data.white=4095"),
        ([20_000, 0, 0, 0], 65535, "warn", "1 grey image of more than 8 bits uses 31%"),
        ([20_000, 0, 0, 0], 65535, "warn", "set data.white=20000"),
        ([60_000, 1, 1, 1], 65535, "pass", "use 92% of the range"),
        ([200, 200, 200, 200], 65535, "warn", "set data.white=255"),
    ],
)
def test_the_brightest_image_decides(brightest, white, outcome, words):
    found = checked(brightest, white)
    assert found.outcome == outcome
    assert words in found.message
