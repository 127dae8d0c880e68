"""Streams that are closed, full, or read by nobody."""

import os
import pty
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.conftest import ROOT


def shell(words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", words.replace("sightline", f"{sys.executable} -m sightline")],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("words", ["--help", "--version", "--cfg job"])
def test_an_answer_that_cannot_be_written_is_not_called_done(words: str):
    done = shell(f"sightline {words} >/dev/full")
    assert done.returncode == 1
    assert done.stderr == "sightline: standard output cannot be written: No space left on device\n"


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("sightline --help >&-", 0),
        ("sightline demo --nope 2>/dev/full", 2),
        ("sightline demo --nope 2>&-", 2),
        ("sightline demo --nope >&- 2>&-", 2),
        ("sightline --help >/dev/full 2>/dev/full", 1),
        ("set -o pipefail; sightline --cfg job | true", 0),
    ],
)
def test_the_status_stays_and_nothing_else_is_said(words: str, status: int):
    done = shell(words)
    assert (done.returncode, done.stdout, done.stderr) == (status, "", "")


def test_no_file_gets_the_descriptor_of_a_closed_stream(tmp_path: Path):
    code = (
        "import os, sys; from sightline.machine.streams import open_closed; open_closed();"
        f"file = open({str(tmp_path / 'weights')!r}, 'w'); sys.exit(file.fileno() < 3)"
    )
    assert subprocess.run(["bash", "-c", f'"{sys.executable}" -c "{code}" >&- 2>&-'], check=False).returncode == 0


TALK = """
import sys, time
from sightline.machine.terminal import ProgressBar, logger, show_log
show_log()
with ProgressBar(3, "working") as bar:
    time.sleep(1.1)  # what takes no second has no bar
    for number in range(3):
        bar.update(number, "working")
        if "print" in sys.argv:
            print("printed", number)
        logger.info("logged: %d", number)
        time.sleep(0.2)
"""


@pytest.mark.parametrize("is_closed", [False, True], ids=["open", "closed"])
def test_a_bar_on_a_terminal_outlives_it(is_closed: bool):
    """A closed ssh leaves a terminal that refuses every line: what is trained goes on, or saves."""
    ours, theirs = pty.openpty()
    words = [sys.executable, "-c", TALK, *([] if is_closed else ["print"])]
    talking = subprocess.Popen(words, stdout=theirs, stderr=subprocess.PIPE, text=True)
    os.close(theirs)
    shown = b""
    if not is_closed:
        with suppress(OSError):  # it has ended
            while part := os.read(ours, 4096):
                shown += part
    os.close(ours)
    _, told = talking.communicate(timeout=60)
    assert (talking.returncode, told) == (0, "")
    assert is_closed or all(word in shown for word in (b"working", b"printed 2", b"logged: "))
