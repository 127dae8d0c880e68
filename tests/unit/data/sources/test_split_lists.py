import pytest

from sightline.data.sources.split_lists import split_lists
from sightline.errors import UsageError

IMAGES = ["JPEGImages/a.jpg", "JPEGImages/b c.jpg", "JPEGImages/d.jpg"]


def test_lists_are_read_with_any_endings_and_paths(tmp_path):
    folder = tmp_path / "ImageSets/Segmentation"
    folder.mkdir(parents=True)
    (folder / "train.txt").write_bytes("\ufeffa\r\nb c\r\n\r\nghost\r\n".encode())
    (folder / "val.txt").write_text("/SegNet/CamVid/val/d.png /SegNet/CamVid/valannot/d.png\n")
    found = split_lists(tmp_path, IMAGES)
    assert found.roles == {IMAGES[0]: "train", IMAGES[1]: "train", IMAGES[2]: "val"}
    assert found.files == ("ImageSets/Segmentation/train.txt", "ImageSets/Segmentation/val.txt")
    assert found.unknown == ("ghost",)


def test_where_no_list_names_an_image_there_are_none(tmp_path):
    assert split_lists(tmp_path, IMAGES) is None
    (tmp_path / "train.txt").write_text("x\n")
    assert split_lists(tmp_path, IMAGES) is None


def test_an_image_in_two_lists_and_a_list_that_is_no_text_are_refused(tmp_path):
    (tmp_path / "train.txt").write_text("a\n")
    (tmp_path / "test.txt").write_text("JPEGImages\\a.jpg\n")
    with pytest.raises(UsageError, match=r"JPEGImages/a.jpg is listed for train and for test"):
        split_lists(tmp_path, IMAGES)
    (tmp_path / "train.txt").write_bytes(b"\xff\xff")
    with pytest.raises(UsageError, match="is no text in UTF-8"):
        split_lists(tmp_path, IMAGES)
