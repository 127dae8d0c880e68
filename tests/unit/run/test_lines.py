"""Files of JSON lines of which one is torn: the others are all there, before it and after it."""

import json
import logging
import multiprocessing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sightline.run.lines import append_row, read_lines

ROWS = [{"time": f"t{number}", "measured": [f"{number:04x}"]} for number in range(4)]


def write(path: Path, *rows: dict[str, object]) -> None:
    for row in rows:
        append_row(path, row)


def tear(path: Path, row: dict[str, object], length: int) -> None:
    """What a process leaves that is killed while it writes."""
    with path.open("ab") as stream:
        stream.write(json.dumps(row).encode()[:length])


@pytest.mark.parametrize("length", [1, 2, 9, len(json.dumps(ROWS[1])) - 1])
def test_what_follows_a_torn_line_begins_on_a_new_one(tmp_path: Path, length: int, caplog: pytest.LogCaptureFixture):
    path = tmp_path / "ledger.jsonl"
    write(path, ROWS[0])
    tear(path, ROWS[1], length)
    write(path, *ROWS[2:])
    with caplog.at_level(logging.WARNING):
        found, again = read_lines(path), read_lines(path)
    assert (found.rows, found.torn) == ([ROWS[0], *ROWS[2:]], (2,))
    assert again == found
    assert [record.getMessage() for record in caplog.records] == [
        f"{path}: line 2 is torn and left out, all others count"
    ]


def test_a_row_that_lacks_its_end_of_line_alone_is_whole(tmp_path: Path):
    path = tmp_path / "ledger.jsonl"
    tear(path, ROWS[0], 1000)
    write(path, ROWS[1])
    assert read_lines(path).rows == ROWS[:2]
    assert read_lines(path).torn == ()


@pytest.mark.parametrize("length", [1, 2, 9, 30, 1000])
def test_rows_that_earlier_versions_glued_to_a_torn_one_are_found(tmp_path: Path, length: int):
    path = tmp_path / "ledger.jsonl"
    write(path, ROWS[0])
    tear(path, ROWS[1], length)
    with path.open("a") as stream:
        stream.writelines(json.dumps(row) + "\n" for row in ROWS[2:])
    found = read_lines(path).rows
    assert found == (ROWS if length == 1000 else [ROWS[0], *ROWS[2:]])


@pytest.mark.parametrize("line", [b"\xff\xfe{", b"[" * 100_000, b'{"a":' * 100_000, b"1" * 9000, b"[1]", b"null", b"}"])
def test_whatever_stands_in_a_line_costs_that_line_alone(tmp_path: Path, line: bytes):
    path = tmp_path / "metrics.jsonl"
    write(path, ROWS[0])
    with path.open("ab") as stream:
        stream.write(line + b"\n\n")
    write(path, ROWS[1])
    assert read_lines(path).rows == ROWS[:2]
    assert read_lines(path).torn == (2,)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(st.dictionaries(st.text(), st.floats(-1, 1) | st.text()), st.booleans()), max_size=8), st.data()
)
def test_no_row_is_lost_wherever_the_others_are_torn(tmp_path_factory: pytest.TempPathFactory, rows, data):
    path = tmp_path_factory.mktemp("lines") / "metrics.jsonl"
    path.touch()
    whole = []
    for row, is_torn in rows:
        if is_torn:
            tear(path, row, data.draw(st.integers(0, len(json.dumps(row)) - 1)))
        else:
            append_row(path, row)
            whole.append(row)
    assert read_lines(path).rows == whole


def _append_many(path: Path, writer: int) -> None:
    for number in range(200):
        append_row(path, {"writer": writer, "number": number, "padding": "x" * 300})


def test_processes_that_write_at_once_take_turns(tmp_path: Path):
    path = tmp_path / "ledger.jsonl"
    path.write_bytes(b'{"torn')
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_append_many, args=(path, writer)) for writer in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    found = read_lines(path)
    assert found.torn == (1,)
    assert sorted((row["writer"], row["number"]) for row in found.rows) == [
        (w, n) for w in range(3) for n in range(200)
    ]
