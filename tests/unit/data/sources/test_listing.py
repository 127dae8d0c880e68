"""The one listing, for training and for `predict`: odd names, and files that a suffix says nothing about."""

import os
from collections import Counter
from pathlib import Path

import pytest

from sightline.data.sources import listing as listing_file
from sightline.data.sources.folder import find_folder
from sightline.data.sources.listing import Listing, images_below
from sightline.inference.inputs import list_inputs
from sightline.machine.text import storable

JPEG, PNG, HEIC = b"\xff\xd8\xff\xe0" + bytes(30), b"\x89PNG\r\n\x1a\n" + bytes(30), b"\0\0\0\x18ftypheic" + bytes(30)

TAKEN = [
    *(
        "with space.jpg",
        " leading.jpg",
        "two  spaces.jpg",
        "data (1).jpg",
        "photo, copy.jpg",
        "it's.jpg",
        '"quoted".jpg',
    ),
    *("müller.jpg", "mu\u0308ller.jpg", "猫.jpg", "صورة.jpg", "🐸.jpg", "a\u202eb.jpg", "zero\u200bwidth.jpg"),
    *("a=b.jpg", "x#y.jpg", "50%.jpg", "%41.jpg", "a&b.jpg", "a+b.jpg", "[1].jpg", "{x}.jpg", "$HOME.jpg", "`ls`.jpg"),
    *(
        "*.jpg",
        "what?.jpg",
        "a|b.jpg",
        "a:b.jpg",
        "~.jpg",
        "~tilde.jpg",
        "-rf.jpg",
        "back\\slash.jpg",
        "1e3.jpg",
        "CON.jpg",
    ),
    *("two\nlines.jpg", "tab\t.jpg", "esc\x1b[31m.jpg", "a..jpg", "a.tar.jpg", "UPPER.JPG", "l" * 240 + ".jpg"),
    os.fsdecode(b"bad\xff.jpg"),
]
"""Names of files that are images by their suffix."""

NOT_TAKEN = [".hidden.jpg", "..jpg", ".jpg", "a.jpg.txt", "a.jpg~", "jpg", "Thumbs.db", "._a.jpg"]


@pytest.mark.parametrize("name", TAKEN, ids=ascii)
def test_an_odd_name_is_listed_as_it_is_by_both(tmp_path: Path, name: str):
    for folder in (name.removesuffix(".jpg").removesuffix(".JPG") or "x", "other"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_bytes(b"x")
    source = find_folder(tmp_path)
    assert source.files is not None
    assert [path.name for path in source.files] == [name, name]
    assert {Path(path).name for path in source.ids} == {storable(name)}
    assert list_inputs(str(tmp_path)) == sorted(source.files, key=str)


@pytest.mark.parametrize("name", NOT_TAKEN)
def test_a_name_that_is_no_image_is_listed_by_neither(tmp_path: Path, name: str):
    (tmp_path / name).write_bytes(b"x")
    assert images_below(str(tmp_path)).images == []


@pytest.mark.parametrize(
    "head",
    [
        *(JPEG, PNG, b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*", b"RIFF\0\0\0\0WEBPVP8 "),
        b"BM" + bytes(12) + (40).to_bytes(4, "little"),
    ],
)
def test_bytes_decide_where_the_suffix_does_not(tmp_path: Path, head: bytes):
    for name in ("none", "1.0001", "2.jpg_large", "3.xyz"):
        (tmp_path / name).write_bytes(head + bytes(30))
    for name in ("4.txt", "5.part", "6.avif"):  # known to be something else
        (tmp_path / name).write_bytes(head + bytes(30))
    found = images_below(str(tmp_path))
    assert found.images == ["1.0001", "2.jpg_large", "3.xyz", "none"]
    assert found.passed_over == {".txt": 1, ".part": 1, ".avif": 1}


@pytest.mark.parametrize(
    "content", [b"", b"text", b"BMW is a car", b"RIFF\0\0\0\0WAVE", b"GIF", b"\0" * 32, b"%PDF-1.7"]
)
def test_other_bytes_are_passed_over(tmp_path: Path, content: bytes):
    (tmp_path / "none").write_bytes(content)
    assert images_below(str(tmp_path)) == Listing([], Counter({"without a suffix": 1}))


@pytest.mark.timeout(20)
def test_what_is_no_regular_file_is_not_opened_to_look_at_its_bytes(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    (tmp_path / "round").symlink_to("round")
    (tmp_path / "gone.jpg").symlink_to("nothing")
    found = images_below(str(tmp_path))
    assert (found.images, found.passed_over) == (["gone.jpg"], {"without a suffix": 3})


@pytest.mark.parametrize("installed", [True, False])
def test_heic_is_taken_where_it_can_be_read_and_named_where_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, installed: bool
):
    monkeypatch.setattr(listing_file, "reads_heic", lambda: installed)
    for name, content in {"1.HEIC": b"x", "2.heif": b"x", "3": HEIC, "4.jpg": b"x"}.items():
        (tmp_path / name).write_bytes(content)
    found = images_below(str(tmp_path))
    assert found.images == (["1.HEIC", "2.heif", "3", "4.jpg"] if installed else ["4.jpg"])
    assert (
        "3 files passed over: .HEIC 1, .heif 1, without a suffix 1; HEIC is read once" in found.left_out
    ) != installed


def test_suffixes_are_counted_the_most_frequent_first():
    counts = {".HEIC": 12, ".txt": 1, **{f".s{number}": 2 for number in range(5)}}
    assert Listing([], Counter(counts)).left_out == (
        "23 files passed over: .HEIC 12, .s0 2, .s1 2, .s2 2, .s3 2, others 3"
    )


def test_a_folder_is_listed_the_same_however_often_a_link_leads_to_it(tmp_path: Path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/1.jpg").write_bytes(b"x")
    (tmp_path / "b").symlink_to("a")
    (tmp_path / "a/round").symlink_to("..")
    assert images_below(str(tmp_path)).images == ["a/1.jpg", "b/1.jpg"]
    assert list_inputs(str(tmp_path)) == [tmp_path / "a/1.jpg", tmp_path / "b/1.jpg"]
