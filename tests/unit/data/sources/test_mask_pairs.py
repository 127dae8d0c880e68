import unicodedata

import pytest

from sightline.data.sources.mask_pairs import paired, split_by_suffix
from sightline.errors import UsageError


@pytest.mark.parametrize(
    ("image", "mask", "suffix"),
    [
        ("a.jpg", "a.png", ""),
        ("a.b.jpg", "a.b.png", ""),
        ("x/a.jpg", "x/a_mask.png", "_mask"),
        ("a.png", "a_L.png", "_L"),
        ("a.png", "a_P.png", "_P"),
        ("1_sat.jpg", "1_mask.png", "_mask"),
        ("ulm/u_1_leftImg8bit.png", "ulm/u_1_gtFine_labelIds.png", "_gtFine_labelIds"),
        ("street_L.jpg", "street_L.png", ""),
        (unicodedata.normalize("NFD", "straßé.jpg"), unicodedata.normalize("NFC", "straßé_gt.png"), "_gt"),
    ],
)
def test_a_mask_is_found_by_the_name_of_its_image(image, mask, suffix):
    found = paired([image, "other.jpg"], [mask, "alone.png"], None)
    assert dict(found.mask_of) == {image: mask}
    assert found.alone == ("alone.png",)
    assert found.suffixes == ((suffix,) if suffix else ())


def test_folders_belong_to_the_name():
    assert dict(paired(["a/1.jpg", "b/1.jpg"], ["b/1.png"], None).mask_of) == {"b/1.jpg": "b/1.png"}


def test_the_suffix_that_is_asked_for_is_the_only_one():
    masks = ["a.png", "a_gt.png", "a_seen.png"]
    assert paired(["a.jpg"], masks, "_seen").mask_of == {"a.jpg": "a_seen.png"}
    assert paired(["a.jpg"], masks, "").mask_of == {"a.jpg": "a.png"}
    assert not paired(["a.jpg"], ["a.png"], "_gt").mask_of


def test_what_is_ambiguous_is_refused_by_name():
    with pytest.raises(UsageError, match=r"^a.jpg has 2 masks, a_mask.png, a_gt.png; remove one, or say which"):
        paired(["a.jpg"], ["a_gt.png", "a_mask.png"], None)
    with pytest.raises(UsageError, match=r"^a.jpg has 2 masks, a.png, a_mask.png; remove one, or say which"):
        paired(["a.jpg"], ["a.png", "a_mask.png"], None)
    with pytest.raises(UsageError, match=r"^a.jpg has 2 masks, a.png, a.tif"):
        paired(["a.jpg"], ["a.png", "a.tif"], None)
    with pytest.raises(UsageError, match=r"^a.jpg and a.png share the mask a_gt.png"):
        paired(["a.jpg", "a.png"], ["a_gt.png"], None)


def test_a_mask_called_as_another_image_is_of_that_one():
    found = paired(["a.jpg", "a_L.jpg"], ["a.png", "a_L.png"], None)
    assert (found.mask_of, found.alone) == ({"a.jpg": "a.png", "a_L.jpg": "a_L.png"}, ())


def test_images_and_masks_that_lie_together_are_told_apart():
    names = ["a.jpg", "a_mask.png", "b.jpg", "c_mask.jpg"]
    assert split_by_suffix(names, None) == (["a.jpg", "b.jpg", "c_mask.jpg"], ["a_mask.png"])
    assert split_by_suffix(["a.jpg", "a_x.png"], "_x") == (["a.jpg"], ["a_x.png"])
