"""Views by hand on an image whose pixels are all different."""

import pytest
import torch

from sightline.data.transforms.test_time import views

IMAGE = torch.arange(2 * 3 * 4 * 5, dtype=torch.float32).reshape(2, 3, 4, 5)


def test_none_is_the_image_itself():
    (view,) = views(IMAGE, "none")
    assert view.weight == 1.0
    assert view.images is IMAGE


@pytest.mark.parametrize(("kind", "count"), [("none", 1), ("flip", 2), ("flip_shift", 6), ("shift", 3)])
def test_weights_sum_to_one_and_every_view_is_another(kind, count):
    found = list(views(IMAGE, kind))
    assert len(found) == count
    assert sum(view.weight for view in found) == 1.0
    assert len({view.images.numpy().tobytes() for view in found}) == count
    assert all(view.images.shape == IMAGE.shape for view in found)


def test_flip_is_the_mirror_image():
    first, second = views(IMAGE, "flip")
    assert torch.equal(first.images, IMAGE)
    assert torch.equal(second.images, IMAGE[..., [4, 3, 2, 1, 0]])


def test_shifts_alone_are_those_of_the_image_itself():
    both = list(views(IMAGE, "flip_shift"))[::2]
    for view, unmirrored in zip(views(IMAGE, "shift"), both, strict=True):
        assert view.weight == 2 * unmirrored.weight
        assert torch.equal(view.images, unmirrored.images)


def test_shifts_are_of_one_pixel_along_the_diagonal_and_weigh_half_as_much():
    found = list(views(IMAGE, "flip_shift"))
    assert [view.weight for view in found] == [0.25, 0.25, 0.125, 0.125, 0.125, 0.125]
    down, up = found[2].images, found[4].images
    assert torch.equal(down[..., 1:, 1:], IMAGE[..., :-1, :-1])
    assert torch.equal(down[..., 0, 0], IMAGE[..., 1, 1]), "mirrored, the edge not repeated"
    assert torch.equal(up[..., :-1, :-1], IMAGE[..., 1:, 1:])
    assert torch.equal(up[..., -1, -1], IMAGE[..., -2, -2])


@pytest.mark.parametrize("kind", ["none", "flip", "flip_shift", "shift"])
def test_turned_back_every_value_is_at_the_pixel_that_it_is_about(kind):
    for view in views(IMAGE, kind):
        back, seen = view.turned_back(view.images), view.turned_back(torch.ones_like(IMAGE)) > 0
        assert torch.equal(back[seen], IMAGE[seen])
        assert not back[~seen].any()
        assert int((~seen[0, 0]).sum()) == (8 if view.shift else 0), "a row and a column of 4 x 5 pixels"


def test_an_image_of_one_row_has_views_too():
    assert all(view.images.shape == (1, 3, 1, 6) for view in views(torch.rand(1, 3, 1, 6), "flip_shift"))
