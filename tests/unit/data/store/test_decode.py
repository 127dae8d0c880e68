import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageOps

from sightline.data.store.decode import decode
from sightline.data.store.image_file import DecodeError


def noise(width=12, height=8, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def smooth(width, height):
    x, y = np.meshgrid(np.linspace(0, 6, width), np.linspace(0, 4, height))
    planes = [128 + 100 * np.sin(x + y), 128 + 100 * np.cos(x * y / 3), 128 + 60 * np.sin(x) * np.cos(y)]
    return np.stack(planes, axis=-1).astype(np.uint8)


def encoded(image, kind="PNG", **options):
    stream = io.BytesIO()
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    image.save(stream, kind, **options)
    return stream.getvalue()


def pixels(content, side=None):
    return decode(content, side).pixels


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "GIF", "WEBP", "JPEG"])
def test_every_format_gives_what_pillow_gives(kind):
    options = {"lossless": True} if kind == "WEBP" else {}
    content = encoded(noise(), kind, **options)
    assert (pixels(content) == np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))).all()
    assert pixels(content).shape == (8, 12, 3)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_exif_orientation_is_applied(kind, orientation):
    exif = Image.Exif()
    exif[274] = orientation
    # The same stored pixels and the same tag mean the same picture in every format; a PNG tells which.
    stored = Image.open(io.BytesIO(encoded(noise(), "JPEG", quality=95))).convert("RGB")
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(encoded(stored, "PNG", exif=exif))))
    options = {"JPEG": {"quality": 95}, "WEBP": {"lossless": True}}.get(kind, {})
    picture = decode(encoded(noise() if kind == "JPEG" else stored, kind, exif=exif, **options), None)
    assert (picture.pixels == np.asarray(upright)).all()
    assert (picture.width, picture.height) == ((8, 12) if orientation >= 5 else (12, 8))


def test_a_broken_exif_block_does_not_spoil_the_image():
    content = encoded(noise(), "JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff")
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
    picture = decode(content, None)
    assert picture.mode == "CMYK"
    assert np.abs(picture.pixels.astype(int) - smooth(16, 16)).mean() < 3


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_16_bit_grey_is_scaled_not_clipped(kind):
    values = np.array([[0, 128, 129, 257], [32896, 40000, 65278, 65535]], dtype=np.uint16)
    picture = decode(encoded(Image.fromarray(values), kind), None)
    assert picture.pixels[..., 0].tolist() == np.rint(values / 257).astype(int).tolist()
    assert (picture.pixels == picture.pixels[..., :1]).all()


def test_16_bit_grey_of_big_endian_tiff():
    values = np.array([[0, 32896], [257, 65535]], dtype=">u2")
    image = Image.frombytes("I;16B", (2, 2), values.tobytes())
    assert pixels(encoded(image, "TIFF"))[..., 0].tolist() == [[0, 128], [1, 255]]


@pytest.mark.parametrize("values", [np.array([[0.0, 1.0]], np.float32), np.array([[0, 1 << 20]], np.int32)])
def test_grey_without_an_agreed_white_is_refused(values):
    with pytest.raises(DecodeError, match="no agreed white"):
        decode(encoded(Image.fromarray(values), "TIFF"), None)


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


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "TIFF", "WEBP"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_truncated_file_is_an_error(kind, share):
    content = encoded(noise(64, 48), kind)
    with pytest.raises(DecodeError):
        decode(content[: int(len(content) * share)], None)


@pytest.mark.parametrize(
    "content", [b"", b"no image at all\n" * 9, b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"%!PS-Adobe-3.0 EPSF"]
)
def test_what_is_no_image_is_an_error(content):
    with pytest.raises(DecodeError) as caught:
        decode(content, None)
    assert "0x" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["PPM", "ICO", "TGA", "EPS", "PDF"])
def test_formats_beyond_the_list_are_not_tried(kind):
    with pytest.raises(DecodeError, match="no image of a known format"):
        decode(encoded(noise(16, 16), kind), None)


def bomb(width, height):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    body = zlib.compress(bytes(height * (1 + (width + 7) // 8)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def test_a_decompression_bomb_is_refused(monkeypatch):
    content = bomb(14_000, 14_000)
    assert len(content) < 100_000
    with pytest.raises(DecodeError):
        decode(content, 32)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    with pytest.raises(DecodeError, match="14000 x 14000"):
        decode(content, 32)
    with pytest.raises(DecodeError, match="safe to open"):
        decode(encoded(noise()), None, max_pixels=95)


def test_damage_of_any_kind_is_an_error_or_an_image(capfd):
    rng = np.random.default_rng(0)
    kinds = ["JPEG", "PNG", "BMP", "TIFF", "GIF", "WEBP"]
    exif = Image.Exif()
    exif[274] = 6
    originals = [encoded(smooth(40, 30), kind) for kind in kinds]
    originals += [
        encoded(smooth(40, 30), "JPEG", exif=exif, progressive=True),
        encoded(smooth(40, 30), "TIFF", compression="tiff_lzw"),
        encoded(smooth(40, 30), "TIFF", compression="jpeg"),
        encoded(Image.fromarray(smooth(40, 30)).convert("P"), "PNG", transparency=0),
    ]
    read = 0
    for round_ in range(1200):
        content = bytearray(originals[round_ % len(originals)])
        for place in rng.integers(0, min(len(content), 400 if round_ % 3 else len(content)), rng.integers(1, 6)):
            content[place] = rng.integers(0, 256)
        try:
            assert pixels(bytes(content), 16).dtype == np.uint8
            read += 1
        except DecodeError:
            pass
    assert 100 < read < 1100
    # What libtiff prints on its own comes from C; workers keep it to themselves (test_workers).
    assert ".py" not in capfd.readouterr().err


def test_a_larger_image_is_reduced_as_pillow_does():
    content = encoded(noise(90, 60))
    expected = Image.fromarray(noise(90, 60)).resize((24, 16), Image.Resampling.BICUBIC)
    assert (pixels(content, 16) == np.asarray(expected)).all()
    picture = decode(content, 16)
    assert (picture.width, picture.height) == (90, 60)


def test_nothing_is_enlarged():
    content = encoded(noise(12, 8))
    for side in (8, 9, 500, None):
        assert (pixels(content, side) == noise(12, 8)).all()


@pytest.mark.parametrize(("width", "height"), [(50, 10), (10, 51), (20, 10), (7, 1)])
def test_of_a_long_image_the_centre_is_kept(width, height):
    array = noise(width, height)
    kept = pixels(encoded(array))
    rows, columns = kept.shape[:2]
    assert max(rows, columns) == min(max(width, height), 2 * min(width, height))
    top, left = (height - rows) // 2, (width - columns) // 2
    assert (kept == array[top : top + rows, left : left + columns]).all()


@pytest.mark.parametrize("side", [32, 50, 100])
def test_a_large_jpeg_read_at_a_fraction_looks_the_same(side):
    content = encoded(smooth(900, 700), "JPEG", quality=95)
    whole = Image.open(io.BytesIO(content)).resize((round(900 * side / 700), side), Image.Resampling.BICUBIC)
    picture = decode(content, side)
    assert (picture.width, picture.height) == (900, 700)
    difference = np.abs(picture.pixels.astype(int) - np.asarray(whole))
    assert difference.mean() < 0.6
    assert difference.max() <= 4
