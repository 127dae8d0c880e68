import logging

import pytest

from sightline.reporting.sections.blocks import Cell, Table
from sightline.reporting.terminal import show


def test_a_table_is_logged_with_its_columns_aligned(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(logging.getLogger("sightline"), "propagate", True)
    with caplog.at_level(logging.INFO, "sightline"):
        show("checks", Table(("Check", "Outcome"), [["odd images", Cell("passed", outcome="pass")]]))
    # Where another test of this process has left a handler behind, the same line is heard twice.
    assert set(caplog.messages) == {"checks\n  Check       Outcome\n  odd images  passed"}
