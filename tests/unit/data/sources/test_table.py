import csv

import pytest

from sightline.config.data import CsvData, ValidationPolicy
from sightline.data.sources.table import columns_of, find_table
from sightline.errors import UsageError

POLICY = ValidationPolicy(
    unreadable="refuse",
    duplicates_across_splits="drop",
    label_conflicts="warn",
    small_class="warn",
    small_class_items=10,
    odd_images="warn",
)


def config(manifest, **changes):
    content = {
        "name": "csv",
        "root": None,
        "manifest": None if manifest is None else str(manifest),
        "path_column": "path",
        "label_column": "label",
        "split_column": None,
        "group_column": None,
        "val_fraction": 0.1,
        "calibration_fraction": 0.1,
        "test_fraction": 0.2,
        "split_seed": 0,
        "store": "auto",
        "workers": None,
        "validation": POLICY,
    }
    return CsvData(**(content | changes))


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "images").mkdir()
    for name in "abcd":
        (tmp_path / "images" / f"{name}.jpg").write_bytes(b"x")
    return tmp_path


def table(folder, text, encoding="utf-8"):
    path = folder / "table.csv"
    path.write_bytes(text.encode(encoding))
    return path


def test_paths_labels_splits_and_groups(folder):
    manifest = table(
        folder,
        "who,path,what,split,note\n"
        'p1,images/a.jpg,dog,train,"a, b"\n'
        " p1 , images/b.jpg , cat ,Validation,\n"
        "\n"
        ",./images/../images/c.jpg,dog,,\n"
        "p2,images/d.jpg,cat,TEST,\n",
    )
    source = find_table(config(manifest, label_column="what", split_column="split", group_column="who"))
    assert source.ids == ("images/a.jpg", "images/b.jpg", "images/c.jpg", "images/d.jpg")
    assert source.class_names == ("cat", "dog")
    assert source.labels.tolist() == [1, 0, 1, 0]
    assert source.roles == ("train", "val", None, "test")
    assert source.groups == ("p1", "p1", "images/c.jpg", "p2")
    assert all(path.is_file() for path in source.files)


def test_columns_that_are_not_asked_for_do_not_matter(folder):
    source = find_table(config(table(folder, "path,label,split\nimages/a.jpg,x,nonsense\nimages/b.jpg,y,\n")))
    assert source.roles == (None, None)
    assert source.groups is None


def test_paths_are_relative_to_the_root_and_ids_with_them(folder):
    manifest = table(folder, f"path,label\na.jpg,x\n{folder}/images/b.jpg,y\n")
    source = find_table(config(manifest, root=str(folder / "images")))
    assert source.ids == ("a.jpg", "b.jpg")
    outside = table(folder, "path,label\n../images/a.jpg,x\nc.jpg,y\n")
    (folder / "sub").mkdir()
    (folder / "sub" / "c.jpg").write_bytes(b"x")
    assert find_table(config(outside, root=str(folder / "sub"))).ids == (f"{folder}/images/a.jpg", "c.jpg")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_dialects(folder, delimiter, encoding, ending):
    lines = ["path,label", "images/a.jpg,x", "images/b.jpg,y"]
    manifest = table(folder, ending.join(lines).replace(",", delimiter) + ending, encoding)
    assert find_table(config(manifest)).ids == ("images/a.jpg", "images/b.jpg")


def test_a_table_from_excel_in_german(folder):
    (folder / "images/ä.jpg").write_bytes(b"x")
    text = "sep=;\r\nPfad; Art ;Fold\r\nimages/ä.jpg;Bär;Test\r\n images/b.jpg;Öl;\r\n;;\r\n"
    manifest = table(folder, text, "cp1252")
    source = find_table(config(manifest, path_column="pfad", label_column="ART", split_column="fold"))
    assert source.ids == ("images/ä.jpg", "images/b.jpg")
    assert source.class_names == ("Bär", "Öl")
    assert source.roles == ("test", None)
    assert columns_of(config(manifest, path_column="PFAD"), ["images/b.jpg"], ["art"]) == {"art": ["Öl"]}


def test_a_number_is_one_class_however_it_is_written(folder):
    rows = "images/a.jpg,2\nimages/b.jpg,2.0\nimages/c.jpg,10.0\nimages/d.jpg,v1.0\n"
    source = find_table(config(table(folder, "path,label\n" + rows)))
    assert source.class_names == ("10.0", "2", "v1.0")
    assert source.labels.tolist() == [1, 1, 0, 2]


HEAD = "path,label,split\n"
GOOD = "images/a.jpg,x,train\nimages/b.jpg,y,test\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (GOOD, ["data.path_column=path", "no such column", "images/a.jpg"]),
        ("", ["data.path_column=path"]),
        (HEAD, ["no rows"]),
        (HEAD + GOOD + "images/gone.jpg,x,train\n", ["line 4", "images/gone.jpg", "data.root=DIR"]),
        (HEAD + GOOD + "images/gone.jpg,x,\nimages/gone2.jpg,x,\n", ["line 4", "2 of 4"]),
        (HEAD + GOOD + "images/c.jpg,,train\n", ["line 4", "no label"]),
        (HEAD + GOOD + ",x,train\n", ["line 4", "no path"]),
        (HEAD + GOOD + "images/c.jpg,x\n", ["line 4", "2 cells", "3"]),
        (HEAD + GOOD + "images/c.jpg,x,train,more\n", ["line 4", "4 cells"]),
        (HEAD + GOOD + "images/c.jpg,x,holdout\n", ["line 4", "'holdout'", "calibration"]),
        (HEAD + GOOD + "images//../images/a.jpg,y,test\n", ["line 4", "line 2", "images/a.jpg"]),
        (HEAD + "images/a.jpg,x,train\nimages/b.jpg,x,test\n", ["one class only, 'x'", "data.label_column=label"]),
    ],
)
def test_mistakes_name_the_line(folder, text, words):
    with pytest.raises(UsageError) as caught:
        find_table(config(table(folder, text), split_column="split"))
    for word in words:
        assert word in str(caught.value)
    assert str(caught.value).count("\n") == 0


def test_a_table_that_cannot_be_read(folder):
    for manifest, words in [(None, "data.manifest=FILE"), (folder / "none.csv", "No such file"), (folder, "directory")]:
        with pytest.raises(UsageError, match=words):
            find_table(config(manifest))
    with pytest.raises(UsageError, match="is a workbook and no CSV; save it as CSV UTF-8"):
        find_table(config(table(folder, "PK\3\4 and more")))
    with pytest.raises(UsageError, match=r"data.root=nowhere is no folder"):
        find_table(config(table(folder, HEAD + GOOD), root="nowhere"))


def test_thousands_of_rows(folder):
    count = 3000
    with (folder / "table.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["path", "label"])
        for number in range(count):
            (folder / f"{number}.png").write_bytes(b"")
            writer.writerow([f"{number}.png", f"class {number % 7}"])
    source = find_table(config(folder / "table.csv"))
    assert len(source) == count
    assert source.ids[17] == "17.png"
    assert source.class_names[source.labels[17]] == "class 3"


def test_columns_by_image(folder):
    manifest = folder / "sites.csv"
    with manifest.open("w", newline="") as stream:
        csv.writer(stream).writerows(
            [["path", "label", "site"], *[[name, "x", f"site {n}"] for n, name in enumerate("abc")]]
        )
    settings = config(manifest)
    assert columns_of(settings, ["c", "a"], ["site"]) == {"site": ["site 2", "site 0"]}
    with pytest.raises(UsageError, match=r"evaluation.slices=place: .* has no such column; it has path, label, site"):
        columns_of(settings, ["a"], ["place"])
    with pytest.raises(UsageError, match="no longer lists 1 images of this run, d first"):
        columns_of(settings, ["a", "d"], ["site"])
