"""HEIC, which `pillow-heif` reads where it is installed."""

import sys

import numpy as np
import pytest
from PIL import Image

from sightline.data import image_file
from sightline.data.formats import HEIC_REMEDY
from sightline.data.image_file import DecodeError, size_of
from sightline.data.reduction import Reduction
from sightline.data.store.decode import decode
from tests.unit.data.store.pictures import encoded, noise, smooth

HEAD_ALONE = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"


def heic(image, **options):
    """The bytes of a HEIC file."""
    pytest.importorskip("pillow_heif").register_heif_opener()
    return encoded(image, "HEIF", quality=95, **options)


def test_it_is_decoded_as_other_photos_are():
    picture = decode(heic(smooth(160, 120)), Reduction())
    assert (picture.width, picture.height, picture.mode) == (160, 120, "RGB")
    assert np.abs(picture.pixels.astype(int) - smooth(160, 120)).mean() < 4
    assert min(decode(heic(smooth(160, 120)), Reduction(32)).pixels.shape[:2]) == 32


def test_it_is_turned_upright_once():
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = decode(heic(smooth(160, 120), exif=exif.tobytes()), Reduction())
    assert (picture.width, picture.height) == (120, 160)
    assert np.abs(picture.pixels.astype(int) - np.rot90(smooth(160, 120), -1)).mean() < 4


def test_a_photo_that_is_called_jpeg_is_read_too(tmp_path):
    (tmp_path / "photo.jpg").write_bytes(heic(smooth(64, 48)))
    assert size_of(str(tmp_path / "photo.jpg")) == (64, 48)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.9])
def test_a_truncated_file_is_an_error(share):
    content = heic(noise(64, 48))
    with pytest.raises(DecodeError):
        decode(content[: int(len(content) * share)], Reduction())


def test_damage_of_any_kind_is_an_error_or_an_image(capfd):
    content, rng = heic(noise(64, 48)), np.random.default_rng(0)
    outcomes = set()
    for _ in range(40):
        damaged = bytearray(content)
        for place in rng.integers(0, len(content), 8).tolist():
            damaged[place] = int(rng.integers(256))
        try:
            outcomes.add(decode(bytes(damaged), Reduction(32)).pixels.dtype)
        except DecodeError:
            outcomes.add(DecodeError)
    assert outcomes == {np.dtype(np.uint8), DecodeError}
    assert capfd.readouterr() == ("", "")


def test_too_many_pixels_are_refused_before_they_are_decoded():
    with pytest.raises(DecodeError, match="64 x 48 pixels are more than"):
        decode(heic(noise(64, 48)), Reduction(), max_pixels=100)


def test_without_the_package_the_remedy_is_named(monkeypatch):
    monkeypatch.setattr(image_file, "reads_heic", lambda: False)
    with pytest.raises(DecodeError) as caught:
        decode(HEAD_ALONE, Reduction())
    assert str(caught.value) == HEIC_REMEDY
    monkeypatch.undo()
    monkeypatch.setattr(image_file, "reads_heic", lambda: True)
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(DecodeError, match="does not load here"):
        decode(HEAD_ALONE, Reduction())
