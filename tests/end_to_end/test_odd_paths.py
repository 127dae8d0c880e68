"""Folders by the names that people give them, all the way to the images in them."""

from pathlib import Path

import pytest

from tests.conftest import Command

NAMES = ("my pics (1)", "it's müller's 猫 #1, a=b, {c} [d] $x")


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_at_home_is_read_by_any_name(
    sightline: Command, tmp_path: Path, bars: Path, name: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / name).symlink_to(bars)
    answer = sightline("validate", "data=folder", f"data.root=~/{name}/", f"runs_dir=~/runs of {name}")
    assert answer.status == 0, answer.err
    assert (tmp_path / f"runs of {name}").is_dir()
