import pytest

from sightline.data.transforms.mirror import differs_mirrored


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (tuple("0123456789"), "(0, 1, 2, …) may be signs"),
        (("0", "1"), "(0, 1) may be signs"),
        (tuple(f"{number:02}" for number in range(43)), "(00, 01, 02, …) may be signs"),
        (("b", "d"), "(b, d)"), (("Б", "Я"), "(Б, Я)"), (("\u0660", "\u0661"), "may be signs"),
        (("turn left", "turn right", "stop"), "a mirror makes “turn right” of “turn left”"),
        (("Left_eye", "right_eye"), "a mirror makes “right_eye” of “Left_eye”"),
        (("links abbiegen", "rechts abbiegen"), "a mirror makes"),
        (("左折", "右折"), "a mirror makes"),
        (("clockwise", "counterclockwise"), "a mirror makes"),
    ],
)  # fmt: skip
def test_names_that_speak_against_mirror_images(names: tuple[str, ...], says: str):
    assert says in differs_mirrored(names)


@pytest.mark.parametrize(
    "names",
    [
        ("ants", "bees"), ("airplane", "automobile", "bird"), ("猫", "犬"), ("cat", "7"), ("a", "bb"), (),
        ("leftover", "bright"), ("cleft", "right"), ("left lung", "heart"), ("copyright", "right"), ("x-ray",),
    ],
)  # fmt: skip
def test_names_that_say_nothing_against_them(names: tuple[str, ...]):
    assert differs_mirrored(names) == ""
