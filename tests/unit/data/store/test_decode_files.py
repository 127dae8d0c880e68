import os
from pathlib import Path

from sightline.data.reduction import Reduction
from sightline.data.store import decode_files as decode_files_module
from sightline.data.store.decode_files import decode_files
from sightline.data.store.entries import read_entries
from tests.unit.data.store.conftest import children, joined


def test_any_number_of_workers_gives_the_same_in_order(files, capfd):
    sizes = [Path(path).stat().st_size for path in files]
    expected = read_entries(files, Reduction(6))
    capfd.readouterr()
    assert sum(entry.error is not None for entry in expected[0]) == 6
    for count in (2, 3):
        assert joined(decode_files(files, sizes, Reduction(6), count)) == expected
    assert capfd.readouterr() == ("", "")
    assert joined(decode_files(files, sizes, Reduction(6), 0)) == expected
    assert children() == []


def test_chunks_keep_order_and_bounds():
    paths = [str(number) for number in range(1000)]
    small = decode_files_module._chunks(paths, [10] * 1000, 32, 2)
    assert [path for chunk in small for path in chunk] == paths
    assert max(map(len, small)) == 125
    large = decode_files_module._chunks(paths, [700_000] * 1000, 32, 2)
    assert {len(chunk) for chunk in large} == {2}
    assert decode_files_module._chunks([], [], None, 2) == []


def test_few_files_start_no_process(files, monkeypatch):
    monkeypatch.setattr(decode_files_module, "Pool", None)
    assert len(joined(decode_files(files[:100], [1] * 100, Reduction(), 4))[0]) == 100


def test_closing_early_ends_the_workers(files):
    chunks = decode_files(files, [1] * len(files), Reduction(), 2)
    next(chunks)
    assert len(children()) == 2
    # Ctrl-C at a terminal goes to a whole process group: they are in none of ours.
    assert os.getpgid(0) not in {os.getpgid(child.pid) for child in children()}
    chunks.close()
    assert children() == []
