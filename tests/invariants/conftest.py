"""What the tests of faults count is told at the end, whichever process counted it."""

import pytest
from _pytest.terminal import TerminalReporter


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Print what tests recorded as `faults`."""
    told = [
        value
        for reports in terminalreporter.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport) and report.when == "call"
        for key, value in report.user_properties
        if key == "faults"
    ]
    if told:
        terminalreporter.section("faults")
        for line in told:
            terminalreporter.write_line(str(line))
