import io

import numpy as np
import pytest
from PIL import Image

from sightline.data.image_file import DecodeError
from sightline.data.reduction import Reduction
from sightline.data.store.decode import decode
from sightline.data.store.decode_mask import decode_mask, fitted
from sightline.data.targets import MaskCodes


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


ANY = MaskCodes(tuple(range(256)), tuple(range(256)), are_colours=False)
COLOURS = MaskCodes((0x000000, 0x804080, 0x0000FF), (0, 1, 255), are_colours=True)


def read(content, height=9, width=13, stored=None, codes=ANY):
    return decode_mask(content, (width, height), stored or (height, width), codes).pixels


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


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "I;16", "I"])
def test_numbers_are_read_from_whatever_holds_them(mode):
    ids = class_ids()
    deep = {"I;16": np.uint16, "I": np.int32}.get(mode)
    image = Image.fromarray(ids.astype(deep)) if deep else Image.fromarray(ids).convert(mode)
    assert image.mode == mode
    assert np.array_equal(read(encoded(image, "TIFF" if mode == "I" else "PNG"))[:, :, 0], ids)


@pytest.mark.parametrize(
    ("image", "why"),
    [
        (Image.new("RGB", (13, 9), (1, 2, 3)), "a mask of mode RGB: it takes one class id a pixel"),
        (Image.new("CMYK", (13, 9), (1, 2, 3, 0)), "a mask of mode CMYK: it takes one class id a pixel"),
        (Image.new("RGBA", (13, 9), (1, 1, 1, 100)), "a mask with transparent pixels"),
        (Image.new("F", (13, 9), 1.0), "a mask of mode F: it takes one class id"),
    ],
)
def test_what_is_no_number_a_pixel_is_refused(image, why):
    with pytest.raises(DecodeError, match=why):
        read(encoded(image, "TIFF"))


def test_numbers_of_no_class_are_named_the_most_frequent_first():
    few = MaskCodes((0, 1, 255), (0, 1, 255), are_colours=False)
    ids = np.zeros((9, 13), dtype=np.uint8)
    ids[0, 0] = 255
    assert set(np.unique(read(encoded(ids), codes=few))) == {0, 255}
    ids[1, :3] = 7
    with pytest.raises(DecodeError, match=r"^the number 7 in 3 pixels is of no class; if .*, set data.ignore_index=7$"):
        read(encoded(ids), codes=few)
    ids[2, :5], ids[3, :] = 9, np.arange(13) + 20
    with pytest.raises(
        DecodeError, match=r"^the numbers 9, 7, 20, … \(15\) in 21 pixels are of no class; .*instance ids"
    ):
        read(encoded(ids), codes=few)
    objects = Image.fromarray(class_ids().astype(np.uint16) + 26000)
    with pytest.raises(DecodeError, match=r"the numbers 26014, 26\d+, 26\d+, … .*instance ids"):
        read(encoded(objects), codes=few)


@pytest.mark.parametrize("form", ["RGB", "RGBA", "P"])
def test_colours_stand_for_classes(form):
    places = np.random.default_rng(1).integers(0, 3, (9, 13))
    colours = np.array([[0, 0, 0], [128, 64, 128], [0, 0, 255]], dtype=np.uint8)[places]
    image = Image.fromarray(colours)
    image = image.quantize(3) if form == "P" else image.convert(form)
    assert image.mode == form
    found = read(encoded(image), codes=COLOURS)[:, :, 0]
    assert np.array_equal(found, np.array([0, 1, 255])[places])
    colours[4, 4:6] = (128, 64, 129)
    with pytest.raises(DecodeError, match=r"^the colour rgb\(128,64,129\) in 2 pixels is not in the table of classes$"):
        read(encoded(Image.fromarray(colours)), codes=COLOURS)


def test_loss_and_other_sizes_are_refused():
    with pytest.raises(DecodeError, match="JPEG, which changes class ids; store it as PNG"):
        read(encoded(class_ids(), "JPEG"))
    with pytest.raises(
        DecodeError,
        match="a mask of 13 x 9 pixels, but its image has 9 x 13; its sides are swapped: turn it as its",
    ):
        read(encoded(class_ids()), height=13, width=9)
    with pytest.raises(DecodeError, match=r"a mask of 13 x 9 pixels, but its image has 12 x 9$"):
        read(encoded(class_ids()), height=9, width=12)


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
    image = decode(encoded(np.repeat(ids[:, :, None] * 40, 3, axis=2)), Reduction(side))
    found = read(encoded(ids), height, width, image.pixels.shape[:2])
    assert found.shape == (*image.pixels.shape[:2], 1)
    assert set(np.unique(found)) <= set(np.unique(ids))
    seen, expected = image.pixels[:, :, 0].astype(int), found[:, :, 0].astype(int) * 40
    shifts = [(0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)]
    best, *others = (np.abs(seen - np.roll(expected, shift, axis=(0, 1))).mean() for shift in shifts)
    assert best < min(others) / 1.2


@pytest.mark.parametrize(("longest", "stored"), [(2, (20, 40)), (None, (20, 160))])
def test_a_mask_is_cut_as_its_image_was(longest: int | None, stored: tuple[int, int]):
    ids = np.repeat(np.arange(16, dtype=np.uint8), 20)[None].repeat(40, axis=0)  # 40 x 320
    photo = Image.fromarray((ids * 16)[:, :, None].repeat(3, axis=2))
    kept = np.asarray(Reduction(20, longest).apply(photo))
    assert kept.shape[:2] == stored
    mask = np.asarray(fitted(Image.fromarray(ids), stored))
    assert mask.shape == stored
    inner = np.s_[:, 4::10]  # where neighbours are alike
    assert (mask[inner] == kept[inner][..., 0] // 16).all()
