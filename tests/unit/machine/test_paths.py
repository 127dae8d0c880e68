from pathlib import Path

import pytest

from sightline.machine.paths import path_of


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("~", "/home/anna"), ("~/pics", "/home/anna/pics"), ("~nobody-knows/x", "~nobody-knows/x"), ("a~b", "a~b")],
)
def test_a_home_is_put_in_and_nothing_else(typed: str, meant: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", "/home/anna")
    assert path_of(typed) == Path(meant)
