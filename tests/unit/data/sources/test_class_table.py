import pytest

from sightline.data.sources.class_table import FILES, class_table, read_table
from sightline.errors import UsageError


def table(tmp_path, text, name="classes.txt"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_table(path, name)


@pytest.mark.parametrize(
    ("text", "name", "names", "numbers", "colours"),
    [
        ("sky\nroad\n\ncar\n", "classes.txt", ("sky", "road", "car"), (0, 1, 2), None),
        ("\ufeffsky\r\nroad side\r\n", "codes.txt", ("sky", "road side"), (0, 1), None),
        ("7: road\n0 = sky\n", "classes.txt", ("sky", "road"), (0, 7), None),
        ("3 wheeler\ncar\n", "classes.txt", ("3 wheeler", "car"), (0, 1), None),
        ("128 0 1\tAnimal\n0 0 9\tSea Side\n", "label_colors.txt", ("Animal", "Sea Side"), (0, 1), (0x800001, 9)),
        ("# label:color_rgb::\nroad:1,2,3::\nsky:0,0,0::\n", "labelmap.txt", ("road", "sky"), (0, 1), (0x010203, 0)),
        ("name,r,g,b\nsky,0,0,1\nroad,255,0,2\n", "classes.csv", ("sky", "road"), (0, 1), (1, 0xFF0002)),
        ("Name;ID;R;G;B\nroad;4;1;1;1\nsky;2;0;0;0\n", "classes.csv", ("sky", "road"), (2, 4), (0, 0x010101)),
        ("class,x\nstraße,1\n空,2\n", "classes.csv", ("straße", "空"), (0, 1), None),
    ],
)  # fmt: skip
def test_classes_are_read_from_files_of_many_origins(tmp_path, text, name, names, numbers, colours):
    found = table(tmp_path, text, name)
    assert (found.names, found.numbers, found.colours) == (names, numbers, colours)


@pytest.mark.parametrize(
    ("text", "name", "why"),
    [
        ("", "classes.txt", "classes.txt names 0 classes; masks take 2 to 255"),
        ("sky\nsky\n", "classes.txt", "one name for two classes, sky and sky"),
        ("1 sky\n1 road\n", "classes.txt", "one number for two classes, road and sky"),
        ("sky:1,2,3\nroad:1,2,3\n", "labelmap.txt", "one colour for two classes, sky and road"),
        ("sky:1,2,3\nroad:1,2,300\n", "labelmap.txt", "1, 2, 300 is no colour"),
        ("a,b\n1,2\n", "classes.csv", "no column of names; its first line is to be name,r,g,b"),
        ("name,id\na,x\nb,1\n", "classes.csv", "a number of a class is no whole number"),
        (b"\xff\xfe\x00sky", "classes.txt", "is no text in UTF-8"),
    ],
)
def test_what_does_not_tell_classes_apart_is_refused(tmp_path, text, name, why):
    with pytest.raises(UsageError, match=why):
        table(tmp_path, text, name)


def test_a_key_goes_before_a_file_and_a_file_may_lie_under_the_root(tmp_path):
    assert class_table(tmp_path, None) is None
    (tmp_path / FILES[2]).write_text("a\nb\n")
    assert class_table(tmp_path, None).names == ("a", "b")
    assert class_table(tmp_path, ("x", "y")).names == ("x", "y")
    (tmp_path / "mine.txt").write_text("m\nn\n")
    assert class_table(tmp_path, "mine.txt").names == ("m", "n")
    assert class_table(tmp_path, str(tmp_path / "mine.txt")).names == ("m", "n")
    with pytest.raises(UsageError, match=r"data.classes=gone.txt cannot be read: No such file"):
        class_table(tmp_path, "gone.txt")
