import os
import subprocess

import pytest

from sightline.data.preprocessing import native_side
from sightline.data.reduction import Reduction
from sightline.data.sources.folder import find_folder
from sightline.data.store.entries import read_entries
from sightline.data.store.footprint import estimated_bytes
from sightline.errors import UsageError


def plant(root, *paths):
    for path in paths:
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(b"x")
    return root


def found(root):
    source = find_folder(root)
    return {
        name: (source.class_names[label], role)
        for name, label, role in zip(source.ids, source.labels, source.roles, strict=True)
    }


def test_classes_only(tmp_path):
    plant(tmp_path, "cat/1.jpg", "cat/deep/er/2.PNG", "dog/3.jpeg", "dog/4.tif", "dog/notes.txt", "readme.png")
    assert found(tmp_path) == {
        "cat/1.jpg": ("cat", None),
        "cat/deep/er/2.PNG": ("cat", None),
        "dog/3.jpeg": ("dog", None),
        "dog/4.tif": ("dog", None),
    }
    source = find_folder(tmp_path)
    assert source.class_names == ("cat", "dog")
    assert source.files == tuple(tmp_path / name for name in source.ids)
    assert source.groups is None


@pytest.mark.parametrize("suffix", ["jpg", "jpeg", "png", "webp", "bmp", "gif", "tif", "tiff", "JPG", "Png", "TIFF"])
def test_suffixes(tmp_path, suffix):
    assert len(find_folder(plant(tmp_path, f"a/1.{suffix}", f"b/2.{suffix}", "b/3.txt", "b/jpg", "b/4.jpg.part"))) == 2


def test_splits_by_name(tmp_path):
    plant(tmp_path, "train/cat/1.jpg", "train/dog/2.jpg", "Valid/cat/3.jpg", "calibration/dog/4.jpg", "TEST/cat/5.jpg")
    assert found(tmp_path) == {
        "train/cat/1.jpg": ("cat", "train"),
        "train/dog/2.jpg": ("dog", "train"),
        "Valid/cat/3.jpg": ("cat", "val"),
        "calibration/dog/4.jpg": ("dog", "calibration"),
        "TEST/cat/5.jpg": ("cat", "test"),
    }


@pytest.mark.parametrize("word", ["val", "valid", "validation", "VAL"])
def test_words_for_validation(tmp_path, word):
    plant(tmp_path, "train/a/1.jpg", "train/b/2.jpg", f"{word}/a/3.jpg")
    assert found(tmp_path)[f"{word}/a/3.jpg"] == ("a", "val")


def test_classes_that_only_one_split_has(tmp_path):
    plant(tmp_path, "train/a/1.jpg", "train/b/2.jpg", "test/b/3.jpg", "test/c/4.jpg")
    assert find_folder(tmp_path).class_names == ("a", "b", "c")
    assert found(tmp_path)["test/c/4.jpg"] == ("c", "test")


def test_a_class_may_be_called_train(tmp_path):
    plant(tmp_path, "bus/1.jpg", "car/2.jpg", "train/3.jpg", "train/old/4.jpg")
    assert set(found(tmp_path).values()) == {("bus", None), ("car", None), ("train", None)}
    plant(tmp_path / "two", "cat/1.jpg", "test/2.jpg")
    assert set(found(tmp_path / "two").values()) == {("cat", None), ("test", None)}


def test_splits_or_classes_is_asked_when_nobody_can_tell(tmp_path):
    plant(tmp_path, "bus/1.jpg", "train/old/3.jpg", "train/new/4.jpg")
    with pytest.raises(UsageError, match="splits or classes"):
        find_folder(tmp_path)


def test_hidden_and_empty_folders_are_passed_over(tmp_path):
    plant(tmp_path, "a/1.jpg", "a/.2.jpg", "a/.thumbs/3.jpg", "b/4.jpg", ".git/5.jpg", "empty/6.txt")
    assert set(found(tmp_path)) == {"a/1.jpg", "b/4.jpg"}
    assert find_folder(tmp_path).class_names == ("a", "b")


def test_links_are_followed_but_not_in_circles(tmp_path):
    plant(tmp_path / "store", "cats/1.jpg")
    root = plant(tmp_path / "root", "dog/2.jpg")
    (root / "cat").symlink_to(tmp_path / "store" / "cats")
    (root / "dog" / "back").symlink_to(root)
    (root / "dog" / "self").symlink_to(root / "dog")
    (root / "dog" / "gone.jpg").symlink_to(tmp_path / "nothing")
    assert set(found(root)) == {"cat/1.jpg", "dog/2.jpg", "dog/gone.jpg"}


def test_a_neighbour_of_similar_name_is_no_circle(tmp_path):
    plant(tmp_path, "ab/1.jpg", "c/2.jpg", "../a/3.jpg")
    plant(tmp_path, "a/4.jpg")
    (tmp_path / "ab" / "more").symlink_to(tmp_path / "a")
    assert "ab/more/4.jpg" in found(tmp_path)


def test_names_that_are_no_text_can_be_stored(tmp_path):
    plant(tmp_path, "a/1.jpg", "b/ü.jpg")
    os.close(os.open(os.fsencode(tmp_path) + b"/a/\xff.jpg", os.O_CREAT))
    source = find_folder(tmp_path)
    assert [name.encode() for name in source.ids] == [b"a/1.jpg", b"a/\\udcff.jpg", "b/ü.jpg".encode()]
    assert source.files[1].exists()


def test_order_is_the_same_whatever_the_disk_says(tmp_path, monkeypatch):
    plant(tmp_path, *(f"{name}/{number}/{number}.jpg" for name in "cab" for number in (3, 1, 2)))
    expected = find_folder(tmp_path).ids
    scan = os.scandir

    class Backwards(list):
        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

    monkeypatch.setattr(os, "scandir", lambda folder: Backwards(list(scan(folder))[::-1]))
    assert find_folder(tmp_path).ids == expected


def refusal(root):
    with pytest.raises(UsageError) as caught:
        find_folder(root)
    message = str(caught.value)
    assert "data.root" in message
    assert message.count("\n") <= 1
    return message


def test_refusals_say_what_to_do(tmp_path):
    assert "data.root=DIR" in refusal(None)
    assert "does not exist" in refusal(tmp_path / "none")
    assert "is no folder" in refusal(plant(tmp_path, "file") / "file")
    empty = plant(tmp_path / "empty", "a/1.txt")
    assert ".jpg" in refusal(empty)
    assert "train/<class>" in refusal(empty)
    assert "no train/" in refusal(plant(tmp_path / "untrained", "val/a/1.jpg", "test/a/1.jpg"))
    assert "one class only, 'a'" in refusal(plant(tmp_path / "one", "a/1.jpg"))


def test_one_folder_too_high_is_hinted_at(tmp_path):
    plant(tmp_path, "cifar/train/a/1.jpg", "cifar/train/b/1.jpg", "cifar/test/a/2.jpg")
    message = refusal(tmp_path)
    assert "test/, train/" in message
    assert f"data.root={tmp_path / 'cifar'}?" in message


def test_thousands_of_files_are_listed(tmp_path):
    for label in range(10):
        folder = tmp_path / f"class{label}"
        folder.mkdir()
        for number in range(300):
            os.close(os.open(folder / f"{number}.jpg", os.O_CREAT))
    assert len(find_folder(tmp_path)) == 3000


@pytest.mark.timeout(20)
def test_what_is_no_file_is_one_unreadable_image_and_no_refusal(tmp_path):
    root = plant(tmp_path, "cat/1.png", "dog/2.png")
    os.mkfifo(root / "cat/pipe.png")
    for name, target in {"pipe2.png": "pipe.png", "zero.png": "/dev/zero", "round.png": "round.png"}.items():
        (root / "cat" / name).symlink_to(target)
    (root / "dog/round").symlink_to("round")
    (root / "bird").symlink_to("bird")
    names = ["1", "pipe", "pipe2", "round", "zero"]
    source = find_folder(root)
    assert source.ids == (*(f"cat/{name}.png" for name in names), "dog/2.png")
    side = native_side(source)  # reads the head of each
    assert side == native_side(find_folder(plant(tmp_path / "plain", "cat/1.png", "dog/2.png")))
    files = [str(path) for path in source.files]
    assert estimated_bytes(files, Reduction()) == 0
    entries, pixels = read_entries(files, Reduction(8))
    assert pixels == b""
    assert [entry.error for entry in entries[1:5]] == [
        "it is a named pipe and no regular file",
        "it is a named pipe and no regular file",
        "Too many levels of symbolic links",
        "it is a device and no regular file",
    ]


def test_folders_within_folders_to_any_depth(tmp_path):
    root = plant(tmp_path, "cat/1.png", "dog/2.png")
    place = os.open(root / "cat", os.O_RDONLY)
    for _ in range(1200):  # beyond what Python calls within calls
        os.mkdir("a", dir_fd=place)
        place, above = os.open("a", os.O_RDONLY, dir_fd=place), place
        os.close(above)
    os.close(os.open("3.png", os.O_CREAT, dir_fd=place))
    os.close(place)
    try:
        assert len(find_folder(root)) == 3
    finally:
        subprocess.run(["rm", "-rf", root / "cat"], check=True)  # shutil.rmtree goes no deeper than 1000
