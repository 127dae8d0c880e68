import io

import numpy as np
import pytest
from PIL import Image

from sightline.data.store.decode import decode
from sightline.data.store.decode_mask import decode_mask
from sightline.data.store.image_file import DecodeError


def class_ids(height=9, width=13, classes=21):
    return np.random.default_rng(0).integers(0, classes, (height, width)).astype(np.uint8)


def palette(ids, **options):
    """The ids as indices of a palette whose colours repeat and run backwards."""
    image = Image.new("P", ids.shape[::-1])
    image.putpalette([value for index in range(256) for value in (255 - index // 2 * 2, 0, 9)])
    image.putdata(ids.ravel().tolist())
    return encoded(image, **options)


def encoded(image, kind="PNG", **options):
    stream = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(stream, kind, **options)
    return stream.getvalue()


def read(content, height=9, width=13, stored=None):
    return decode_mask(content, (width, height), stored or (height, width)).pixels


@pytest.mark.parametrize(
    "make",
    [
        palette,
        encoded,
        lambda ids: palette(ids, transparency=3),
        lambda ids: encoded(ids, "TIFF"),
        lambda ids: encoded(ids, "BMP"),
        lambda ids: palette(ids, optimize=True),
    ],
    ids=["palette", "grey", "transparent", "tiff", "bmp", "optimised"],
)
def test_class_ids_are_kept(make):
    found = read(make(class_ids()))
    assert (found.dtype, found.shape) == (np.uint8, (9, 13, 1))
    assert np.array_equal(found[:, :, 0], class_ids())


def test_indices_of_a_small_palette_are_kept():
    ids = class_ids(classes=4)
    assert np.array_equal(read(palette(ids, bits=2))[:, :, 0], ids)


def test_the_highest_ids_are_kept():
    ids = np.arange(256, dtype=np.uint8).reshape(16, 16)
    for content in (palette(ids), encoded(ids)):
        assert np.array_equal(read(content, 16, 16)[:, :, 0], ids)


def test_bits_are_zero_and_one():
    bits = class_ids(classes=2)
    image = Image.fromarray(bits > 0)
    assert image.mode == "1"
    assert np.array_equal(read(encoded(image))[:, :, 0], bits)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "CMYK", "I;16"])
def test_colours_and_deeper_grey_are_refused(mode):
    image = Image.fromarray(class_ids().astype(np.uint16)) if mode == "I;16" else Image.new(mode, (13, 9))
    with pytest.raises(DecodeError, match=f"a mask of mode {mode}: it takes one class id a pixel"):
        read(encoded(image, "TIFF" if mode == "CMYK" else "PNG"))


def test_loss_and_other_sizes_are_refused():
    with pytest.raises(DecodeError, match="JPEG, which changes class ids; store it as PNG"):
        read(encoded(class_ids(), "JPEG"))
    with pytest.raises(DecodeError, match="a mask of 13 x 9 pixels, but its image has 9 x 13"):
        read(encoded(class_ids()), height=13, width=9)


@pytest.mark.parametrize("content", [b"", b"no image", encoded(class_ids())[:60]])
def test_broken_files_are_refused(content):
    with pytest.raises(DecodeError):
        read(content)


def test_a_mask_is_turned_upright_by_its_own_orientation():
    exif = Image.Exif()
    exif[274] = 6
    found = read(encoded(class_ids(), exif=exif), height=13, width=9)
    assert np.array_equal(found[:, :, 0], np.rot90(class_ids(), -1))


@pytest.mark.parametrize(
    ("height", "width", "side"), [(64, 64, 16), (61, 47, 20), (33, 90, 15), (90, 33, 33), (40, 81, 40)]
)
def test_it_is_cut_and_reduced_to_what_its_image_is(height, width, side):
    """The nearest pixel of the mask lies where the reduced image has its colour, where neighbours are alike."""
    ids = (np.arange(height)[:, None] // 17 * 2 + np.arange(width) // 17).astype(np.uint8) % 6
    image = decode(encoded(np.repeat(ids[:, :, None] * 40, 3, axis=2)), side)
    found = read(encoded(ids), height, width, image.pixels.shape[:2])
    assert found.shape == (*image.pixels.shape[:2], 1)
    assert set(np.unique(found)) <= set(np.unique(ids))
    seen, expected = image.pixels[:, :, 0].astype(int), found[:, :, 0].astype(int) * 40
    shifts = [(0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)]
    best, *others = (np.abs(seen - np.roll(expected, shift, axis=(0, 1))).mean() for shift in shifts)
    assert best < min(others) / 1.2
