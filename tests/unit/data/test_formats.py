"""What a file is, by its suffix and its first bytes."""

from sightline.data.formats import HEIC_SUFFIXES, OTHER_SUFFIXES, SUFFIXES, UNREAD_SUFFIXES, kind_of
from tests.unit.data.store.pictures import encoded, noise


def test_a_suffix_says_one_thing():
    assert not SUFFIXES & OTHER_SUFFIXES
    assert not HEIC_SUFFIXES & (SUFFIXES | OTHER_SUFFIXES)
    assert UNREAD_SUFFIXES < OTHER_SUFFIXES
    assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in SUFFIXES | OTHER_SUFFIXES)


def test_files_of_every_format_that_is_read_are_known_by_their_first_bytes():
    for kind in ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF"):
        assert kind_of(encoded(noise(), kind)[:32]) == "image", kind
    for kind in ("PPM", "ICO", "TGA", "PDF", "EPS", "AVIF"):
        assert kind_of(encoded(noise(16, 16), kind)[:32]) is None, kind
