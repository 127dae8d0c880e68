"""Whose a folder is, and that a command takes back what it made alone."""

import json
from pathlib import Path

import pytest

from sightline.errors import UsageError
from sightline.run.folder import Run
from sightline.run.lock import LOCK
from sightline.run.ownership import MARK, MARKER, check_ours
from tests.conftest import ROOT

GOLDEN = sorted({path.parent for path in (ROOT / "tests/golden").rglob("config.yaml")})


def files(folder: Path) -> dict[str, bytes | None]:
    """What a folder holds."""
    return {
        path.relative_to(folder).as_posix(): None if path.is_dir() else path.read_bytes() for path in folder.rglob("*")
    }


@pytest.mark.parametrize("folder", GOLDEN, ids=lambda folder: folder.relative_to(ROOT / "tests/golden").as_posix())
def test_runs_of_earlier_versions_are_known_by_their_files(folder: Path):
    assert not (folder / MARKER).exists()
    check_ours(folder, "output")


@pytest.mark.parametrize(
    "content",
    [
        {"config.yaml": "a: 1"},
        {"config.yaml": "a: 1", "provenance.json": "{}"},
        {"config.yaml": "a: 1", "provenance.json": "["},
        {"config.yaml": "a: 1", "provenance.json": "[" * 50_000},
        {"provenance.json": '{"config_hash": "a"}'},
        {"thesis.tex": ""},
        {".hidden": ""},
        {"photos/a.jpg": ""},
        {"predictions.csv": "id,answer\n", "predictions.json": "[]"},
        {"predictions.csv": "path,label,probability,error\n", "predictions.json": "[]", "notes.txt": ""},
        {LOCK: "", "thesis.tex": ""},
    ],
)
def test_what_somebody_else_made_is_refused(tmp_path: Path, content: dict[str, str]):
    for name, text in content.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    with pytest.raises(UsageError, match=f"output={tmp_path} holds '.*' and was not made by Sightline"):
        check_ours(tmp_path, "output")


@pytest.mark.parametrize(
    "content",
    [
        {},
        {MARKER: MARK, "report.html": ""},
        {LOCK: ""},
        {LOCK: "", ".config.yaml.77.partial": ""},
        {"predictions.csv": "path,label,probability,error\n", "predictions.json": "[]"},
        {"config.yaml": "a: 1", "provenance.json": json.dumps({"config_hash": "a"})},
    ],
)
def test_what_is_empty_or_made_here_may_be_written(tmp_path: Path, content: dict[str, str]):
    for name, text in content.items():
        (tmp_path / name).write_text(text)
    check_ours(tmp_path, "output")


def test_what_is_no_folder_is_refused(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be used: Not a directory"):
        check_ours(tmp_path / "file", "output")
    check_ours(tmp_path / "absent", "output")


def ask(run: Run) -> None:
    """What a command writes before it does anything."""
    run.save_text(MARKER, MARK)
    run.save_text("config.yaml", "new: question\n")
    run.append_text("log.txt", "asked\n")


def test_folders_that_a_command_made_go_again(tmp_path: Path):
    run = Run.at(tmp_path / "a/b/c")
    ask(run)
    run.file("checkpoints/best.pt")
    run.discard_if_unused()
    assert files(tmp_path) == {}
    (tmp_path / "a").mkdir()
    run = Run.at(tmp_path / "a/b/c")
    ask(run)
    run.discard_if_unused()
    run.discard_if_unused()
    assert files(tmp_path) == {"a": None}, "what was there stays, though it is empty"


@pytest.mark.parametrize(
    "before", [{}, {"config.yaml": "old: question\n", "log.txt": "old\n", MARKER: MARK, "comparison.json": "{}"}]
)
def test_a_folder_that_was_there_is_as_it_was(tmp_path: Path, before: dict[str, str]):
    for name, text in before.items():
        (tmp_path / name).write_text(text)
    run = Run.at(tmp_path)
    ask(run)
    run.file("figures/a.png")
    run.discard_if_unused()
    expected = {name: text.encode() for name, text in before.items()}
    if before:
        expected["log.txt"] = b"old\nasked\n"
    assert files(tmp_path) == expected


@pytest.mark.parametrize("name", ["split.json", "thesis.tex", "figures/a.png"])
def test_nothing_goes_where_more_than_the_question_is(tmp_path: Path, name: str):
    run = Run.at(tmp_path / "run")
    ask(run)
    path = run.file(name)
    path.write_text("mine")  # another process did
    before = files(tmp_path)
    run.discard_if_unused()
    assert files(tmp_path) == before


def test_a_run_that_was_opened_is_never_removed(tmp_path: Path):
    ask(Run.at(tmp_path / "run"))
    before = files(tmp_path)
    opened = Run.open(str(tmp_path / "run"), tmp_path)
    opened.save_text("config.yaml", "new: question\n")
    opened.discard_if_unused()
    assert files(tmp_path) == before
