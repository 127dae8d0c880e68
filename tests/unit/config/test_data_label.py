"""Runs and titles are called after the folder or table that a person gave."""

from pathlib import Path

import pytest

from sightline.config.data_label import data_label, folder_label


@pytest.mark.parametrize(
    ("data", "title", "folder"),
    [
        (("digits", None, None), "digits", "digits"),
        (("cifar10", "/data/x", None), "cifar10", "cifar10"),
        (("folder", "~/pics/ants_bees", None), "ants_bees", "ants_bees"),
        (("folder", "pics/ants_bees/", None), "ants_bees", "ants_bees"),
        (("folder", "my pics (1)", None), "my pics (1)", "my_pics_1"),
        (("folder", "müller's 猫", None), "müller's 猫", "müller_s_猫"),
        (("folder", ".", None), "folder", "here"),
        (("folder", "sub/..", None), "folder", "here"),
        (("folder", "/", None), "folder", "folder"),
        (("folder", "---", None), "---", "folder"),
        (("folder", "x" * 200, None), "x" * 200, "x" * 60),
        (("folder", None, None), "folder", "folder"),
        (("csv", None, "a/lungs.v2.csv"), "lungs.v2", "lungs.v2"),
        (("csv", "pics", "lungs.csv"), "lungs", "lungs"),
        (("csv", "pics", None), "csv", "csv"),
    ],
)
def test_it_is_called(
    data: tuple[str, str | None, str | None], title: str, folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "here/sub").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    assert data_label(*data) == title
    assert folder_label(*data) == folder
