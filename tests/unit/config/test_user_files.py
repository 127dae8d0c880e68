"""Files of a person's own: what they say, what wins over them, what is refused."""

import pytest

from sightline.cli import compose_config
from sightline.config.user_files import expand_recipe
from sightline.errors import UsageError


def test_a_recipe_stands_in_its_place_and_what_is_typed_wins(tmp_path):
    file = tmp_path / "best.yaml"
    file.write_text("overrides: [optimizer=sgd, optimizer.lr=0.5, training.epochs=3]\n")
    found = expand_recipe([f"recipe={file}", "training.epochs=9"])
    assert found == ["optimizer=sgd", "optimizer.lr=0.5", "training.epochs=9"]
    assert compose_config(found)["optimizer"]["lr"] == 0.5
    assert expand_recipe(["recipe=fast_cifar10"]) == ["recipe=fast_cifar10"]


@pytest.mark.parametrize("text", ["overrides: 3", "other: [a=1]", "- a", "overrides: [1]", "a: [", ""])
def test_a_recipe_that_is_none_is_refused(tmp_path, text):
    (tmp_path / "r.yaml").write_text(text)
    with pytest.raises(UsageError, match=r"recipe=.*r\.yaml"):
        expand_recipe([f"recipe={tmp_path}/r.yaml"])


def test_a_sweep_is_filled_in_and_what_is_typed_wins(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(
        "space: {optimizer.lr: {uniform: [0, 1]}}\ntrials: 5\njobs: 2\n"
        "sampler: {name: random}\npruner: {options: {hyperband: {min_resource: 2}}}\n"
    )
    found = compose_config([f"sweep={file}", "sweep.trials=7", "sweep.pruner.name=hyperband"])["sweep"]
    assert found["space"] == {"optimizer.lr": {"uniform": [0, 1]}}, "taken whole"
    assert (found["trials"], found["jobs"], found["top"]) == (7, 2, compose_config([])["sweep"]["top"])
    assert found["sampler"]["name"] == "random"
    assert found["pruner"]["name"] == "hyperband"
    assert found["pruner"]["options"]["hyperband"] == {"min_resource": 2}


@pytest.mark.parametrize("group", ["recipe", "sweep"])
@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_a_file_that_is_not_in_utf_8_is_named(sightline, tmp_path, group, encoding):
    file = tmp_path / "mine.yaml"
    file.write_bytes("overrides: [größe=1]".encode(encoding))
    answer = sightline(f"{group}={file}", "--cfg", "job")
    assert (answer.status, len(answer.err.splitlines())) == (2, 1)
    assert f"{file} is no text in UTF-8" in answer.err


def test_a_sweep_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"none\.yaml is not there"):
        compose_config([f"sweep={tmp_path}/none.yaml"])
