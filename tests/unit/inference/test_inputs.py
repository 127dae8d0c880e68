"""Files, folders and lists of them become image files in order."""

import os
from pathlib import Path

import pytest

from sightline.errors import UsageError
from sightline.inference.inputs import distinct_stems, list_inputs


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.png", "a/z.JPG", "a/notes.txt", "c.webp"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "empty").mkdir()
    return tmp_path


def test_a_folder_is_walked_a_file_is_taken_and_a_list_keeps_its_order(folder: Path):
    assert list_inputs(str(folder)) == [folder / "a/z.JPG", folder / "b.png", folder / "c.webp"]
    assert list_inputs(str(folder / "a/notes.txt")) == [folder / "a/notes.txt"]
    assert list_inputs([str(folder / "c.webp"), str(folder / "a")]) == [folder / "c.webp", folder / "a/z.JPG"]


def test_hidden_names_are_passed_over_as_in_training_unless_they_are_named(folder: Path):
    for name in (".hidden.png", ".thumbnails/a.png", "a/.b.png"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()
    assert list_inputs(str(folder)) == [folder / "a/z.JPG", folder / "b.png", folder / "c.webp"]
    assert list_inputs(str(folder / ".hidden.png")) == [folder / ".hidden.png"]
    assert list_inputs(str(folder / ".thumbnails")) == [folder / ".thumbnails/a.png"]


def test_what_is_not_there_is_named(folder: Path):
    with pytest.raises(UsageError, match=r"add input=FILE"):
        list_inputs(None)
    with pytest.raises(UsageError, match=r"add input=FILE"):
        list_inputs([])
    with pytest.raises(UsageError, match="is a folder without images"):
        list_inputs(str(folder / "empty"))
    with pytest.raises(UsageError, match="is not there"):
        list_inputs([str(folder / "b.png"), str(folder / "none")])
    for odd in ("n" * 300, "a\0b"):
        with pytest.raises(UsageError, match="is not there"):
            list_inputs(odd)


def test_what_is_no_regular_file_is_left_for_its_reader_to_name(folder: Path):
    os.mkfifo(folder / "a/pipe.png")
    (folder / "round.png").symlink_to("round.png")
    (folder / "a/round").symlink_to("round")
    assert list_inputs(str(folder))[:2] == [folder / "a/pipe.png", folder / "a/z.JPG"]
    assert list_inputs(str(folder))[-1] == folder / "round.png"
    assert list_inputs([str(folder / "round.png"), "/dev/zero"]) == [folder / "round.png", Path("/dev/zero")]


def test_files_made_of_images_of_one_name_do_not_overwrite_each_other():
    paths = [Path(name) for name in ("a/x.png", "b/x.jpg", "x-2.png", "c/X.png", "猫.png", "d/x.gif", "d/猫.gif")]
    stems = distinct_stems(paths)
    assert stems == ["x", "x-2", "x-2-2", "X-3", "猫", "x-4", "猫-2"]
    assert len({stem.casefold() for stem in stems}) == len(paths)
    assert len(set(distinct_stems([Path("a/image.png")] * 20_000))) == 20_000


def test_a_name_that_is_no_text_or_fills_its_folder_leaves_room_for_a_suffix():
    names = [os.fsdecode(b"bad\xff.png"), "x" * 251 + ".png", "x" * 252 + ".gif", "猫" * 83 + ".png"]
    stems = distinct_stems([Path(name) for name in names])
    assert stems == ["bad\\udcff", "x" * 200, "x" * 200 + "-2", "猫" * 66]
