import numpy as np
import pytest
from PIL import Image

from sightline.data.gate.mask_checks import MaskPixels, check_mask_pixels, check_masks
from sightline.data.reduction import Reduction
from sightline.data.sources.source import Source
from sightline.data.splits.assignment import make_split
from sightline.data.store.factory import open_masks, open_store
from sightline.data.targets import MASK, MaskTarget
from tests.unit.data.gate.conftest import policy, split
from tests.unit.data.splits.conftest import config

NAMES = ("ground", "tree", "car")


@pytest.fixture
def folder(tmp_path):
    """Six images of 8 x 6 with masks: of two classes, one class, nothing that counts; the last two for val."""
    masks = [np.zeros((6, 8), dtype=np.uint8) for _ in range(6)]
    masks[0][:2], masks[1][:, 3], masks[3][:] = 1, 1, 255
    masks[4][:3], masks[5][0, :2] = 1, (1, 255)
    rng = np.random.default_rng(0)
    for number, mask in enumerate(masks):
        Image.fromarray(rng.integers(0, 255, (6, 8, 3)).astype(np.uint8)).save(tmp_path / f"{number}.png")
        Image.fromarray(mask).save(tmp_path / f"m{number}.png")
    return tmp_path


def looked_at(folder, **changes):
    files = tuple(folder / f"{number}.png" for number in range(6))
    target = MaskTarget(tuple(folder / f"m{number}.png" for number in range(6)), NAMES, 255)
    roles = ("train",) * 4 + ("val",) * 2
    source = Source(tuple(file.name for file in files), {MASK: target}, np.zeros(6, np.int64), roles, files=files)
    images = open_store(source, Reduction(), folder / "cache", 0)
    masks = open_masks(source, images, folder / "cache", 0)
    found, keep = check_masks(source, masks, policy(**changes))
    return source, images, masks, found, keep


def test_masks_that_cannot_be_used_are_named_with_their_images(folder):
    Image.new("L", (8, 7)).save(folder / "m1.png")
    Image.new("L", (8, 6), 9).save(folder / "m2.png")
    _, _, _, found, keep = looked_at(folder)
    assert (found.check, found.outcome, found.count, found.examples) == (
        "unusable_masks",
        "refuse",
        2,
        ("1.png", "2.png"),
    )
    assert found.message == (
        "2 masks cannot be used (m1.png of 1.png: a mask of 8 x 7 pixels, but its image has 8 x 6, m2.png of 2.png: "
        "the number 9 in 48 pixels is of no class); if such pixels are not to count, set "
        "data.ignore_index=9; repair or remove them, or set data.validation.unusable_masks=drop"
    )
    assert keep.tolist() == [True, False, False, True, True, True]
    dropped = looked_at(folder, unusable_masks="drop")[3]
    assert dropped.outcome == "drop"
    assert dropped.message.endswith("; their images are left out")


def test_a_hint_stands_once_and_none_leaves_nothing(folder):
    for number in range(6):
        Image.new("L", (8, 6), 11).save(folder / f"m{number}.png")
    message = looked_at(folder)[3].message
    assert message.startswith("6 masks cannot be used (m0.png of 0.png: the number 11 in 48 pixels is of no class, m1.")
    assert message.endswith("…); if such pixels are not to count, set data.ignore_index=11; repair or remove them")


def test_what_can_be_used_passes(folder):
    _, _, _, found, keep = looked_at(folder)
    assert (found.outcome, found.message) == ("pass", "every mask can be used")
    assert keep.all()


def test_masks_that_say_little_and_classes_without_pixels_are_told(folder):
    source, images, masks, _, _ = looked_at(folder)
    made = make_split(source, images.facts.hashes, config(calibration=0, test=0), masks.hashes(np.arange(6)))
    pixels = MaskPixels.of(source.masks, masks)
    found = {one.check: one for one in check_mask_pixels(made, pixels, np.ones(6, dtype=bool))}
    assert found["empty_masks"].message.startswith(
        "1 mask holds nothing that counts, 1 mask holds one class only (3.png, 2.png)"
    )
    assert found["untrained_mask_classes"].examples == ("car",)
    assert found["unmeasured_mask_classes"].examples == ("car in val",)
    assert found["mask_pixels"].message == "pixels in train: ground 64 %, ignored 25 %, tree 11 %"
    assert pixels.by_role(made) == {
        "train": {"ground": 122, "tree": 22, "car": 0, "ignored": 48},
        "val": {"ground": 70, "tree": 25, "car": 0, "ignored": 1},
    }


def test_an_image_without_a_mask_is_no_empty_mask(folder):
    source, images, masks, _, _ = looked_at(folder)
    made = make_split(source, images.facts.hashes, config(calibration=0, test=0), masks.hashes(np.arange(6)))
    nothing = MaskPixels(NAMES, np.zeros((6, 4), dtype=np.int64))
    found = check_mask_pixels(made, nothing, np.zeros(6, dtype=bool))[0]
    assert (found.outcome, found.message) == ("pass", "every mask holds two classes or more")


def judged(counts, roles):
    """What the gate says of masks with so many pixels of each class, the last column of those that do not count."""
    made = split(roles)
    pixels = MaskPixels(NAMES, np.array(counts, dtype=np.int64))
    return {one.check: one for one in check_mask_pixels(made, pixels, np.ones(len(roles), dtype=bool))}


def test_a_class_that_two_splits_lack_is_one_class():
    found = judged([[5, 5, 5, 0], [9, 0, 0, 0], [9, 1, 0, 0]], ["train", "val", "test"])["unmeasured_mask_classes"]
    assert found.examples == ("tree in val", "car in val and test")
    assert found.message == (
        "2 classes of masks have no pixel in a held-out split (tree in val, car in val and test); a class there has "
        "IoU 0 once a pixel is taken for it, else no figure: add images of them"
    )


def test_masks_of_train_in_which_nothing_counts_are_refused():
    found = judged([[0, 0, 0, 15], [9, 1, 1, 0]], ["train", "val"])
    assert found["untrained_mask_classes"].outcome == "refuse"
    assert "nothing in train counts, so nothing can be learned" in found["untrained_mask_classes"].message
    assert found["mask_pixels"].message == "pixels in train: ignored 100 %"
    assert judged([[1, 0, 0, 15], [9, 1, 1, 0]], ["train", "val"])["untrained_mask_classes"].outcome == "warn"


def test_shares_of_pixels_are_no_powers_of_ten():
    found = judged([[99_997, 3, 0, 0], [9, 1, 1, 0]], ["train", "val"])
    assert found["mask_pixels"].message == "pixels in train: ground 100 %, tree 0.003 %"
