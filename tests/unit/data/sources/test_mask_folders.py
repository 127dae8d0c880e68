import pytest

from sightline.data.sources.mask_folders import folder_pairs
from sightline.errors import UsageError

LAYOUTS = {
    "two folders": (["images/a.jpg", "masks/a.png"], {(None, "images", "masks")}),
    "voc": (
        ["JPEGImages/a.jpg", "SegmentationClass/a.png", "Annotations/a.xml", "SegmentationObject/a.png"],
        {(None, "JPEGImages", "SegmentationClass")},
    ),
    "of each split": (
        ["train/images/a.jpg", "train/masks/a.png", "Val/Images/b.jpg", "Val/Labels/b.png"],
        {("train", "train/images", "train/masks"), ("val", "Val/Images", "Val/Labels")},
    ),
    "splits within": (
        ["images/training/a.jpg", "annotations/training/a", "images/validation/b.jpg", "annotations/validation/b"],
        {("train", "images/training", "annotations/training"), ("val", "images/validation", "annotations/validation")},
    ),
    "segnet": (
        ["train/a.png", "trainannot/a.png", "test/b.png", "testannot/b.png"],
        {("train", "train", "trainannot"), ("test", "test", "testannot")},
    ),
    "kaggle": (
        ["train/a.png", "train_labels/a_L.png", "val/b.png", "val_labels/b_L.png"],
        {("train", "train", "train_labels"), ("val", "val", "val_labels")},
    ),
    "together": (["a.jpg", "a_mask.png"], {(None, "", "")}),
    "together in splits": (["train/a.jpg", "train/a_mask.png"], {("train", "train", "train")}),
    "cityscapes": (
        ["leftImg8bit/train/ulm/a.png", "gtFine/train/ulm/a.png", "leftImg8bit/val/x/b.png", "gtFine/val/x/b.png"],
        {("train", "leftImg8bit/train", "gtFine/train"), ("val", "leftImg8bit/val", "gtFine/val")},
    ),
}  # fmt: skip


def make(root, files):
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_bytes(b"")
    return root


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts_are_recognised(tmp_path, layout):
    files, expected = LAYOUTS[layout]
    found = {(pair.role, pair.images, pair.masks) for pair in folder_pairs(make(tmp_path, files))}
    assert found == expected


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ([], "holds no images with masks: looked for images/ and masks/ .* it holds no folders"),
        (["cat/a.jpg", "dog/b.jpg"], "holds no images with masks.* it holds cat/, dog/$"),
        (["set/images/a.jpg", "set/masks/a.png"], r"did you mean data.root=.*/set\?"),
        (["images/a.jpg", "masks/a.png", "labels/a.png"], "holds labels/, masks/: which are the masks"),
        (["val/images/a.jpg", "val/masks/a.png"], "holds val/images/ but no train/"),
    ],
)
def test_what_is_no_layout_is_refused_by_what_is_there(tmp_path, files, why):
    with pytest.raises(UsageError, match=why):
        folder_pairs(make(tmp_path, files))
