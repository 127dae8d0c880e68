import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageOps, UnidentifiedImageError

from sightline.data import image_file
from sightline.data.image_file import DecodeError
from sightline.data.reduction import Reduction
from sightline.data.store.decode import decode
from tests.unit.data.store.pictures import encoded, noise, pixels, smooth


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "TIFF", "WEBP"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_truncated_file_is_an_error(kind, share):
    content = encoded(noise(64, 48), kind)
    with pytest.raises(DecodeError):
        decode(content[: int(len(content) * share)], Reduction())


@pytest.mark.parametrize(
    "content", [b"", b"no image at all\n" * 9, b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"%!PS-Adobe-3.0 EPSF"]
)
def test_what_is_no_image_is_an_error(content):
    with pytest.raises(DecodeError) as caught:
        decode(content, Reduction())
    assert "0x" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["PPM", "ICO", "TGA", "EPS", "PDF"])
def test_formats_beyond_the_list_are_not_tried(kind):
    with pytest.raises(DecodeError, match="no image of a known format"):
        decode(encoded(noise(16, 16), kind), Reduction())


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
        decode(content, Reduction(32))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    with pytest.raises(DecodeError, match="14000 x 14000"):
        decode(content, Reduction(32))
    with pytest.raises(DecodeError, match="safe to open"):
        decode(encoded(noise()), Reduction(), max_pixels=95)


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


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_exif_orientation_is_applied(kind, orientation):
    exif = Image.Exif()
    exif[274] = orientation
    # The same stored pixels and the same tag mean the same picture in every format; a PNG tells which.
    stored = Image.open(io.BytesIO(encoded(noise(), "JPEG", quality=95))).convert("RGB")
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(encoded(stored, "PNG", exif=exif))))
    options = {"JPEG": {"quality": 95}, "WEBP": {"lossless": True}}.get(kind, {})
    picture = decode(encoded(noise() if kind == "JPEG" else stored, kind, exif=exif, **options), Reduction())
    assert (picture.pixels == np.asarray(upright)).all()
    assert (picture.width, picture.height) == ((8, 12) if orientation >= 5 else (12, 8))


def test_a_broken_exif_block_does_not_spoil_the_image():
    content = encoded(noise(), "JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff")
    assert pixels(content).shape == (8, 12, 3)


@pytest.mark.parametrize(("width", "height"), [(50, 10), (10, 51), (20, 10), (7, 1)])
def test_of_a_long_image_the_centre_is_kept(width, height):
    array = noise(width, height)
    kept = pixels(encoded(array))
    rows, columns = kept.shape[:2]
    assert max(rows, columns) == min(max(width, height), 2 * min(width, height))
    top, left = (height - rows) // 2, (width - columns) // 2
    assert (kept == array[top : top + rows, left : left + columns]).all()


@pytest.mark.timeout(20)
def test_a_jpeg_of_a_thousand_scans_is_refused():
    """As large as it may be it would take minutes."""
    content = encoded(smooth(40, 30), "JPEG", progressive=True, exif=exif_with(b"\xff\xda" * 500))
    scans = content.count(b"\xff\xda") - 500
    assert 5 < scans < 20
    assert pixels(content).shape == (30, 40, 3)
    assert pixels(content + b"\xff\xda\0\2" * 500).shape == (30, 40, 3)  # what comes after the end does not count
    last = content[content.rindex(b"\xff\xc4", 0, content.rindex(b"\xff\xda")) : -2]
    assert pixels(content[:-2] + last * (64 - scans) + b"\xff\xd9").shape == (30, 40, 3)
    for fill in (b"", b"\xff", b"nonsense", b"\xff\x01", b"\xff\xff\xff"):
        with pytest.raises(DecodeError, match="more than 64 scans"):
            decode(content[:-2] + (fill + last) * (65 - scans), Reduction())


def exif_with(content):
    exif = Image.Exif()
    exif[0x9286] = content  # a comment of the user's
    return exif


@pytest.mark.parametrize("reads", [True, False])
def test_the_formats_that_are_named_are_those_that_are_read_here(monkeypatch: pytest.MonkeyPatch, reads: bool):
    monkeypatch.setattr(image_file, "reads_heic", lambda: reads)
    with pytest.raises(DecodeError) as refused, image_file.named_defects():
        raise UnidentifiedImageError
    assert ("HEIC" in str(refused.value)) == reads
