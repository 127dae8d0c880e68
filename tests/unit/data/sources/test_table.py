import csv

import pytest

from sightline.config.data import CsvData, ValidationPolicy
from sightline.data.sources.table import columns_of, find_table
from sightline.errors import UsageError

POLICY = ValidationPolicy(
    unreadable="refuse",
    duplicates_across_splits="drop",
    near_duplicates="warn",
    label_conflicts="warn",
    small_class="warn",
    small_class_items=10,
    odd_images="warn",
    similar_classes="warn",
    blank_labels="refuse",
    missing_masks="refuse",
    unusable_masks="refuse",
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
        "duplicates": "separate",
        "validation": POLICY,
        "white": "auto",
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
        (
            HEAD + GOOD + "images/c.jpg,,train\n",
            ["line 4", "no label", "1 of 3 rows", "data.validation.blank_labels=drop"],
        ),
        (HEAD + GOOD + ",x,train\n", ["line 4", "no path"]),
        ("path,label,split,label\nimages/a.jpg,x,train,y\n", ["2 columns are called label; rename one"]),
        ("path,label,split,note,note\nimages/a.jpg,x,train,,\n", ["2 columns are called note; rename one"]),
        (HEAD + GOOD + "images/C.JPG,x,train\n", ["line 4", "there is 'c.jpg', and no 'C.JPG'"]),
        (HEAD + GOOD + "C:\\pics\\a.jpg,x,train\n", ["line 4", "there is no file", "data.root=DIR"]),
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


def said(source):
    return [(remark.check, remark.outcome, remark.count, remark.message) for remark in source.remarks]


def test_rows_without_a_label_are_left_out_where_the_policy_says_so_and_told(folder):
    manifest = table(folder, "path,label\nimages/a.jpg,x\nimages/b.jpg,\nimages/c.jpg,y\ngone.jpg, \n")
    policy = POLICY.model_copy(update={"blank_labels": "drop"})
    source = find_table(config(manifest, validation=policy))
    assert source.ids == ("images/a.jpg", "images/c.jpg")
    assert said(source) == [("blank_labels", "drop", 2, "2 rows without label left out: lines 3, 5")]
    with pytest.raises(UsageError, match=r"line 3: no label; 2 of 4 rows have none"):
        find_table(config(manifest))


def test_what_is_guessed_of_a_table_is_told(folder):
    rows = "images/a.jpg,2,train,p\nimages/b.jpg,2.0,,\nimages/c.jpg,nan,test,q\nimages/d.jpg,3,,\n"
    manifest = table(folder, "path,label,split,who\n" + rows)
    source = find_table(config(manifest, split_column="split", group_column="who"))
    assert said(source) == [
        ("layout", "pass", 4, "splits as column split says, train 1, test 1; 2 rows without a word will be drawn"),
        ("blank_groups", "pass", 2, "2 rows without who: each is a group of its own"),
        ("numbers_as_labels", "pass", 1, "1 label read as whole numbers: 2.0 as 2"),
        ("labels_like_blanks", "warn", 1, "1 row bears the label nan, which reads as none; such a class is learned"),
    ]
    assert said(find_table(config(table(folder, "path,label\nimages/a.jpg,x\nimages/b.jpg,y\n")))) == []


def test_backslashes_part_folders_unless_a_file_has_them_in_its_name(folder):
    (folder / "images\\b.jpg").write_bytes(b"x")
    text = "path,label,site\n.\\images\\a.jpg,x,n\nimages\\b.jpg,y,s\nimages\\\\c.jpg,y,w\n"
    manifest = table(folder, text)
    source = find_table(config(manifest))
    assert source.ids == ("images/a.jpg", "images\\b.jpg", "images/c.jpg")
    assert all(path.is_file() for path in source.files)
    assert said(source) == [("backslashes", "pass", 2, "backslashes in 2 paths were read as slashes")]
    assert columns_of(config(manifest), source.ids, ["site"]) == {"site": ["n", "s", "w"]}


def test_a_name_composed_otherwise_is_named(folder):
    (folder / "images/cafe\u0301.jpg").write_bytes(b"x")
    manifest = table(folder, "path,label\nimages/a.jpg,x\nimages/caf\u00e9.jpg,y\n")
    with pytest.raises(UsageError, match=r"there is 'cafe\\u0301\.jpg', and no 'caf\\xe9\.jpg'"):
        find_table(config(manifest))


def test_a_table_without_a_head_line_is_told_so(folder):
    with pytest.raises(UsageError, match="that line looks like a row: put a header above it"):
        find_table(config(table(folder, "images/a.jpg,cat\nimages/b.jpg,dog\n")))
    with pytest.raises(UsageError, match=r"it has file, label$"):
        find_table(config(table(folder, "file,label\nimages/b.jpg,dog\n")))


@pytest.mark.parametrize(("different", "told"), [(30, True), (20, False), (10, False)])
def test_quantities_are_learned_as_classes_but_not_in_silence(folder, different, told):
    for number in range(60):
        (folder / f"images/{number}.jpg").write_bytes(b"x")
    rows = "".join(f"images/{number}.jpg,{number % different / 7:.3f}\n" for number in range(60))
    found = {one.check: one for one in find_table(config(table(folder, f"path,label\n{rows}"))).remarks}
    assert ("quantities_as_labels" in found) == told
    if told:
        assert found["quantities_as_labels"].message.startswith("30 of 60 labels are different numbers, each of which")
