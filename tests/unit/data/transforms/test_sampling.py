import numpy as np
import pytest
import torch
import torch.nn.functional as F

from sightline.data.transforms.geometry import Geometry, around, compose, identity
from sightline.data.transforms.sampling import sample

SIDE = 16
BLACK = (0.0, 0.0, 0.0)


def noise(n, height, width, channels=3):
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (n, channels, height, width), dtype=torch.uint8, generator=generator)


def sizes_of(images):
    return np.tile(np.array(images.shape[2:], dtype=np.int64), (len(images), 1))


def taken(images, crop, warp, mode="bilinear", fill=BLACK):
    """The batch, sampled through these matrices at its full size."""
    return sample(images, sizes_of(images), Geometry(crop, warp, SIDE), mode, fill)


def shift_and_flip(shifts, flips):
    crops = identity(len(shifts))
    for row, (shift, (across, down)) in enumerate(zip(shifts, flips, strict=True)):
        crops[row, :, 2] = shift
        if across:
            crops[row, 0] = [-1, 0, shift[0] + SIDE - 1]
        if down:
            crops[row, 1] = [0, -1, shift[1] + SIDE - 1]
    return crops


def rotation(degrees, n=1):
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return around(np.tile([[cos, sin], [-sin, cos]], (n, 1, 1)), (SIDE - 1) / 2, np.zeros((n, 2)))


def test_whole_shifts_and_flips_are_torchs_reflect_padding_to_the_bit():
    images = noise(5, SIDE, SIDE)
    shifts, flips = [(0, 0), (4, -3), (-4, 4), (1, 2), (-2, -4)], [(0, 0), (1, 0), (0, 1), (1, 1), (0, 0)]
    output = taken(images, shift_and_flip(shifts, flips), identity(5))
    padded = F.pad(images.float(), (4, 4, 4, 4), mode="reflect").to(torch.uint8)
    for image, (x, y), (across, down), got in zip(padded, shifts, flips, output, strict=True):
        expected = image[:, 4 + y : 4 + y + SIDE, 4 + x : 4 + x + SIDE]
        expected = expected.flip(2) if across else expected
        expected = expected.flip(1) if down else expected
        assert torch.equal(got, expected)


def test_interpolation_agrees_with_the_exact_gather_at_whole_places():
    images = noise(3, SIDE, SIDE)
    crops = shift_and_flip([(4, -3), (-4, 4), (0, 1)], [(1, 0), (0, 1), (1, 1)])
    exact = taken(images, crops, identity(3))
    nudged = crops.copy()
    nudged[:, :, 2] += 1e-4
    near = taken(images, nudged, identity(3))
    assert (exact.int() - near.int()).abs().max() <= 1


def test_a_resized_box_is_torchs_bilinear_resize():
    images = noise(2, 24, 30)
    top, left, height, width = 3, 5, 12, 10
    across, down = width / SIDE, height / SIDE
    crop = np.array([[across, 0, left + across / 2 - 0.5], [0, down, top + down / 2 - 0.5]])
    got = taken(images, np.tile(crop, (2, 1, 1)), identity(2))
    # A margin of two pixels, so that both look at the same neighbours beyond the box.
    box = images[:, :, top - 2 : top + height + 2, left - 2 : left + width + 2].float()
    x = ((torch.arange(SIDE) + 0.5) * across + 2) / (width + 4)
    y = ((torch.arange(SIDE) + 0.5) * down + 2) / (height + 4)
    grid = torch.stack(torch.broadcast_tensors(x, y[:, None]), dim=-1) * 2 - 1
    expected = F.grid_sample(box, grid.expand(2, -1, -1, -1), align_corners=False)
    assert (got - expected).abs().max() <= 0.51


@pytest.mark.parametrize("mode", ["bilinear", "nearest"])
@pytest.mark.parametrize("degrees", [0.0, 20.0])
def test_padding_is_never_read(mode, degrees):
    images = noise(3, 20, 24)
    sizes = np.array([[20, 24], [17, 16], [16, 19]])
    clean, dirty = images.clone(), torch.full((3, 3, 31, 29), 255, dtype=torch.uint8)
    for row, (height, width) in enumerate(sizes):
        dirty[row, :, :height, :width] = images[row, :, :height, :width]
    crops = shift_and_flip([(-3, -3), (3, 4), (6, -2)], [(0, 0), (1, 0), (0, 1)])
    geometry = Geometry(crops, rotation(degrees, 3), SIDE)
    assert torch.equal(sample(clean, sizes, geometry, mode, BLACK), sample(dirty, sizes, geometry, mode, BLACK))


def test_what_a_warp_lays_bare_is_filled_and_what_a_crop_lays_bare_is_mirrored():
    images = torch.full((1, 3, SIDE, SIDE), 200, dtype=torch.uint8)
    turned = taken(images, identity(1), rotation(45.0), fill=(10.4, 20.6, 30.0))
    assert turned[0, :, 0, 0].tolist() == [10, 21, 30]
    assert turned[0, :, 8, 8].tolist() == [200, 200, 200]
    assert (taken(images, shift_and_flip([(5, 5)], [(0, 0)]), identity(1)) == 200).all()


def test_one_gather_of_crop_and_warp_is_the_warp_of_the_crop():
    ramp = torch.arange(40.0).expand(1, 1, 40, 40) + torch.arange(40.0)[:, None] * 3
    sizes = np.array([[40, 40]])
    crop, warp = shift_and_flip([(11, 9)], [(1, 0)]), rotation(10.0)
    once = sample(ramp, sizes, Geometry(crop, warp, SIDE), "bilinear", (-1.0,))
    croped = sample(ramp, sizes, Geometry(crop, identity(1), SIDE), "bilinear", (-1.0,))
    twice = sample(croped, np.array([[SIDE, SIDE]]), Geometry(identity(1), warp, SIDE), "bilinear", (-1.0,))
    middle = (slice(None), slice(None), slice(4, -4), slice(4, -4))
    assert torch.allclose(once[middle], twice[middle], atol=1e-3)
    assert np.allclose(Geometry(crop, warp, SIDE).matrix, compose(crop, warp))


def test_a_mask_rides_along_by_the_same_geometry():
    images = torch.zeros(1, 3, 32, 32, dtype=torch.uint8)
    images[:, :, 8:20, 6:25] = 255
    mask = (images[:, :1] > 0).long() * 7
    geometry = Geometry(shift_and_flip([(8, 4)], [(1, 0)]), rotation(25.0), SIDE)
    pixels = sample(images, np.array([[32, 32]]), geometry, "bilinear", BLACK)[:, :1]
    labels = sample(mask, np.array([[32, 32]]), geometry, "nearest", (0.0,))
    assert labels.dtype == torch.int64
    assert set(labels.unique().tolist()) == {0, 7}
    assert torch.equal(labels[pixels == 255].unique(), torch.tensor([7]))
    assert ((pixels > 127) == (labels == 7)).float().mean() > 0.97


def test_exact_images_stay_exact_beside_warped_ones():
    images = noise(4, SIDE, SIDE)
    warp = identity(4)
    warp[1::2] = rotation(30.0, 2)
    mixed = taken(images, identity(4), warp)
    assert torch.equal(mixed[::2], images[::2])
    alone = taken(images[1:2], identity(1), warp[1:2])
    assert torch.equal(mixed[1:2], alone)
    assert not torch.equal(mixed[1], images[1])


def test_tiny_images_do_not_break_the_mirror():
    images = noise(1, 1, 1)
    output = sample(images, np.array([[1, 1]]), Geometry(identity(1), identity(1), 4), "bilinear", BLACK)
    assert (output == images).all()
