import numpy as np
from sklearn.datasets import load_digits

from sightline.data.sources.digits import find_digits


def test_the_digits_are_scikit_learns():
    source = find_digits()
    images, labels = load_digits().images, load_digits().target
    assert source.pixels.shape == (1797, 8, 8, 3)
    assert source.pixels.dtype == np.uint8
    assert (np.rint(source.pixels / 255 * 16) == images[..., None]).all()
    assert (source.pixels.min(), source.pixels.max()) == (0, 255)
    assert (source.labels == labels).all()
    assert source.labels.dtype == np.int64


def test_ids_names_and_roles():
    source = find_digits()
    assert (source.ids[0], source.ids[-1]) == ("0000", "1796")
    assert source.class_names == tuple("0123456789")
    assert set(source.roles) == {None}
    assert source.files is None
