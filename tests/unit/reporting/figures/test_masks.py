"""Masks in colours: a class has the same colour everywhere, errors are what truth and answer do not share."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from sightline.reporting import figures
from sightline.reporting.figures.masks import ERROR, IGNORED, STRIPES, class_colours, coloured, errors


def test_a_class_keeps_its_colour_however_many_there_are():
    many = class_colours(60)
    assert many.shape == (60, 3)
    for count in (0, 1, 5, 12):
        assert np.array_equal(class_colours(count), many[:count])
    assert len(np.unique(many, axis=0)) == 60
    apart = np.abs(many[:, None].astype(int) - many[None]).sum(axis=2) + 999 * np.eye(60, dtype=int)
    assert apart[:20, :20].min() > 40, "the first twenty are told apart"


def test_errors_are_where_truth_and_answer_differ_and_nowhere_that_does_not_count():
    truth = np.array([[0, 1, 255], [2, 2, 255]], dtype=np.uint8)
    answer = np.array([[0, 2, 1], [2, 1, 0]])
    image = np.full((2, 3, 3), 100, dtype=np.uint8)
    found = errors(image, truth, answer, 3)
    assert (found[[0, 1], [1, 1]] == ERROR).all()
    assert all(tuple(pixel) in {IGNORED, STRIPES} for pixel in found[:, 2].tolist())
    assert (found[[0, 1], [0, 0]] == found[0, 0, 0]).all()
    assert (coloured(truth, 3)[:, 2] == IGNORED).all()
    assert (coloured(truth, 3)[0, :2] == class_colours(2)).all()
    assert coloured(truth, 3, (0x0000FF, 0x804080, 7))[0, :2].tolist() == [[0, 0, 255], [128, 64, 128]]


@pytest.mark.parametrize("classes", [40, 150])
def test_a_legend_names_every_class_that_occurs_and_no_other(classes: int, monkeypatch: pytest.MonkeyPatch):
    named: list[str] = []
    monkeypatch.setattr(Figure, "legend", lambda _, handles, **__: named.extend(one.get_label() for one in handles))
    mask = np.arange(1, classes, dtype=np.uint8)[:, None]
    figures.masks([np.zeros((*mask.shape, 3), np.uint8)], [mask], [mask], ["a"], [f"c{n}" for n in range(classes)])
    assert named == [*(f"c{n}" for n in range(1, classes)), "not counted"]


@pytest.mark.parametrize("classes", [2, 12, 80])
@pytest.mark.parametrize("count", [0, 1, 3])
def test_images_of_any_sizes_are_drawn(classes: int, count: int):
    rng = np.random.default_rng(0)
    sizes = [(33, 47), (200, 20), (1, 300)][:count]
    images = [rng.integers(0, 256, (*size, 3)).astype(np.uint8) for size in sizes]
    masks = [rng.integers(0, classes, size).astype(np.uint8) for size in sizes]
    names = [f"类 number {number} with a name too long for a legend" for number in range(classes)]
    png = figures.masks(images, masks, masks[::1], [f"a/{size}.png" for size in sizes], names)
    assert png.startswith(b"\x89PNG")
