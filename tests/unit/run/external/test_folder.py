"""Predictions of other tools: read as they are, or refused with the place that is wrong."""

from pathlib import Path

import numpy as np
import pytest

from sightline.errors import UsageError
from sightline.run.external.folder import class_names, holds_predictions, read_file, read_folder

IDS, LABELS = np.array(["a", "b", "c"]), np.array([0, 1, 1])
LOGITS = np.array([[1.5, -2.0], [0.0, 1e-3], [3.0, 2.0]])


def test_npz_and_csv_say_the_same(tmp_path: Path):
    assert not holds_predictions(tmp_path)
    np.savez(tmp_path / "val.npz", ids=IDS, logits=LOGITS, labels=LABELS)
    lines = [f"{i},{y},{x[0]},{x[1]}" for i, y, x in zip(IDS, LABELS, LOGITS, strict=True)]
    (tmp_path / "test.csv").write_text("\n".join(["\ufeffid,label,cat,dog", *lines]) + "\n")
    assert holds_predictions(tmp_path)
    for split in ("val", "test"):
        file = read_file(tmp_path, split)  # type: ignore[arg-type]
        found = file.predictions
        assert file.groups is None
        assert found.ids.tolist() == IDS.tolist()
        assert found.labels.tolist() == LABELS.tolist()
        assert (found.logits == LOGITS.astype(np.float32)).all()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "its head line must be id,label"),
        ("id,label,a\n", "its head line must be id,label"),
        ("name,label,a,b\nx,0,1,2\n", "its head line must be id,label"),
        ("id,label,a,b\nx,0,1\n", "line 2: 3 cells, the head line has 4"),
        ("id,label,a,b\nx,0,1,two\n", "line 2: 'x,0,1,two' is no row of numbers"),
        ("id,label,a,b\nx,0,1,2\ny,cat,1,2\n", "line 3: the label 'cat' is no number of a class"),
        ("id,label,a,b\nx,0.5,1,2\n", "line 2: the label '0.5' is no number of a class"),
        ("id,label,a,b\nx,2,1,2\n", "the label of x is 2; 2 classes count from 0"),
        ("id,label,a,b\nx,-1,1,2\n", "the label of x is -1; 2 classes count from 0"),
        ("id,label,a,b\nx,99999999999999999999,1,2\n", "line 2: the label '99999999999999999999' is no number"),
        ("id,label,a,b\nx,0,1,inf\n", "line 2: it takes finite logits"),
        ("id,label,a,b\nx,0,1,nan\n", "line 2: it takes finite logits"),
        ("id,label,cat,dog\nx,dog,1,2\n", "the label 'dog' is no number of a class from 0; dog is 1"),
        ("id,label,probability:cat,probability:dog\nx,cat,0,1\n", "is no number of a class from 0; cat is 0"),
        ("id,label,a,b\n\n", "holds no items"),
        ("id,label,a,a\nx,0,1,2\n", "class names are a, a"),
        (",id,label,a,b\n0,x,0,1,2\n", "a column has no name; pandas"),
        ("id,label,a,b\nx,0,0.25,0.75\n", "name the columns probability:a and so on"),
        ("id,label,probability:a,b\nx,0,0.25,0.75\n", "b does not begin with probability:"),
        ("id,label,probability:a,probability:b\nx,0,0.5,0.75\n", "line 2: 0.5, 0.75 sums to 1.25"),
        ("id,label,a,b\nx,0,1,2\nx,0,1,2\n", "an id stands there twice"),
    ],
)
def test_a_wrong_csv_is_refused_by_line(tmp_path: Path, text: str, says: str):
    (tmp_path / "test.csv").write_text(text)
    with pytest.raises(UsageError, match=r"test\.csv") as refusal:
        read_file(tmp_path, "test")
    assert says in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_table_from_excel_in_german(tmp_path: Path):
    """What its `CSV (Trennzeichen-getrennt)` writes: semicolons, decimal commas, Windows-1252."""
    text = "sep=;\r\nID;Label;GROUP;Bär;Wölfin\r\nM 1.jpg;1,0;p1;-0,25;1,5E-05\r\nM 2.jpg; 0 ;;3;-7,125\r\n;;;;\r\n"
    (tmp_path / "test.csv").write_bytes(text.encode("cp1252"))
    file = read_file(tmp_path, "test")
    assert file.class_names == ("Bär", "Wölfin")
    assert file.predictions.labels.tolist() == [1, 0]
    assert file.predictions.logits.tolist() == np.array([[-0.25, 1.5e-5], [3, -7.125]], dtype=np.float32).tolist()
    assert file.groups is not None
    assert file.groups.tolist() == ["p1", "M 2.jpg"], "a blank one is a group of its own"


def test_probabilities_are_read_where_the_file_says_so(tmp_path: Path):
    shares = np.array([[1.0, 0.0], [0.25, 0.75], [0.5, 0.5]])
    np.savez(tmp_path / "val.npz", ids=IDS, probabilities=shares, labels=LABELS * 1.0)
    lines = [f"{i},{y},{x[0]},{x[1]}" for i, y, x in zip(IDS, LABELS, shares, strict=True)]
    (tmp_path / "test.csv").write_text("\n".join(["id,label,Probability:cat,probability: dog", *lines]))
    for split, names in (("val", None), ("test", ("cat", "dog"))):
        file = read_file(tmp_path, split)  # type: ignore[arg-type]
        np.testing.assert_allclose(file.predictions.probabilities(), shares, atol=1e-7)
        assert file.class_names == names
        assert "1 probabilities of 0" in file.notes[0]
    np.savez(tmp_path / "val.npz", ids=IDS, logits=shares, labels=LABELS)
    with pytest.raises(UsageError, match=r"item a: .*sum to 1.*call the array probabilities"):
        read_file(tmp_path, "val")


def test_arrays_bring_groups_and_names(tmp_path: Path):
    arrays = {"ids": IDS, "logits": LOGITS, "labels": LABELS}
    np.savez(tmp_path / "test.npz", **arrays, groups=np.array([7, 7, 9]), class_names=np.array(["x", "y"]))
    file = read_file(tmp_path, "test")
    assert file.groups is not None
    assert file.groups.tolist() == ["7", "7", "9"]
    assert class_names({"test": file}) == ["x", "y"]


def test_the_files_of_a_folder_know_the_same_classes(tmp_path: Path):
    np.savez(tmp_path / "val.npz", ids=IDS, logits=LOGITS, labels=LABELS)
    for split, head in (("calibration", "cat,dog"), ("test", "cat,dog")):
        (tmp_path / f"{split}.csv").write_text(f"id,label,{head}\n{split},0,1.5,-2\n")
    assert class_names(read_folder(tmp_path)) == ["cat", "dog"]
    (tmp_path / "test.csv").write_text("id,label,dog,cat\ntest,0,1.5,-2\n")
    with pytest.raises(UsageError, match="test knows other classes than calibration"):
        read_folder(tmp_path)


def test_the_files_of_a_folder_hold_other_items(tmp_path: Path):
    for split, rows in (("calibration", "1,0,p,1.5,-2\n2,0,q,1,1"), ("test", "1,0,p,0.5,-2\n3,0,r,1,1")):
        (tmp_path / f"{split}.csv").write_text(f"id,label,group,cat,dog\n{rows}\n")
    notes = {split: file.notes for split, file in read_folder(tmp_path).items()}
    assert notes["calibration"] == ()
    assert "1 groups, such as p, have items in calibration and in test" in notes["test"][0]
    (tmp_path / "test.csv").write_text("id,label,cat,dog\n9,0,1.5,-2\n2,0,1,1\n")
    with pytest.raises(UsageError, match=r"calibration\.csv and .*test\.csv hold 1 item alike, such as 2;"):
        read_folder(tmp_path)


@pytest.mark.parametrize(("name", "refused"), [("x20.jpg", True), ("20", False), ("猫", True)])
def test_one_item_is_in_one_file_whatever_is_said_of_it(tmp_path: Path, name: str, refused: bool):
    """Another model, or a view of its own, gives other logits; numbers of rows name other items in each file."""
    for split, logits in (("calibration", "1.5,-2"), ("test", "0.5,-1")):
        (tmp_path / f"{split}.csv").write_text(f"id,label,cat,dog\n{name},0,{logits}\n{split} b,1,1,2\n")
    if not refused:
        assert set(read_folder(tmp_path)) == {"calibration", "test"}
        return
    with pytest.raises(UsageError, match=rf"calibration\.csv and .*test\.csv hold 1 item alike, such as {name};"):
        read_folder(tmp_path)


def test_a_wrong_npz_is_refused(tmp_path: Path):
    path = tmp_path / "test.npz"
    for arrays, says in (
        ({"ids": IDS, "logits": LOGITS}, "lacks labels"),
        ({"ids": IDS, "logits": LOGITS[:2], "labels": LABELS}, "do not fit together"),
        ({"ids": IDS, "logits": LOGITS, "labels": LABELS + 0.5}, "labels float64"),
        ({"ids": IDS, "labels": LABELS}, "lacks logits"),
        ({"ids": IDS, "logits": LOGITS, "labels": LABELS, "groups": IDS[:2]}, "do not fit together"),
        ({"ids": IDS, "logits": LOGITS, "labels": LABELS, "class_names": IDS}, "do not fit together"),
        ({"ids": IDS, "logits": LOGITS, "probabilities": LOGITS, "labels": LABELS}, "leave one of them"),
        ({"ids": IDS, "logits": LOGITS * np.nan, "labels": LABELS}, "item a: it takes finite logits"),
        ({"ids": IDS.astype(object), "logits": LOGITS, "labels": LABELS}, "no npz file of plain arrays"),
    ):
        np.savez(path, **arrays)
        with pytest.raises(UsageError, match=r"test\.npz") as refusal:
            read_file(tmp_path, "test")
        assert says in str(refusal.value)
    path.write_bytes(b"PK\x03\x04 and nothing more")
    with pytest.raises(UsageError, match="no npz file"):
        read_file(tmp_path, "test")
    with pytest.raises(UsageError, match=r"neither val\.npz nor val\.csv"):
        read_file(tmp_path, "val")


@pytest.mark.parametrize("label", [1e300, np.inf, -1e18, 2.0**31, np.uint64(2**64 - 1)])
def test_a_label_that_no_class_can_have_is_refused(tmp_path: Path, label: float):
    np.savez(
        tmp_path / "test.npz", ids=IDS, logits=LOGITS, labels=np.array([0, 1, label], dtype=np.asarray(label).dtype)
    )
    with pytest.raises(UsageError, match=r"test\.npz: the label .* is no number of a class from 0"):
        read_file(tmp_path, "test")


@pytest.mark.parametrize("name", ["test.csv", "test.npz"])
def test_a_lone_array_or_another_tools_text_is_refused_by_name(tmp_path: Path, name: str):
    np.save(tmp_path / "array.npy", LOGITS)
    for content in (
        (tmp_path / "array.npy").read_bytes(),
        b"id,label,a,b\n" + b"x" * 131_073 + b",0,1,2\n",
        "id,label,a,b\nMüller,99999999999999999999,1,2\n".encode("utf-16"),
        "id,label,a,b\nMüller,99999999999999999999,1,2\n".encode("latin-1"),
        b"id,label,a,b\nx,0," + b"9" * 5000 + b",1\n",
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UsageError, match=f"{name}") as refusal:
            read_file(tmp_path, "test")
        assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("name", ["ids", "class_names", "groups"])
def test_names_are_text_that_can_be_written(tmp_path: Path, name: str):
    arrays = {"ids": IDS, "logits": LOGITS, "labels": LABELS, "class_names": np.array(["x", "y"]), "groups": IDS}
    n = len(arrays[name])
    beyond = np.full(n, 0x110000, dtype=np.uint32).view("U1")
    for wrong in (np.array([b"a", b"b", b"\xff"])[-n:], np.zeros(n, "V4"), np.zeros(n, "i4,f8"), beyond):
        np.savez(tmp_path / "test.npz", **{**arrays, name: wrong})
        with pytest.raises(UsageError, match=f"{name} are") as refusal:
            read_file(tmp_path, "test")
        assert "\n" not in str(refusal.value)
    spelled = np.array(["\udcff", "b", "c"])[:n]
    np.savez(tmp_path / "test.npz", **{**arrays, name: spelled})
    file = read_file(tmp_path, "test")
    found = {"ids": file.predictions.ids, "class_names": file.class_names, "groups": file.groups}[name]
    assert found is not None
    assert found[0] == "\\udcff"
    np.savez(tmp_path / "test.npz", **{**arrays, name: np.array(["ä", "b", "c"])[:n]})
    text = read_file(tmp_path, "test")
    np.savez(tmp_path / "test.npz", **{**arrays, name: np.array([one.encode() for one in ("ä", "b", "c")])[:n]})
    of_bytes = read_file(tmp_path, "test")
    assert of_bytes.predictions.ids.tolist() == text.predictions.ids.tolist()
    assert of_bytes.class_names == text.class_names


@pytest.mark.parametrize("kind", ["logits", "probabilities"])
def test_values_beyond_every_float_are_refused_without_a_warning(tmp_path: Path, kind: str):
    beyond = np.longdouble(10) ** 400
    for row in ([1e308, 1e308], [np.inf, -np.inf], [beyond, 1], [np.nan, 1], [-1e308, -1e308]):
        np.savez(tmp_path / "test.npz", ids=IDS, labels=LABELS, **{kind: np.array([[1, 0], row, [0, 1]])})
        with pytest.raises(UsageError, match=r"test\.npz, item b: "):
            read_file(tmp_path, "test")
