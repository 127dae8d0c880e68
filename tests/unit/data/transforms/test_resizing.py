import numpy as np
import pytest
import torch
from PIL import Image

from sightline.data.transforms.resizing import shorter_side_to

FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}


def photograph(height, width, seed=0):
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 3, 9, 9, generator=generator)
    smooth = torch.nn.functional.interpolate(coarse, size=(height, width), mode="bicubic").clamp(0, 1)
    return (smooth * 255).to(torch.uint8)


def padded(images, filler=0):
    sizes = np.array([image.shape[2:] for image in images], dtype=np.int64)
    batch = torch.full((len(images), 3, *(sizes.max(axis=0) + 3).tolist()), filler, dtype=torch.uint8)
    for row, image in enumerate(images):
        batch[row, :, : image.shape[2], : image.shape[3]] = image[0]
    return batch, sizes


@pytest.mark.parametrize("interpolation", FILTERS)
@pytest.mark.parametrize("shape", [(90, 61), (61, 130), (20, 33), (48, 48)])
def test_it_is_pillows_resize(interpolation, shape):
    image = photograph(*shape)
    got, sizes = shorter_side_to(40, image, np.array([shape]), interpolation, enlarge=True)
    height, width = sizes[0].tolist()
    assert min(height, width) == 40
    assert max(height, width) == int(40 * max(shape) / min(shape))
    pillow = Image.fromarray(image[0].permute(1, 2, 0).numpy()).resize((width, height), FILTERS[interpolation])
    expected = torch.from_numpy(np.array(pillow)).permute(2, 0, 1)
    assert (got[0].int() - expected.int()).abs().max() <= 1


def test_images_of_the_right_size_come_back_untouched():
    images, sizes = photograph(40, 55), np.array([[40, 55]])
    assert shorter_side_to(40, images, sizes, "bicubic", enlarge=True)[0] is images
    assert shorter_side_to(60, images, sizes, "bicubic", enlarge=False)[0] is images


def test_each_image_of_a_ragged_batch_is_resized_as_if_alone():
    images = [photograph(90, 61, 1), photograph(40, 47, 2), photograph(20, 33, 3), photograph(90, 61, 4)]
    for filler in (0, 255):
        batch, sizes = padded(images, filler)
        got, shapes = shorter_side_to(40, batch, sizes, "bicubic", enlarge=True)
        for row, image in enumerate(images):
            alone, shape = shorter_side_to(40, image, sizes[row : row + 1], "bicubic", enlarge=True)
            height, width = shape[0].tolist()
            assert shapes[row].tolist() == [height, width]
            assert torch.equal(got[row, :, :height, :width], alone[0, :, :height, :width])


def test_reducing_only_leaves_small_images_small():
    batch, sizes = padded([photograph(90, 60), photograph(20, 33)])
    got, shapes = shorter_side_to(40, batch, sizes, "bilinear", enlarge=False)
    assert shapes.tolist() == [[60, 40], [20, 33]]
    assert torch.equal(got[1, :, :20, :33], batch[1, :, :20, :33])


@pytest.mark.parametrize("shape", [(40, 60), (33, 50), (9, 7)])
def test_a_mask_is_resized_to_values_it_has_where_the_image_has_them(shape):
    rows, columns = torch.meshgrid(torch.arange(shape[0]), torch.arange(shape[1]), indexing="ij")
    mask = ((rows >= shape[0] // 3) * 3 + (columns >= shape[1] // 2) * 4).to(torch.uint8)[None, None]
    sizes = np.array([shape])
    labels, shapes = shorter_side_to(24, mask, sizes, "nearest", enlarge=True)
    images, also = shorter_side_to(24, mask * 30, sizes, "bilinear", enlarge=True)
    assert (shapes == also).all()
    assert labels.shape == images.shape
    assert set(labels.unique().tolist()) == {0, 3, 4, 7}
    # Between two values the image blurs, over the width of a pixel of the smaller one.
    assert ((images - labels.float() * 30).abs() <= 1).float().mean() > 0.7
    assert ((images - labels.float() * 30).abs() <= 60).float().mean() > 0.95
    mirrored = shorter_side_to(24, mask.flip(3), sizes, "nearest", enlarge=True)[0]
    assert (labels.flip(3) == mirrored).float().mean() > 0.95
