"""Mean maps are drawn for few classes and for many; those with an alarm are never left out."""

from io import BytesIO

import numpy as np
from PIL import Image

from sightline.reporting.figures.mean_maps import MOST, chosen, mean_maps


def drawn(count: int) -> Image.Image:
    maps = [np.full((8, 8), 1.0 + number % 3) for number in range(count)]
    names = [f"class {number}" for number in range(count)]
    alarmed = [number == count - 1 for number in range(count)]
    return Image.open(BytesIO(mean_maps(maps, maps, names, [20] * count, alarmed)))


def test_it_grows_with_the_classes():
    nothing, few, many = (drawn(count) for count in (0, 3, 20))
    assert nothing.height < few.height < many.height


def test_all_and_those_with_an_alarm_are_always_there():
    alarmed = [number in {700, 1000} for number in range(1001)]
    found = chosen(alarmed)
    assert len(found) == MOST
    assert found == sorted(found)
    assert {0, 1, 700, 1000} <= set(found)
    assert chosen([False]) == [0]
