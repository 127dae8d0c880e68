import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from sightline.data import formats
from sightline.data.reduction import Reduction
from sightline.data.store import entries as program
from sightline.data.store.decode_files import decode_files
from sightline.data.store.entries import read_entries
from sightline.errors import RunFailedError
from sightline.machine import reading
from tests.unit.data.store.conftest import children, joined


def test_a_worker_that_dies_over_a_file_costs_that_file_alone(files, tmp_path, monkeypatch):
    # A stand-in for a decoder that crashes: it dies over every path that holds the word.
    folder = tmp_path / "sightline" / "data" / "store"
    shutil.copytree(Path(program.__file__).parent, folder)
    (tmp_path / "sightline/machine").mkdir()
    for place in (folder, *folder.parents[:2], tmp_path / "sightline/machine"):
        (place / "__init__.py").write_text("")
    text, line = Path(program.__file__).read_text(), "        content = read_regular(path_of(file))"
    assert text.count(line) == 1
    deadlier = text.replace(line, "        if 'deadly' in path_of(file): os.kill(os.getpid(), 9)\n" + line)
    (folder / "entries.py").write_text(deadlier)
    for module in Path(formats.__file__).parent.glob("*.py"):
        shutil.copy(module, folder.parent)
    shutil.copy(reading.__file__, tmp_path / "sightline/machine")
    monkeypatch.syspath_prepend(str(tmp_path))
    deadly = tmp_path / "deadly.png"
    deadly.write_bytes(b"x")
    paths = [*files[:100], str(deadly), *files[100:]]
    entries, pixels = joined(decode_files(paths, [1] * len(paths), Reduction(), 2))
    expected, expected_pixels = read_entries(files, Reduction())
    assert entries[100].error == "the decoder crashed on it"
    assert entries[:100] + entries[101:] == expected
    assert pixels == expected_pixels


def test_a_worker_that_cannot_start_says_why(files, tmp_path, monkeypatch):
    (tmp_path / "PIL").mkdir()
    (tmp_path / "PIL" / "__init__.py").write_text("raise ImportError('no Pillow for you')")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    with pytest.raises(RunFailedError, match=r"no Pillow for you; data.workers=0"):
        joined(decode_files(files, [1] * len(files), Reduction(), 2))
    assert children() == []


PARENT = """
import sys, time
from sightline.data.reduction import Reduction
from sightline.data.store.decode_files import decode_files
paths = sys.argv[1:]
chunks = decode_files(paths, [1] * len(paths), Reduction(), 2)
next(chunks)
print("started", flush=True)
try:
    time.sleep(60)
finally:
    chunks.close()
"""


@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGINT])
def test_workers_end_with_their_parent(files, stop):
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, *files], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with parent:
        assert parent.stdout.readline() == "started\n"
        found = psutil.Process(parent.pid).children(recursive=True)
        assert len(found) == 2
        parent.send_signal(stop)
        complaints = parent.communicate(timeout=100)[1]
    assert psutil.wait_procs(found, timeout=100)[1] == []
    assert complaints.count("Traceback") == (0 if stop == signal.SIGKILL else 1)


def test_the_main_program_is_not_run_again(files, tmp_path):
    # No guard around it: with multiprocessing's spawn each worker would start the program anew.
    program = tmp_path / "program.py"
    program.write_text(
        "import sys\nfrom sightline.data.reduction import Reduction\n"
        "from sightline.data.store.decode_files import decode_files\nprint('begun')\npaths = sys.argv[1:]\n"
        "print(sum(len(entries) for entries, _ in decode_files(paths, [1] * len(paths), Reduction(), 2)))\n"
    )
    done = subprocess.run([sys.executable, str(program), *files], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("begun\n240\n", "")
