import numpy as np

from sightline.reporting.figures.heat import heat_over


def test_bright_where_the_map_is_and_grey_elsewhere():
    image = np.full((8, 8, 3), 100, dtype=np.uint8)
    heat = np.zeros((4, 4))
    heat[0, 0], heat[3, 3] = 1.0, np.nan
    shown = heat_over(image, heat, 32)
    assert shown.shape == (32, 32, 3)
    assert shown[0, 0].sum() > shown[31, 31].sum() + 150
    assert np.ptp(shown[31, 31].astype(int)) < 10, "nearly grey"
    assert heat_over(image[:4], heat[:2], 32).shape == (32, 64, 3), "in the shape of the image"
