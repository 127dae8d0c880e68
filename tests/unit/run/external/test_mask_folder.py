"""Masks of another tool: pictures beside their truth, or confusion matrices; what does not fit is refused."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sightline.errors import UsageError
from sightline.metrics.segmentation.accumulator import confusion_of
from sightline.metrics.segmentation.predictions import MaskPredictions
from sightline.run.external.folder import class_names, files_of, holds_predictions, read_file, read_folder


def written(folder: Path, kind: str, name: str, array: np.ndarray, mode: str = "L") -> None:
    path = folder / "test" / kind / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(array.astype(np.uint8))
    if mode == "P":
        image.putpalette([value for code in range(256) for value in (code, 255 - code, 7)])
    image.save(path)


@pytest.fixture
def drawn(tmp_path: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Three images of unlike sizes: truth with ignored pixels, and predictions; written as pictures."""
    rng = np.random.default_rng(0)
    found = {}
    for name, shape in (("a", (4, 6)), ("b/c", (7, 3)), ("d", (5, 5))):
        truth, predicted = rng.integers(0, 3, shape), rng.integers(0, 3, shape)
        truth[0, 0] = 255
        written(tmp_path, "truth", name, truth, "P")
        written(tmp_path, "predicted", name, predicted)
        found[name] = truth, predicted
    return found


def test_pictures_become_a_confusion_matrix_an_image(tmp_path: Path, drawn):
    (tmp_path / "classes.txt").write_text("sky\nroad\ncar\n")
    assert holds_predictions(tmp_path)
    file = read_file(tmp_path, "test")
    assert file.of_masks
    assert isinstance(file.predictions, MaskPredictions)
    assert file.predictions.ids.tolist() == list(drawn)
    for matrix, (truth, predicted) in zip(file.predictions.confusions, drawn.values(), strict=True):
        assert np.array_equal(matrix, confusion_of(predicted, truth, 3, 255))
    assert file.predictions.ignored.tolist() == [1, 1, 1]
    assert class_names(read_folder(tmp_path)) == ["sky", "road", "car"]
    assert len(files_of(tmp_path, "test")) == 6


def test_pictures_that_do_not_fit_are_refused(tmp_path: Path, drawn):  # noqa: ARG001 - written by it
    def refused(match: str) -> None:
        with pytest.raises(UsageError, match=match):
            read_file(tmp_path, "test")

    good = (tmp_path / "test/predicted/d.png").read_bytes()
    written(tmp_path, "predicted", "d", np.zeros((4, 9)))
    refused(r"masks of d are 9 x 4 and 5 x 5 pixels, predicted and true; bring the prediction to the size of the truth")
    written(tmp_path, "predicted", "d", np.full((5, 5), 255))
    refused("holds 255 where the truth counts")
    Image.fromarray(np.zeros((5, 5, 3), np.uint8)).save(tmp_path / "test/predicted/d.png")
    refused("is RGB; a mask takes one number a pixel")
    (tmp_path / "test/predicted/d.png").write_bytes(b"nothing")
    refused("is no picture that can be read")
    (tmp_path / "test/predicted/d.png").rename(tmp_path / "test/predicted/e.png")
    refused("of 3 images in truth 1 are missing in predicted, and 1 in predicted have no truth, such as d")
    (tmp_path / "test/predicted/e.png").unlink()
    (tmp_path / "test/predicted/d.png").write_bytes(good)
    (tmp_path / "classes.txt").write_text("sky\nroad\n")
    refused(r"a mask holds the class 2, .*classes.txt names 2, counted from 0")


def masks(**changed: np.ndarray) -> dict[str, np.ndarray]:
    arrays = {
        "ids": np.array(["a", "b"]),
        "confusions": np.arange(8).reshape(2, 2, 2),
        "groups": np.array(["p", "q"]),
        "class_names": np.array(["no", "yes"]),
    }
    return {**arrays, **changed}


def test_an_npz_file_may_hold_confusions(tmp_path: Path):
    np.savez(tmp_path / "test.npz", **masks())
    file = read_file(tmp_path, "test")
    assert isinstance(file.predictions, MaskPredictions)
    assert np.array_equal(file.predictions.confusions, masks()["confusions"])
    assert (file.class_names, file.groups.tolist()) == (("no", "yes"), ["p", "q"])
    pixels = {"pixel_logits": np.eye(2), "pixel_labels": np.array([0, 1]), "pixel_images": np.array([0, 1])}
    np.savez(tmp_path / "test.npz", **masks(**pixels))
    assert len(read_file(tmp_path, "test").predictions.pixel_labels) == 2


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"confusions": np.zeros((2, 3, 2), int)}, "do not fit together"),
        ({"confusions": np.full((2, 2, 2), -1)}, "confusions are int64; they take whole numbers from 0"),
        ({"confusions": np.full((2, 2, 2), 0.5)}, "confusions are float64; they take whole numbers from 0"),
        ({"class_names": np.array(["a"])}, r"class_names \(1,\) for 2 ids and 2 classes"),
        ({"pixel_labels": np.array([0])}, "pixel_labels alone; sampled pixels take"),
        ({"ids": np.array(["a", "a"])}, "an id stands there twice"),
    ],
)
def test_confusions_that_do_not_fit_are_refused(tmp_path: Path, changed: dict[str, np.ndarray], says: str):
    np.savez(tmp_path / "test.npz", **masks(**changed))
    with pytest.raises(UsageError, match=says):
        read_file(tmp_path, "test")


def test_labels_and_masks_stay_apart(tmp_path: Path):
    np.savez(tmp_path / "test.npz", **masks())
    np.savez(tmp_path / "val.npz", ids=np.array(["x"]), logits=np.array([[3.0, -1]]), labels=np.array([0]))
    with pytest.raises(UsageError, match="one of val and test is of labels, the other of masks"):
        read_folder(tmp_path)


def test_a_mask_of_another_format_is_named(tmp_path: Path, drawn):
    (tmp_path / "test/truth/.hidden").touch()
    read_file(tmp_path, "test")
    Image.fromarray(drawn["a"][1].astype(np.uint8)).save(tmp_path / "test/predicted/x.tif")
    with pytest.raises(UsageError, match=r"x\.tif .* ending in \.png"):
        read_file(tmp_path, "test")


TABLE = "name,r,g,b,id\nsky,70,130,180,0\nroad,128,64,128,1\nvoid,0,0,0,255\n"
SKY, ROAD, VOID = (70, 130, 180), (128, 64, 128), (0, 0, 0)


def coloured(folder: Path, kind: str, name: str, rows: list[list[tuple[int, int, int]]]) -> None:
    path = folder / "test" / kind / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.array(rows, dtype=np.uint8)).save(path)


def test_colours_are_classes_by_a_table_and_groups_stand_in_another(tmp_path: Path):
    (tmp_path / "classes.csv").write_text(TABLE)
    coloured(tmp_path, "truth", "a", [[SKY, ROAD, VOID]])
    coloured(tmp_path, "predicted", "a", [[SKY, SKY, ROAD]])
    written(tmp_path, "truth", "b", np.array([[0, 1, 255]]))  # numbers beside colours
    written(tmp_path, "predicted", "b", np.array([[0, 1, 1]]), "P")
    file = read_file(tmp_path, "test")
    assert file.predictions.confusions.tolist() == [[[1, 0], [1, 0]], [[1, 0], [0, 1]]]
    assert (file.predictions.ignored.tolist(), file.class_names, file.groups) == ([1, 1], ("sky", "road"), None)
    (tmp_path / "groups.csv").write_text("id,group\na.png,street 1\n")
    assert read_file(tmp_path, "test").groups.tolist() == ["street 1", "image b"]


@pytest.mark.parametrize(
    ("table", "groups", "says"),
    [
        (TABLE.replace("128,64", "1,2"), "", r"holds rgb\(128,64,128\), which .*classes.csv gives to no class"),
        (TABLE.replace("70,130,180", "128,64,128"), "", "line 3: each class takes a colour of its own"),
        (TABLE.replace("128,64", "1280,64"), "", "line 3: each class takes a colour of its own, of 0 to 255"),
        (TABLE.replace("128,1\n", "128,7\n"), "", "line 3: the id is 7; ids count from 0"),
        (TABLE.replace("70,", "x,"), "", "line 2: r, g, b and id are whole numbers"),
        (TABLE.replace(",r,", ",red,"), "", "has no column r; it takes name,r,g,b"),
        ("name,r,g,b\nsky,70,130,180\n", "", "names 1 classes; it takes two at least"),
        (TABLE, "id,patient\na,p\n", "has no column group; it takes id,group"),
        (TABLE, "id,group\na,p\na,q\n", "line 3: a is in the group p already"),
    ],
)
def test_tables_that_do_not_fit_are_refused(tmp_path: Path, table: str, groups: str, says: str):
    (tmp_path / "classes.csv").write_text(table)
    for kind in ("truth", "predicted"):
        coloured(tmp_path, kind, "a", [[SKY, ROAD]])
    if groups:
        (tmp_path / "groups.csv").write_text(groups)
    with pytest.raises(UsageError, match=says):
        read_file(tmp_path, "test")
