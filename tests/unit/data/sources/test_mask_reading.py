import numpy as np
import pytest
from PIL import Image

from sightline.data.sources.class_table import ClassTable
from sightline.data.sources.mask_reading import look_at, no_classes, read_classes
from sightline.data.targets import MaskCodes
from sightline.errors import UsageError

NAMES = ("sky", "road", "void")
PLAIN = ClassTable(NAMES, (0, 1, 2), None, "classes.txt")
COLOURED = ClassTable(NAMES, (0, 1, 2), (0x0000FF, 0x804080, 0x000000), "classes.csv")


def save(folder, name, array, **options):
    image = array if isinstance(array, Image.Image) else Image.fromarray(np.array(array, dtype=np.uint8))
    image.save(folder / name, **options)
    return folder / name


def grey(*values):
    return np.tile(np.array(values, dtype=np.uint8), (4, 2))


def colours(*packed):
    return np.array([[[c >> 16, c >> 8 & 255, c & 255] for c in packed] * 2] * 4, dtype=np.uint8)


def found(tmp_path, masks, table=PLAIN, reading="auto", ignore_index=255):
    paths = [save(tmp_path, f"{number}.png", mask) for number, mask in enumerate(masks)]
    return read_classes(table, look_at(paths), reading, ignore_index)


def test_numbers_are_class_ids(tmp_path):
    classes = found(tmp_path, [grey(0, 1), grey(2, 255)])
    assert (classes.names, classes.ignore_index, classes.coded) == (NAMES, 255, None)
    assert [one.message for one in classes.remarks] == ["masks hold numbers, 0 is sky, 2 is void"]


def test_the_last_class_may_be_the_one_that_does_not_count(tmp_path):
    classes = found(tmp_path, [grey(0, 1, 2)], ignore_index=2)
    assert (classes.names, classes.ignore_index, classes.coded) == (("sky", "road"), 2, None)
    assert classes.remarks[0].message == "pixels of void, 2, do not count (data.ignore_index)"


def test_where_the_first_does_not_count_the_others_move_up(tmp_path):
    classes = found(tmp_path, [grey(0, 1, 2)], ignore_index=0)
    assert (classes.names, classes.ignore_index) == (("road", "void"), 255)
    assert classes.coded == MaskCodes((1, 2, 0), (0, 1, 255), are_colours=False)


def test_numbers_with_gaps_become_ids_in_a_row(tmp_path):
    table = ClassTable(("road", "car"), (7, 26), None, "labels")
    classes = found(tmp_path, [grey(7, 26)], table)
    assert classes.coded == MaskCodes((7, 26, 255), (0, 1, 255), are_colours=False)


@pytest.mark.parametrize("mode", ["RGB", "P"])
def test_colours_of_the_table_are_found_by_themselves(tmp_path, mode):
    image = Image.fromarray(colours(0x0000FF, 0x804080, 0x000000))
    mask = image if mode == "RGB" else image.quantize(8)
    classes = found(tmp_path, [mask], COLOURED, ignore_index=2)
    assert (classes.names, classes.ignore_index) == (("sky", "road"), 2)
    assert classes.coded == MaskCodes(COLOURED.colours, (0, 1, 2), are_colours=True)
    assert classes.remarks[-1].message == "masks hold the colours of classes.csv"


def test_grey_masks_beside_a_table_of_colours_are_numbers_where_they_fit(tmp_path):
    assert found(tmp_path, [grey(0, 0), grey(1, 2)], COLOURED).coded is None
    bright = ClassTable(("ground", "thing"), (0, 1), (0, 0xFFFFFF), "classes.csv")
    assert found(tmp_path, [grey(0, 255)], bright, ignore_index=9).coded.are_colours
    assert found(tmp_path, [grey(0, 1)], bright).coded is None


def test_a_palette_of_other_colours_holds_numbers(tmp_path):
    image = Image.fromarray(grey(0, 1, 2))
    image.putpalette([9, 9, 9, 8, 8, 8, 7, 7, 7])
    assert found(tmp_path, [image], COLOURED).coded is None


def test_black_and_white_are_two_classes(tmp_path):
    table = ClassTable(("ground", "thing"), (0, 1), None, "classes.txt")
    classes = found(tmp_path, [grey(0, 0), grey(0, 255)], table)
    assert classes.coded == MaskCodes((0, 255), (0, 1), are_colours=False)
    assert classes.remarks[-1].message.startswith("masks hold 0 and 255 alone: 255 is thing")
    assert found(tmp_path, [grey(0, 1, 255)], table).coded is None
    assert found(tmp_path, [Image.fromarray(grey(0, 255) > 0)], table).coded is None


def test_colours_without_a_table_are_refused(tmp_path):
    with pytest.raises(UsageError, match=r"^masks hold colours \(0.png\), and classes.txt says none: name them in"):
        found(tmp_path, [colours(0x0000FF, 0x804080)])
    with pytest.raises(UsageError, match=r"^masks hold colours, and classes.txt says none"):
        found(tmp_path, [grey(0, 1)], reading="colours")


def test_a_wrong_guess_is_a_key_away(tmp_path):
    assert found(tmp_path, [grey(0, 0)], COLOURED, reading="colours").coded.are_colours
    assert found(tmp_path, [Image.fromarray(colours(0x000000)).quantize(2)], COLOURED, reading="numbers").coded is None


def test_instances_and_single_classes_are_refused(tmp_path):
    with pytest.raises(UsageError, match=r"numbers of objects are not learned, classes are; write the class id"):
        found(tmp_path, [grey(0, 1)], reading="instances")
    with pytest.raises(UsageError, match=r"names one class beside data.ignore_index=0"):
        found(tmp_path, [grey(0, 1)], ClassTable(("a", "b"), (0, 1), None, "classes.txt"), ignore_index=0)


def test_masks_that_do_not_read_are_left_to_the_gate(tmp_path):
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"none")
    jpeg = save(tmp_path, "a.jpg", colours(0x0000FF), format="JPEG")
    seen = look_at([bad, jpeg, tmp_path / "gone.png", save(tmp_path, "g.png", grey(3, 4))])
    assert (seen.numbers, seen.coloured) == ({3, 4}, "")


def test_without_any_names_it_says_what_the_masks_hold(tmp_path):
    error = no_classes(look_at([save(tmp_path, "a.png", grey(*range(12)))]), tmp_path)
    assert "its masks hold the numbers 0, 1, 2, 3, 4, 5, 6, 7, … (12)): write them into" in str(error)
    error = no_classes(look_at([save(tmp_path, "a.png", colours(1, 2, 3))]), tmp_path)
    assert "its masks hold colours" in str(error)
    assert "classes.csv (name,r,g,b)" in str(error)


def with_palette(*packed, of=None):
    image = Image.fromarray(grey(0, 1) if of is None else of).convert("L")
    image = Image.fromarray(np.asarray(image), "P")
    image.putpalette([part for c in packed for part in (c >> 16, c >> 8 & 255, c & 255)])
    return image


def test_classes_are_drawn_as_the_table_or_the_palettes_say(tmp_path):
    assert found(tmp_path, [grey(0, 1)]).colours is None
    assert found(tmp_path, [grey(0, 1)], COLOURED, ignore_index=2).colours == (0x0000FF, 0x804080)
    own = (0x000000, 0x800000, 0x008000)
    assert found(tmp_path, [with_palette(*own), with_palette(*own)]).colours == own
    assert found(tmp_path, [with_palette(*own)], COLOURED, ignore_index=2).colours == COLOURED.colours[:2]
    gapped = ClassTable(("a", "b"), (0, 2), None, "classes.txt")
    assert found(tmp_path, [with_palette(*own, of=grey(0, 2))], gapped).colours == (own[0], own[2])


def test_palettes_that_disagree_or_tell_nothing_apart_give_no_colours(tmp_path):
    own = (0x000000, 0x800000, 0x008000)
    assert found(tmp_path, [with_palette(*own), with_palette(0, 0x123456, 0x008000)]).colours is None
    assert found(tmp_path, [with_palette(0, 0x010101, 0x020202)]).colours is None, "a ramp of greys"
    assert found(tmp_path, [with_palette(0, 0x800000, 0x800000)]).colours is None
    assert found(tmp_path, [with_palette(0, 0x800000)]).colours is None, "none for the third"
