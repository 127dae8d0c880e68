import subprocess
import sys

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
