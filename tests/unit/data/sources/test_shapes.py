import numpy as np
import pytest

from sightline.cli import configure
from sightline.data.reduction import Reduction
from sightline.data.sources.find import find
from sightline.data.sources.shapes import SHAPES, draw
from sightline.data.sources.source import Source
from sightline.data.store.factory import open_masks, open_store
from sightline.data.targets import LABEL, MASK, MISSING
from sightline.errors import UsageError

NAMES = tuple(sorted(SHAPES))


def shapes(*words: str) -> Source:
    return find(configure("data=shapes", *(f"data.{word}" for word in words)).data)


def test_an_image_depends_on_its_number_and_the_seed_alone():
    few, many, other = shapes("images=10"), shapes("images=30"), shapes("images=10", "seed=1")
    for number in range(10):
        assert np.array_equal(few.pixels[number], many.pixels[number])
        assert np.array_equal(few.masks.values[number], many.masks.values[number])
        assert not np.array_equal(few.pixels[number], other.pixels[number])
    assert few.targets[LABEL].values.tolist() == many.targets[LABEL].values[:10].tolist()


@pytest.mark.parametrize("kinds", [2, 4, 6])
def test_label_and_mask_tell_the_same_kind(kinds):
    source = shapes("images=40", f"kinds={kinds}")
    label, masks = source.targets[LABEL], source.targets[MASK]
    assert label.class_names == tuple(sorted(list(SHAPES)[:kinds]))
    assert masks.class_names == ("background", *label.class_names)
    assert len(set(label.values.tolist())) == kinds
    for value, mask, pixels in zip(label.values, masks.values, source.pixels, strict=True):
        assert set(np.unique(mask).tolist()) == {0, value + 1}
        assert (pixels.shape, pixels.dtype, mask.dtype) == ((64, 64, 3), np.uint8, np.uint8)
        assert 0.02 < (mask > 0).mean() < 0.5


def test_a_shape_differs_from_its_ground_in_colour():
    source = shapes("images=40")
    for mask, pixels in zip(source.masks.values, source.pixels, strict=True):
        means = [pixels[mask == value].mean(axis=0) for value in np.unique(mask)]
        assert np.linalg.norm(means[0] - means[1]) > 40


def test_shapes_are_what_they_are_called():
    """By their share of the circle about them: the areas of geometry."""
    y, x = np.mgrid[-1:1:401j, -1:1:401j]
    area = {name: inside(x, y).mean() * 4 for name, inside in SHAPES.items()}
    star = 5 * 0.42 * np.sin(np.pi / 5)
    expected = {"circle": np.pi, "half": np.pi / 2, "square": 2, "triangle": 3 * 3**0.5 / 4, "cross": 20 / 9}
    assert area == pytest.approx(expected | {"star": star}, abs=0.03)


def test_sizes_differ_where_that_is_asked_for(tmp_path):
    source = shapes("images=30", "height=[33,60]", "width=48")
    heights = {pixels.shape[0] for pixels in source.pixels}
    assert min(heights) >= 33
    assert max(heights) <= 60
    assert len(heights) > 10
    assert {pixels.shape[1] for pixels in source.pixels} == {48}
    images = open_store(source, Reduction(40), tmp_path, 0)
    masks = open_masks(source, images, tmp_path, 0)
    rows = np.arange(30)
    pixels, sizes = images.batch(rows)
    assert sizes.amin(dim=1).max() == 40
    assert not images.uniform
    stored = masks.batch(rows, *pixels.shape[2:])
    for row, (height, width) in enumerate(sizes.tolist()):
        assert (stored[row, height:] == 255).all()
        assert (stored[row, :, width:] == 255).all()
        assert (stored[row, :height, :width] > 0).any()


def test_without_a_reduction_the_store_holds_what_was_drawn(tmp_path):
    source = shapes("images=10", "masks_missing=0.3")
    images = open_store(source, Reduction(), tmp_path, 0)
    masks = open_masks(source, images, tmp_path, 0)
    stored = masks.batch(np.arange(10), 64, 64)
    for row, value in enumerate(source.masks.values):
        assert np.array_equal(stored[row], np.full((64, 64), 255) if value is None else value)
        assert (masks.hashes(np.array([row]))[0] is None) == (value is None)


def test_labels_and_masks_go_missing_but_never_both():
    source = shapes("images=200", "labels_missing=0.5", "masks_missing=0.5")
    no_label = source.targets[LABEL].values == MISSING
    no_mask = np.array([value is None for value in source.masks.values])
    assert (no_label != no_mask).all()
    assert 80 < no_label.sum() < 120
    some = shapes("images=200", "labels_missing=0.25")
    assert 35 < (some.targets[LABEL].values == MISSING).sum() < 65
    assert all(value is not None for value in some.masks.values)


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("height=8", r"data.height: it must be a number of pixels from 16 to 4096"),
        ("width=[90,60]", r"data.width: it must be a number of pixels .* it is \[90, 60\]"),
        ("kinds=7", "data.kinds=7"),
        ("images=3", "data.images=3"),
    ],
)
def test_what_cannot_be_drawn_is_refused(word, why):
    with pytest.raises(UsageError, match=why):
        shapes(word)


def test_more_than_memory_holds_is_refused_before_any_is_drawn():
    with pytest.raises(UsageError, match=r"data.images=1000000: drawn, they take .* draw fewer or smaller ones"):
        shapes("images=1000000", "height=4096", "width=4096")


def test_shapes_lie_wholly_in_the_image():
    for index in range(60):
        mask = draw(index, 5, NAMES, (40, 40), (70, 70)).mask
        edge = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
        assert (edge > 0).mean() < 0.1
