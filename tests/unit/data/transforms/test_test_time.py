"""Views by hand on an image whose pixels are all different."""

import pytest
import torch

from sightline.data.transforms.test_time import views

IMAGE = torch.arange(2 * 3 * 4 * 5, dtype=torch.float32).reshape(2, 3, 4, 5)


def test_none_is_the_image_itself():
    ((weight, view),) = views(IMAGE, "none")
    assert weight == 1.0
    assert view is IMAGE


@pytest.mark.parametrize(("kind", "count"), [("none", 1), ("flip", 2), ("flip_shift", 6), ("shift", 3)])
def test_weights_sum_to_one_and_every_view_is_another(kind, count):
    found = list(views(IMAGE, kind))
    assert len(found) == count
    assert sum(weight for weight, _ in found) == 1.0
    assert len({view.numpy().tobytes() for _, view in found}) == count
    assert all(view.shape == IMAGE.shape for _, view in found)


def test_flip_is_the_mirror_image():
    (_, first), (_, second) = views(IMAGE, "flip")
    assert torch.equal(first, IMAGE)
    assert torch.equal(second, IMAGE[..., [4, 3, 2, 1, 0]])


def test_shifts_alone_are_those_of_the_image_itself():
    both = list(views(IMAGE, "flip_shift"))[::2]
    for (weight, view), (half, unmirrored) in zip(views(IMAGE, "shift"), both, strict=True):
        assert weight == 2 * half
        assert torch.equal(view, unmirrored)


def test_shifts_are_of_one_pixel_along_the_diagonal_and_weigh_half_as_much():
    found = list(views(IMAGE, "flip_shift"))
    assert [weight for weight, _ in found] == [0.25, 0.25, 0.125, 0.125, 0.125, 0.125]
    down, up = found[2][1], found[4][1]
    assert torch.equal(down[..., 1:, 1:], IMAGE[..., :-1, :-1])
    assert torch.equal(down[..., 0, 0], IMAGE[..., 1, 1]), "mirrored, the edge not repeated"
    assert torch.equal(up[..., :-1, :-1], IMAGE[..., 1:, 1:])
    assert torch.equal(up[..., -1, -1], IMAGE[..., -2, -2])
