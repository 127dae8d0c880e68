import unicodedata

import numpy as np
import pytest
from PIL import Image

from sightline.cli import configure
from sightline.data.sources.find import find, find_unknown
from sightline.data.sources.source import Source
from sightline.errors import UsageError


def image(path, size=(8, 6), **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(len(path.name))
    Image.fromarray(rng.integers(0, 255, (size[1], size[0], 3)).astype(np.uint8)).save(path, **options)


def mask(path, size=(8, 6), value=1, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    ids = np.zeros((size[1], size[0]), dtype=np.uint8)
    ids[:2] = value
    Image.fromarray(ids).save(path, **options)


@pytest.fixture
def root(tmp_path):
    """Three images with masks in two folders, and the names of two classes."""
    for name in ("a", "b", "c"):
        image(tmp_path / f"images/{name}.jpg")
        mask(tmp_path / f"masks/{name}.png")
    (tmp_path / "classes.txt").write_text("ground\nthing\n")
    return tmp_path


def listed(root, *words: str) -> Source:
    return find(configure("data=segmentation_folder", f"data.root={root}", *(f"data.{word}" for word in words)).data)


def said(source):
    return {one.check: (one.outcome, one.message) for one in source.remarks}


def test_images_and_masks_are_listed(root):
    source = listed(root)
    assert source.ids == ("images/a.jpg", "images/b.jpg", "images/c.jpg")
    assert list(source.targets) == ["mask"]
    assert source.masks.values == tuple(root / f"masks/{name}.png" for name in "abc")
    assert (source.masks.class_names, source.masks.ignore_index) == (("ground", "thing"), 255)
    assert set(source.roles) == {None}
    assert said(source) == {
        "layout": ("pass", "images lie in images/ with masks in masks/"),
        "mask_classes": ("pass", "masks hold numbers, 0 is ground, 1 is thing"),
    }


def test_splits_are_as_the_folders_say(root):
    for split, name in (("train", "x"), ("val", "y"), ("test", "z")):
        image(root / f"set/{split}/images/{name}.png")
        mask(root / f"set/{split}/masks/{name}_mask.png")
    source = listed(root / "set", "classes=[ground,thing]")
    assert dict(zip(source.ids, source.roles, strict=True)) == {
        "test/images/z.png": "test", "train/images/x.png": "train", "val/images/y.png": "val"
    }  # fmt: skip
    assert said(source)["layout"][1] == (
        "images lie in train/images/ with masks in train/masks/; splits as the folders say, train 1, val 1, test 1; "
        "calibration will be drawn from train"
    )
    assert said(source)["mask_names"][1] == "a mask is called as its image and _mask"


def test_images_beside_masks(tmp_path):
    image(tmp_path / "a.png")
    mask(tmp_path / "a_gt.png")
    source = listed(tmp_path, "classes=[ground,thing]")
    assert source.ids == ("a.png",)
    assert source.masks.values == (tmp_path / "a_gt.png",)


def test_images_without_masks_are_refused_or_left_out(root):
    image(root / "images/d.jpg")
    with pytest.raises(
        UsageError, match=r"1 image has no mask \(images/d.jpg\); add them, or set data.validation.miss"
    ):
        listed(root)
    source = listed(root, "validation.missing_masks=drop")
    assert len(source) == 3
    assert said(source)["missing_masks"] == ("drop", "1 image has no mask (images/d.jpg): left out")


def test_masks_without_images_and_other_files_are_told(root):
    mask(root / "masks/ghost.png")
    (root / "masks/notes.txt").write_text("x")
    found = said(listed(root))
    assert found["masks_without_image"] == ("warn", "1 mask without an image (masks/ghost.png): left out")
    assert found["passed_over"] == ("pass", "1 file passed over: .txt 1")


def test_a_split_without_masks_and_other_folders_are_told(root):
    image(root / "SegmentationObject/a.png")
    (root / "Annotations").mkdir()
    assert said(listed(root))["other_folders"] == (
        "warn", "SegmentationObject/ with 1 image are neither images nor their masks: left out"
    )  # fmt: skip
    for split in ("train", "test"):
        image(root / f"set/{split}/images/x.png")
    mask(root / "set/train/masks/x.png")
    source = listed(root / "set", "classes=[ground,thing]")
    assert source.roles == ("train",)
    assert said(source)["other_folders"][1].startswith("test/ with 1 image")
    image(root / "more/images/train/x.png")
    image(root / "more/images/val/y.png")
    mask(root / "more/masks/train/x.png")
    source = listed(root / "more", "classes=[ground,thing]")
    assert source.roles == ("train",)
    assert said(source)["other_folders"][1].startswith("images/val/ with 1 image")


def test_names_that_never_meet_are_shown(root):
    for name in "abc":
        (root / f"masks/{name}.png").rename(root / f"masks/seg-{name}.png")
    with pytest.raises(
        UsageError, match=r"no image has a mask of its name: images are called images/a.jpg.*masks/seg-a"
    ):
        listed(root)


def test_lists_say_the_splits(root):
    (root / "train.txt").write_bytes(b"a\r\n")
    (root / "val.txt").write_bytes(b"b.jpg\r\nghost\r\n")
    source = listed(root)
    assert source.roles == ("train", "val")
    found = said(source)
    assert found["split_lists"] == ("pass", "splits as train.txt, val.txt say, train 1, val 1")
    assert found["unknown_names"] == ("warn", "1 name in lists of splits are of no image (ghost)")
    assert found["unlisted"] == ("drop", "1 image in no list of a split (images/c.jpg): left out")
    (root / "train.txt").unlink()
    assert listed(root).roles == ("train", "val", "train")


def test_groups_by_a_pattern_of_paths(root):
    source = listed(root, r"group_pattern='images/([ab])'")
    assert source.groups == ("a", "b", "images/c.jpg")
    assert said(source)["groups"][1] == "3 groups by data.group_pattern (a, b, images/c.jpg)"
    with pytest.raises(UsageError, match=r"data.group_pattern=\( is no regular expression"):
        listed(root, "group_pattern='('")
    with pytest.raises(UsageError, match=r"data.group_pattern=q fits no image; the first is images/a.jpg"):
        listed(root, "group_pattern=q")


def test_names_of_any_script_pair_however_they_are_composed(tmp_path):
    image(tmp_path / "images" / unicodedata.normalize("NFD", "Straße é 空.jpg"))
    mask(tmp_path / "masks" / unicodedata.normalize("NFC", "Straße é 空.png"))
    assert len(listed(tmp_path, "classes=[ground,thing]")) == 1


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda root: (root / "classes.txt").unlink(), r"does not say what the classes .* hold the numbers 0, 1\)"),
        (lambda root: mask(root / "masks/a.tif"), r"a.jpg has 2 masks, a.png, a.tif"),
        (lambda root: image(root / "images/a.png"), r"a.jpg and a.png share the mask a.png"),
        (lambda root: [path.unlink() for path in (root / "images").iterdir()], "holds no images"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(root, spoil, why):
    spoil(root)
    with pytest.raises(UsageError, match=why):
        listed(root)


def test_as_unknown_images_they_need_no_label(root):
    data = configure("data=segmentation_folder", f"data.root={root}").data
    source = find_unknown(data)
    assert list(source.targets) == ["label"]
    assert source.targets["label"].values.tolist() == [0, 0, 0]
    (root / "classes.txt").unlink()
    with pytest.raises(UsageError, match=r"or give evaluation.ood.classes=\[background"):
        find_unknown(data)


def test_a_root_is_needed(tmp_path):
    with pytest.raises(UsageError, match=r"data.root is not set: data=segmentation_folder takes data.root=DIR"):
        find(configure("data=segmentation_folder").data)
    with pytest.raises(UsageError, match="does not exist"):
        listed(tmp_path / "gone")
