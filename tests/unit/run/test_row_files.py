"""Rows are there as soon as they are added, in files that any reader reads, whatever ends the command."""

import csv
import json
import resource
from collections.abc import Callable
from pathlib import Path

import pytest

from sightline.errors import RunFailedError, UsageError
from sightline.run.row_files import RowFiles

ROWS = [{"path": "a,\n", "label": "x", "top": [{"label": "x"}]}, {"path": "ö", "error": "why"}, {"path": "c"}]
COLUMNS = ["path", "label", "error"]


def read(folder: Path, pattern: str) -> tuple[list[dict[str, str]], object]:
    (table,), (listed,) = folder.glob(f"*.csv{pattern}"), folder.glob(f"*.json{pattern}")
    with table.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream)), json.loads(listed.read_bytes())


def test_the_files_are_whole_after_every_call(tmp_path: Path):
    with RowFiles(tmp_path / "new/out", "rows", COLUMNS) as files:
        for end in (0, 1, 3):
            files.add(ROWS[1 if end == 3 else 0 : end])
            table, listed = read(tmp_path / "new/out", ".*.partial")
            assert [row["path"] for row in table] == [row["path"] for row in ROWS[:end]]
            assert listed == ROWS[:end]
    table, listed = read(tmp_path / "new/out", "")
    assert table[0] == {"path": "a,\n", "label": "x", "error": ""}
    assert (tmp_path / "new/out/rows.json").read_text() == json.dumps(ROWS, indent=2) + "\n"
    assert sorted(path.name for path in (tmp_path / "new/out").iterdir()) == ["rows.csv", "rows.json"]


def test_what_ends_early_keeps_the_rows_and_leaves_older_files(tmp_path: Path):
    (tmp_path / "rows.csv").write_text("older")
    ends(tmp_path, KeyboardInterrupt, lambda files: files.add(ROWS))
    assert read(tmp_path, ".*.partial")[1] == ROWS
    assert (tmp_path / "rows.csv").read_text() == "older"
    assert not (tmp_path / "rows.json").exists()


def test_nothing_is_left_where_nothing_was_answered(tmp_path: Path):
    ends(tmp_path, ZeroDivisionError, lambda _: None)
    assert not list(tmp_path.iterdir())
    ends(tmp_path, ZeroDivisionError, lambda files: (files.add(ROWS), files.discard()))
    assert not list(tmp_path.iterdir())


def ends(folder: Path, error: type[BaseException], act: Callable[[RowFiles], object]) -> None:
    """A command that does something, and is ended."""

    def command() -> None:
        with RowFiles(folder, "rows", COLUMNS) as files:
            act(files)
            raise error

    with pytest.raises(error):
        command()


def test_a_folder_that_cannot_be_written_is_refused_before_any_work(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be written: Not a directory"):
        RowFiles(tmp_path / "file/out", "rows", COLUMNS)
    with pytest.raises(UsageError, match="cannot be written: File name too long"):
        RowFiles(tmp_path, "r" * 250, COLUMNS)


@pytest.mark.parametrize("first", [0, 2])
def test_a_full_disk_is_named_and_costs_no_row_before(tmp_path: Path, first: int):
    files = RowFiles(tmp_path, "rows", COLUMNS)
    files.add(ROWS[:first])
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (600, before[1]))
    try:
        with pytest.raises(RunFailedError, match="cannot grow: File too large"):
            files.add(ROWS * 9)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    table, listed = read(tmp_path, ".*.partial")
    assert listed == ROWS[:first]
    assert len(table) == first
    files.add(ROWS[first:])
    assert read(tmp_path, ".*.partial")[1] == ROWS
    files.discard()
