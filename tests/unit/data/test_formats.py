"""What a file is, by its suffix and its first bytes."""

from sightline.data.formats import HEIC_SUFFIXES, OTHER_SUFFIXES, SUFFIXES, UNREAD_SUFFIXES, kind_of, white_for
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


def test_white_is_the_largest_number_of_the_fewest_bits():
    cases = {0: 65535, 1: 255, 255: 255, 256: 1023, 1023: 1023, 4000: 4095, 4096: 16383, 16384: 65535, 65535: 65535}
    assert {brightest: white_for(brightest) for brightest in cases} == cases
