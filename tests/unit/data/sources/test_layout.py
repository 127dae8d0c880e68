"""Forty trees as people have them: what becomes of each, or what is said about it."""

from pathlib import Path

import pytest

from sightline.data.sources.folder import find_folder
from sightline.data.sources.source import Source
from sightline.errors import UsageError

JPEG, PNG = b"\xff\xd8\xff\xe0" + bytes(30), b"\x89PNG\r\n\x1a\n" + bytes(30)


def plant(root: Path, *paths: str | tuple[str, bytes]) -> Path:
    for path in paths:
        name, content = path if isinstance(path, tuple) else (path, b"x")
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        if not name.endswith("/"):
            (root / name).write_bytes(content)
        else:
            (root / name).mkdir(exist_ok=True)
    return root


def roles(source: Source) -> dict[str, int]:
    """How many images of each role and class."""
    counts: dict[str, int] = {}
    for role, label in zip(source.roles, source.labels.tolist(), strict=True):
        key = f"{role}/{source.class_names[label]}" if role else source.class_names[label]
        counts[key] = counts.get(key, 0) + 1
    return counts


TAKEN = {
    "classes alone": (["a/1.jpg", "b/2.jpg"], {"a": 1, "b": 1}, []),
    "train and val": (
        ["train/a/1.jpg", "train/b/2.jpg", "val/a/3.jpg", "val/b/4.jpg"],
        {"train/a": 1, "train/b": 1, "val/a": 1, "val/b": 1},
        ["splits as the folders say, train/ 2, val/ 2; calibration and test will be drawn from train"],
    ),
    "train and test": (
        ["train/a/1.jpg", "train/b/2.jpg", "test/a/3.jpg"],
        {"train/a": 1, "train/b": 1, "test/a": 1},
        ["train/ 2; val and calibration will be drawn from train"],
    ),
    "all four": (
        [f"{role}/{name}/1.jpg" for role in ("train", "val", "calibration", "test") for name in "ab"],
        {f"{role}/{name}": 1 for role in ("train", "val", "calibration", "test") for name in "ab"},
        ["splits as the folders say, calibration/ 2, test/ 2, train/ 2, val/ 2"],
    ),
    "Training and Testing": (
        ["Training/a/1.jpg", "Training/b/2.jpg", "Testing/a/3.jpg"],
        {"train/a": 1, "train/b": 1, "test/a": 1},
        ["Testing/ 1, Training/ 2"],
    ),
    "train and dev": (["train/a/1.jpg", "train/b/2.jpg", "dev/a/3.jpg"], {"val/a": 1, "train/a": 1, "train/b": 1}, []),
    "val and valid are one split": (
        ["train/a/1.jpg", "train/b/2.jpg", "val/a/3.jpg", "valid/a/4.jpg"],
        {"train/a": 1, "train/b": 1, "val/a": 2},
        ["train/ 2, val/ 1, valid/ 1"],
    ),
    "train alone": (
        ["train/a/1.jpg", "train/b/2.jpg"],
        {"train/a": 1, "train/b": 1},
        ["train/ 2; val and calibration and test will be drawn from train"],
    ),
    "a test folder of images without classes": (
        ["train/a/1.jpg", "train/b/2.jpg", "test/3.jpg", "test/4.jpg"],
        {"train/a": 1, "train/b": 1},
        ["2 images lie in no class folder (test/3.jpg, test/4.jpg): left out", "test/ holds no class folders"],
    ),
    "an empty val": (
        ["train/a/1.jpg", "train/b/2.jpg", "val/"],
        {"train/a": 1, "train/b": 1},
        ["val/ holds no class folders and is left out", "val and calibration and test will be drawn"],
    ),
    "a folder that is no split": (
        ["train/a/1.jpg", "train/b/2.jpg", "test/a/3.jpg", "unlabeled/4.jpg", "unlabeled/5.jpg", "docs/readme.md"],
        {"train/a": 1, "train/b": 1, "test/a": 1},
        ["unlabeled/ with 2 images belong to no split: left out"],
    ),
    "images beside the classes": (
        ["a/1.jpg", "b/2.jpg", "0.jpg", "cover.png"],
        {"a": 1, "b": 1},
        ["2 images lie in no class folder (0.jpg, cover.png): left out"],
    ),
    "one image beside the classes": (
        ["a/1.jpg", "b/2.jpg", "0.jpg"],
        {"a": 1, "b": 1},
        ["1 image lies in no class folder (0.jpg): left out"],
    ),
    "an image beside the classes of train": (
        ["train/a/1.jpg", "train/b/2.jpg", "train/3.jpg", "test/a/4.jpg"],
        {"train/a": 1, "train/b": 1, "test/a": 1},
        ["1 image lies in no class folder (train/3.jpg)"],
    ),
    "an empty class": (["a/1.jpg", "b/2.jpg", "zebra/"], {"a": 1, "b": 1}, ["class zebra holds no images"]),
    "two empty classes": (
        ["a/1.jpg", "b/2.jpg", "yak/", "zebra/x.txt"],
        {"a": 1, "b": 1},
        ["2 classes hold no images (yak, zebra)"],
    ),
    "a class that only test has": (
        ["train/a/1.jpg", "train/b/2.jpg", "train/c/", "test/c/3.jpg"],
        {"train/a": 1, "train/b": 1, "test/c": 1},
        [],
    ),
    "a class of .jfif and one of .jpe": (["a/1.jfif", "a/2.JFIF", "b/3.jpe"], {"a": 2, "b": 1}, []),
    "images without a suffix": ([("a/1", JPEG), ("a/2", PNG), ("b/3.1", JPEG)], {"a": 2, "b": 1}, []),
    "suffixes nobody knows": (
        [("a/1.jpg_large", JPEG), ("b/2.png?v=3", PNG), ("b/3.0001", b"II*\0")],
        {"a": 1, "b": 2},
        [],
    ),
    "texts and tables among them": (
        ["a/1.jpg", "b/2.jpg", "a/1.txt", "b/labels.csv", "b/x.csv"],
        {"a": 1, "b": 1},
        ["3 files passed over: .csv 2, .txt 1"],
    ),
    "no image by content either": (
        ["a/1.jpg", "b/2.jpg", "a/LICENSE", "b/x.dat"],
        {"a": 1, "b": 1},
        ["2 files passed over: .dat 1, without a suffix 1"],
    ),
    "what was left half done": (
        ["a/1.jpg", "b/2.jpg", ("a/3.jpg.part", JPEG), ("a/4.jpg~", JPEG), ("b/5.jpg.crdownload", JPEG)],
        {"a": 1, "b": 1},
        ["3 files passed over: .crdownload 1, .jpg~ 1, .part 1"],
    ),
    "raw photos beside their JPEGs": (
        ["a/1.jpg", ("a/1.NEF", b"MM\0*"), "b/2.jpg", ("b/2.dng", b"II*\0")],
        {"a": 1, "b": 1},
        ["2 files passed over: .NEF 1, .dng 1; save images as JPEG or PNG"],
    ),
    "AVIF": (
        ["a/1.jpg", "b/2.jpg", "b/3.avif"],
        {"a": 1, "b": 1},
        ["1 file passed over: .avif 1; save images as JPEG"],
    ),
    "what systems leave": (
        ["a/1.jpg", "b/2.jpg", "a/Thumbs.db", "b/desktop.ini", ".DS_Store", "a/.DS_Store", "a/._1.jpg", "__MACOSX/x"],
        {"a": 1, "b": 1},
        [],
    ),
    "hidden folders": (["a/1.jpg", "b/2.jpg", ".git/3.jpg", "a/.ipynb_checkpoints/1.jpg"], {"a": 1, "b": 1}, []),
    "deeper folders": (
        ["a/x/1.jpg", "a/y/2.jpg", "b/3.jpg"],
        {"a": 2, "b": 1},
        ["2 of 3 images lie in folders within the folder of their class (a/x/, a/y/), and are of that class"],
    ),
    "splits within each class": (
        ["a/train/1.jpg", "a/test/2.jpg", "b/train/3.jpg", "b/test/4.jpg"],
        {"a": 2, "b": 2},
        ["class a holds test/, train/: is data.root", "class b holds"],
    ),
    "a class called train": (["bus/1.jpg", "train/2.jpg"], {"bus": 1, "train": 1}, []),
    "a class called test": (["cat/1.jpg", "test/2.jpg"], {"cat": 1, "test": 1}, []),
}


@pytest.mark.parametrize(("paths", "expected", "said"), TAKEN.values(), ids=TAKEN)
def test_a_tree_is_taken_and_what_was_guessed_is_said(tmp_path: Path, paths, expected, said):
    source = find_folder(plant(tmp_path, *paths))
    assert roles(source) == expected
    messages = [remark.message for remark in source.remarks]
    for words in said:
        assert any(words in message for message in messages), messages
    assert said or not messages or messages[0].startswith("splits as the folders say"), messages


REFUSED = {
    "nothing at all": ([], ["holds no images", "<class>/…", "train/<class>/…", ".jfif"]),
    "images alone": (["1.jpg", "2.jpg"], ["2 images (1.jpg, …) but no class folders", "DIR/<class>/…"]),
    "splits without classes": (["train/1.jpg", "test/2.jpg"], ["2 images (test/2.jpg, …)", "DIR/train/<class>/…"]),
    "no train": (["val/a/1.jpg", "test/a/2.jpg"], ["test/, val/ but no train/"]),
    "one class": (["a/1.jpg"], ["one class only, 'a'"]),
    "one class and images beside it": (
        ["a/1.jpg", "2.jpg"],
        ["one class only, 'a'", "1 image beside its folder (2.jpg)"],
    ),
    "one folder too high": (["set/a/1.jpg", "set/b/2.jpg"], ["it holds a/, b/: did you mean data.root=", "/set?"]),
    "no file of a class is read": (
        ["a/1.jpg", ("b/2.avif", b"x"), ("b/3.avif", b"x")],
        ["one class only, 'a'", "2 files passed over: .avif 2; save images as JPEG or PNG"],
    ),
    "texts alone": (["a/1.txt", "b/2.txt"], ["holds no images", "2 files passed over: .txt 2"]),
    "splits or classes": (["bus/1.jpg", "train/old/2.jpg", "train/new/3.jpg"], ["splits or classes?", "data=csv"]),
    "other words for splits": (
        ["seg_train/a/1.jpg", "seg_train/b/2.jpg", "seg_test/a/3.jpg", "seg_test/b/4.jpg"],
        ["the same folders inside, as splits do: move seg_test/ to test/, seg_train/ to train/"],
    ),
    "other words for splits, unpacked twice": (
        [f"{role}/{role}/{name}/1.jpg" for role in ("trainset", "testset") for name in "ab"],
        ["move testset/testset/ to test/, trainset/trainset/ to train/"],
    ),
}


@pytest.mark.parametrize(("paths", "words"), REFUSED.values(), ids=REFUSED)
def test_a_tree_is_refused_with_the_way_on(tmp_path: Path, paths, words):
    root = tmp_path / "root"
    root.mkdir()
    with pytest.raises(UsageError) as caught:
        find_folder(plant(root, *paths))
    for word in (f"data.root={root} holds", *words):
        assert word in str(caught.value)
    assert str(caught.value).count("\n") <= 1


def test_the_folder_of_one_class_names_the_folder_above(tmp_path: Path):
    plant(tmp_path, "a/1.jpg", "b/2.jpg")
    with pytest.raises(UsageError, match=f"did you mean data.root={tmp_path}, with a/, b/"):
        find_folder(tmp_path / "a")


def test_words_in_names_of_classes_are_no_splits(tmp_path: Path):
    source = find_folder(plant(tmp_path, "train_station/1.jpg", "test_tube/2.jpg", "valley/3.jpg"))
    assert source.class_names == ("test_tube", "train_station", "valley")


@pytest.mark.parametrize("paths", [["img/1.jpg", "img/2.jpg", "table.csv"], ["1.jpg", "table.csv"], ["table.csv"]])
def test_a_table_beside_images_is_offered(tmp_path: Path, paths: list[str]):
    with pytest.raises(UsageError, match=r"did you mean the table, data=.*/table\.csv\?"):
        find_folder(plant(tmp_path, *paths))
