import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from contextlib import suppress
from pathlib import Path

import pytest

from sightline.errors import UsageError
from sightline.machine.terminal import log_to, logger

TALK = """
from sightline.machine.terminal import logger, show_log
show_log()
for number in range(20_000):
    logger.info("line %d", number)
logger.warning("done")
"""


def test_a_reader_that_has_gone_costs_neither_the_command_nor_a_traceback():
    talking = subprocess.Popen(
        [sys.executable, "-c", TALK], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
    )
    assert talking.stdout is not None
    assert talking.stdout.readline() == "line 0\n"
    talking.stdout.close()
    talking.stdout = None
    _, told = talking.communicate(timeout=60)
    assert (talking.returncode, told) == (0, "done\n")


STRANGE = """
from sightline.machine.terminal import log_to, logger, show_log
from pathlib import Path

from sightline.machine.terminal import log_to, logger
import sys
from pathlib import Path

from sightline.machine.terminal import log_to, logger
show_log()
with log_to(Path(sys.argv[1])):
    logger.info("read %s", "a\\x1b[31m\\udcff.png")
    logger.warning("not %s", "\\x1b]0;title\\x07.png")
"""


def test_names_in_log_lines_are_spelled_out(tmp_path: Path):
    told = subprocess.run(
        [sys.executable, "-c", STRANGE, str(tmp_path / "log.txt")], capture_output=True, text=True, check=True
    )
    assert told.stdout == "read a\\x1b[31m\\udcff.png\n"
    assert told.stderr == "not \\x1b]0;title\\x07.png\n"
    assert "read a\\x1b[31m\\udcff.png\n" in (tmp_path / "log.txt").read_text()


def test_a_log_that_cannot_be_opened_is_done_without(tmp_path: Path):
    with log_to(tmp_path / "missing/log.txt"):
        logger.info("on")
    assert not (tmp_path / "missing").exists()


def test_a_log_on_a_full_disk_hides_no_message():
    def refuse() -> None:
        with log_to(Path("/dev/full")):
            logger.warning("a line that the disk does not take")
            raise UsageError("the words that matter")

    with pytest.raises(UsageError, match="the words that matter"):
        refuse()
    with log_to(Path("/dev/full")):
        logger.warning("another")


def shown(code: str, columns: int = 80) -> str:
    """What a program writes to a terminal of so many columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": str(columns)}
    talking = subprocess.Popen([sys.executable, "-c", code], stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    found = b""
    with suppress(OSError):  # the other end is closed
        while part := os.read(ours, 4096):
            found += part
    os.close(ours)
    assert talking.wait(timeout=60) == 0
    return found.decode().replace("\r\n", "\n")


ON_A_TERMINAL = """
from sightline.machine.terminal import ProgressBar, logger, show_log, show_table
show_log()
logger.info("report: /home/anna/%s/report.html", "a folder with a name " * 6)
logger.info("word " * 30)
logger.info("a :dog: and [red]")
rows = [["Accuracy", "95.0 %", "a method of a length", "95 %"], ["ECE", "20 %", "b" * 57, "95 %"]]
show_table("test split", ["Metric", "Value", "Method", "Level"], rows)
with ProgressBar(3, "quick") as bar:
    bar.update(1, "quick")
"""


def test_a_terminal_of_80_columns_shows_paths_in_one_piece_words_whole_and_tables_that_fit():
    lines = shown(ON_A_TERMINAL).splitlines()
    assert lines[0] == f"report: /home/anna/{'a folder with a name ' * 6}/report.html"
    assert [set(line.split()) for line in lines[1:3]] == [{"word"}, {"word"}]
    assert lines[3] == "a :dog: and [red]"
    assert lines[4] == "test split, level 95 %"
    assert all(len(line) <= 80 for line in lines[4:])
    assert "quick" not in "".join(lines), "what takes no second has no bar"


SLOW = """
from sightline.machine import terminal
terminal.DELAY = 0.0
with terminal.ProgressBar(5000, "training", 10) as bar:
    bar.update(1234, "epoch 12/100", "loss 0.506 · 980 images/s · val_loss 0.500")
    bar._progress.refresh()
"""


def test_the_bar_and_its_times_fit_beside_as_much_of_the_note_as_there_is_room_for():
    for columns, note in ((80, "loss 0.506"), (140, "val_loss 0.500")):
        drawn = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown(SLOW, columns))
        [line] = {line.strip() for line in re.split(r"[\r\n]", drawn) if "1234/5000" in line}
        assert "left" in line
        assert line.endswith(note)
        assert len(line) <= columns
