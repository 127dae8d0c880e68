"""Files that rows name come, stay and go with the list of them."""

import json
from pathlib import Path

import pytest

from sightline.run.attached_files import AttachedFiles
from sightline.run.row_files import RowFiles


def predict(folder: Path, *stems: str, fails: bool = False) -> None:
    """A command that writes a mask and an overlay for each image, as `predict` does."""
    with RowFiles(folder, "predictions", ["path"]) as files:
        for stem in stems:
            names = {"mask": f"masks/{stem}.png", "overlay": f"overlays/{stem}.png", "overlays": {"a": f"a/{stem}.png"}}
            for name in (names["mask"], names["overlay"], f"a/{stem}.png"):
                files.attached.add(str(name), " ".join(stems).encode())
            files.add([{"path": stem, **names}])
        if fails:
            raise KeyboardInterrupt


def files_of(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in sorted(folder.rglob("*.png"))
        if ".partial" not in str(path)
    }


def test_a_second_call_leaves_no_file_of_the_first_and_none_of_others_is_touched(tmp_path: Path):
    predict(tmp_path, "a", "b")
    (tmp_path / "masks/mine.png").write_text("mine")
    predict(tmp_path, "b")
    assert files_of(tmp_path) == {
        "a/b.png": "b",
        "masks/b.png": "b",
        "masks/mine.png": "mine",
        "overlays/b.png": "b",
    }
    with RowFiles(tmp_path, "predictions", ["path"]) as files:  # of labels alone
        files.add([{"path": "a", "label": "x"}])
    assert files_of(tmp_path) == {"masks/mine.png": "mine"}
    assert {path.name for path in tmp_path.iterdir() if path.is_dir()} == {"masks"}


def test_what_ends_early_leaves_the_files_of_an_earlier_call_and_keeps_its_own_apart(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    predict(tmp_path, "a", "b")
    before = files_of(tmp_path), json.loads((tmp_path / "predictions.json").read_text())
    with pytest.raises(KeyboardInterrupt):
        predict(tmp_path, "a", "c", fails=True)
    assert (files_of(tmp_path), json.loads((tmp_path / "predictions.json").read_text())) == before
    (kept,) = tmp_path.glob("predictions.[0-9]*.partial")
    assert files_of(kept.rename(tmp_path / "kept")).keys() == {
        f"{folder}/{stem}.png" for folder in ("a", "masks", "overlays") for stem in "ac"
    }
    assert str(kept) in caplog.text


@pytest.mark.parametrize(
    "row",
    [
        {"mask": "../outside.png"},
        {"mask": "/outside.png"},
        {"mask": "deep/er/own.png"},
        {"mask": "notes.txt"},
        {"mask": ["own.png"]},
        {"overlays": {"a": ["own.png"], "b": 1, "c": "../outside.png"}},
        {"path": "own.png"},
        {"mask": "nul\0.png"},
        "own.png",
    ],
)
def test_a_list_that_others_wrote_removes_nothing_else(tmp_path: Path, row: object):
    folder = tmp_path / "out"
    for path in (tmp_path / "outside.png", folder / "own.png", folder / "notes.txt", folder / "deep/er/own.png"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    before = sorted(tmp_path.rglob("*.*"))
    for content in ([row], {"images": [row]}, {"images": row}):
        (folder / "rows.json").write_text(json.dumps(content))
        with AttachedFiles(folder, "rows").replacing():
            (folder / "rows.json").unlink()
        assert sorted(tmp_path.rglob("*.*")) == before
