import io

import numpy as np
import pytest
from PIL import Image

from sightline.data.image_file import DecodeError
from sightline.data.reduction import Reduction
from sightline.data.store import decode as decode_file
from sightline.data.store.decode import decode
from tests.unit.data.store.pictures import encoded, noise, pixels, smooth


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "GIF", "WEBP", "JPEG"])
def test_every_format_gives_what_pillow_gives(kind):
    options = {"lossless": True} if kind == "WEBP" else {}
    content = encoded(noise(), kind, **options)
    assert (pixels(content) == np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))).all()
    assert pixels(content).shape == (8, 12, 3)


def test_transparent_parts_are_over_white():
    rgba = np.dstack([noise(), np.linspace(0, 255, 96).reshape(8, 12).astype(np.uint8)])
    alpha = rgba[..., 3:].astype(float) / 255
    expected = rgba[..., :3] * alpha + 255 * (1 - alpha)
    for kind in ("PNG", "TIFF", "WEBP"):
        options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
        assert np.abs(pixels(encoded(rgba, kind, **options)) - expected).max() <= 1
    grey = Image.fromarray(rgba[..., 0]).convert("LA")
    grey.putalpha(Image.fromarray(rgba[..., 3]))
    expected = rgba[..., :1] * alpha + 255 * (1 - alpha)
    assert np.abs(pixels(encoded(grey)) - expected).max() <= 1


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_a_palette_keeps_its_colours_and_its_transparency(kind):
    image = Image.new("P", (4, 2))
    image.putpalette([10, 20, 30, 200, 100, 50] + [0] * 762)
    image.putdata([0, 1, 0, 1, 1, 0, 1, 0])
    clear = pixels(encoded(image, kind, transparency=0))
    assert clear[0].tolist() == [[255, 255, 255], [200, 100, 50]] * 2
    assert pixels(encoded(image, kind))[0].tolist() == [[10, 20, 30], [200, 100, 50]] * 2


def test_a_single_transparent_colour_is_over_white():
    image = np.zeros((2, 2, 3), dtype=np.uint8)
    image[0] = (9, 8, 7)
    assert pixels(encoded(image, transparency=(9, 8, 7))).tolist() == [[[255] * 3] * 2, [[0] * 3] * 2]


def test_cmyk():
    content = encoded(Image.fromarray(smooth(16, 16)).convert("CMYK"), "JPEG", quality=100, subsampling=0)
    picture = decode(content, Reduction())
    assert picture.mode == "CMYK"
    assert np.abs(picture.pixels.astype(int) - smooth(16, 16)).mean() < 3


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_16_bit_grey_is_scaled_not_clipped(kind):
    values = np.array([[0, 128, 129, 257], [32896, 40000, 65278, 65535]], dtype=np.uint16)
    picture = decode(encoded(Image.fromarray(values), kind), Reduction())
    assert picture.pixels[..., 0].tolist() == np.rint(values / 257).astype(int).tolist()
    assert (picture.pixels == picture.pixels[..., :1]).all()


def test_16_bit_grey_of_big_endian_tiff():
    values = np.array([[0, 32896], [257, 65535]], dtype=">u2")
    image = Image.frombytes("I;16B", (2, 2), values.tobytes())
    assert pixels(encoded(image, "TIFF"))[..., 0].tolist() == [[0, 128], [1, 255]]


@pytest.mark.parametrize("values", [np.array([[0.0, 1.0]], np.float32), np.array([[0, 1 << 20]], np.int32)])
def test_grey_without_an_agreed_white_is_refused(values):
    with pytest.raises(DecodeError, match="no agreed white"):
        decode(encoded(Image.fromarray(values), "TIFF"), Reduction())


def test_one_bit_and_grey():
    bits = Image.fromarray(noise()[..., 0] > 127)
    assert bits.mode == "1"
    assert (pixels(encoded(bits)) == (noise()[..., :1] > 127) * 255).all()
    assert (pixels(encoded(noise()[..., 0])) == noise()[..., :1]).all()


def test_an_animation_shows_its_first_frame():
    frames = [Image.new("RGB", (5, 4), colour) for colour in ("red", "blue", "green")]
    for kind in ("GIF", "PNG", "WEBP"):
        options = {"lossless": True} if kind == "WEBP" else {}
        content = encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options)
        assert (pixels(content) == [255, 0, 0]).all()


def test_a_larger_image_is_reduced_as_pillow_does():
    content = encoded(noise(90, 60))
    expected = Image.fromarray(noise(90, 60)).resize((24, 16), Image.Resampling.BICUBIC)
    assert (pixels(content, 16) == np.asarray(expected)).all()
    picture = decode(content, Reduction(16))
    assert (picture.width, picture.height) == (90, 60)


def test_nothing_is_enlarged():
    content = encoded(noise(12, 8))
    for side in (8, 9, 500, None):
        assert (pixels(content, side) == noise(12, 8)).all()


@pytest.mark.parametrize("side", [32, 50, 100])
def test_a_large_jpeg_read_at_a_fraction_looks_the_same(side):
    content = encoded(smooth(900, 700), "JPEG", quality=95)
    whole = Image.open(io.BytesIO(content)).resize((round(900 * side / 700), side), Image.Resampling.BICUBIC)
    picture = decode(content, Reduction(side))
    assert (picture.width, picture.height) == (900, 700)
    difference = np.abs(picture.pixels.astype(int) - np.asarray(whole))
    assert difference.mean() < 0.6
    assert difference.max() <= 4


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "PA", "RGB with a clear colour", "I;16", "I"])
def test_a_large_image_looks_the_same_as_one_in_one_piece(mode, monkeypatch):
    values = noise(40, 30)
    alpha = Image.fromarray(noise(40, 30, seed=1)[..., 0])
    match mode:
        case "I;16" | "I":
            whole = values[..., 0].astype(np.uint16 if mode == "I;16" else np.int32) * 255
            content = encoded(Image.fromarray(whole), "PNG" if mode == "I;16" else "TIFF")
        case "P":
            content = encoded(Image.fromarray(values).convert("P"), transparency=3)
        case "RGB with a clear colour":
            content = encoded(values, transparency=tuple(values[0, 0].tolist()))
        case _:
            image = Image.fromarray(values).convert(mode.removesuffix("A"))
            image.putalpha(alpha)
            content = encoded(image, "TIFF" if mode == "PA" else "PNG")
    expected = pixels(content)
    for at_once in (1, 40 * 7, 40 * 30 - 1):
        monkeypatch.setattr(decode_file, "STRIP_PIXELS", at_once)
        assert (pixels(content) == expected).all()


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize("white", [255, 1023, 4095, 10_000, 65535])
def test_grey_of_more_than_8_bits_has_the_white_it_is_given(kind, white):
    values = np.linspace(0, 4095, 48).astype(np.uint16).reshape(6, 8)
    picture = decode(encoded(Image.fromarray(values), kind), Reduction(), white=white)
    expected = np.minimum(np.rint(values.astype(np.float64) * 255 / white), 255)
    assert np.array_equal(picture.pixels, np.repeat(expected[:, :, None], 3, axis=2))
    assert picture.brightest == 4095


def test_white_says_nothing_about_8_bits():
    content = encoded(noise())
    assert np.array_equal(decode(content, Reduction(), white=4095).pixels, noise())
    assert decode(content, Reduction()).brightest == 0
