"""Which search a command means: named after a person's folder, and found by the name of before."""

from pathlib import Path

from sightline.cli import compose_config
from sightline.commands.sweep_search import default_names, open_search
from sightline.config import parse
from sightline.config.schema import Config

SHARED = {"data.root": "pics", "image_size": 32}


def config(tmp_path: Path, *words: str) -> Config:
    search = tmp_path / "s.yaml"
    search.write_text("space: {optimizer.lr: {uniform: [0, 1]}}\n")
    return parse.parse(compose_config(["mode=sweep", f"sweep={search}", f"runs_dir={tmp_path}", *words]))


def test_a_search_is_named_after_the_folder_and_goes_on_under_its_former_name(tmp_path: Path):
    asked = config(tmp_path, "data=folder", f"data.root={tmp_path / 'ants bees'}", "model=cnn")
    name, former = default_names(asked, SHARED)
    assert (name.rpartition("-")[0], former.rpartition("-")[0]) == ("ants_bees-cnn", "folder-cnn")
    assert name.rpartition("-")[2] == former.rpartition("-")[2], "all that is fixed"
    assert open_search(asked, asked, SHARED).location.name == name
    open_search(asked.model_copy(update={"sweep": asked.sweep.model_copy(update={"name": former})}), asked, {}).begin(
        SHARED, None
    )
    assert open_search(asked, asked, SHARED).location.name == former
    assert open_search(asked, asked, {**SHARED, "image_size": 64}).location.name != former


def test_data_without_a_folder_have_one_name_and_a_typed_one_wins(tmp_path: Path):
    asked = config(tmp_path, "data=digits", "model=cnn")
    assert [name.rpartition("-")[0] for name in default_names(asked, SHARED)] == ["digits-cnn"]
    named = config(tmp_path, "data=digits", "model=cnn", "sweep.name=mine")
    assert open_search(named, named, SHARED).location.name == "mine"
