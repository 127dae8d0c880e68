"""The data gate: every image in one split, or a refusal before anything is trained."""

import shutil
from pathlib import Path

from tests.conftest import Command
from tests.stages.conftest import load, strangers, times


def test_every_image_has_one_split(sightline: Command, on_bars: tuple[str, ...], tmp_path: Path):
    answer = sightline("validate", *on_bars, f"runs_dir={tmp_path}")
    assert answer.status == 0, answer.err
    run = next(tmp_path.glob("*-cnn/*"))
    split = load(run, "split.json")
    ids = [name for part in split["items"].values() for name in part["ids"]]
    assert len(ids) == len(set(ids)) == 64
    assert set(times(run)) - {"config.yaml", "provenance.json"} == {
        *("log.txt", "split.json", "validation.json", "figures/class_balance.png")
    }
    assert not strangers("validate", set(times(run)) - {"config.yaml", "provenance.json"})


def test_what_cannot_be_read_is_refused_by_name(
    sightline: Command, on_bars: tuple[str, ...], bars: Path, tmp_path: Path
):
    shutil.copytree(bars, tmp_path / "data")
    (tmp_path / "data/lying/bad.png").write_bytes(b"no picture")
    words = [f"data.root={tmp_path / 'data'}" if word.startswith("data.root=") else word for word in on_bars]
    answer = sightline("validate", *words, f"runs_dir={tmp_path}")
    assert (answer.status, "lying/bad.png" in answer.err) == (3, True), answer.err
    run = next(tmp_path.glob("*-cnn/*"))
    assert (run / "validation.json").is_file()
    assert not (run / "split.json").exists()
