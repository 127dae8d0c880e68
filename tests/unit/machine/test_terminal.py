import subprocess
import sys
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
