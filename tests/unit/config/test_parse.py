import copy
import datetime as dt
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from sightline.cli import compose_config
from sightline.config import parse
from sightline.errors import UsageError


@pytest.fixture
def content() -> dict[str, Any]:
    return copy.deepcopy(compose_config([]))


def put(content: dict[str, Any], key: str, value: object) -> dict[str, Any]:
    *groups, last = key.split(".")
    place = content
    for group in groups:
        place = place[group]
    place[last] = value
    return content


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("optimizer.lrr", 1.0, "unknown key optimizer.lrr; did you mean optimizer.lr?"),
        ("seeed", 1, "unknown key seeed; did you mean seed?"),
        ("transforms.crop.paddingg", 1, "did you mean transforms.crop.padding?"),
        ("optimizer.lr", "abc", 'optimizer.lr="abc"'),
        ("optimizer.lr", -1.0, "greater than 0"),
        ("training.epochs", 2.5, "training.epochs=2.5"),
        ("training.epochs", True, "training.epochs=true"),
        ("training.precision", "bf61", "did you mean bf16?"),
        ("data.name", "imagenet", "imagenet"),
        ("data.validation.unreadable", "ignore", "refuse"),
        ("mode.stages", ["train", "os.system"], "mode.stages.1"),
        ("data.val_fraction", 0.9, "must stay below 1"),
        ("optimizer.lr", float("nan"), "optimizer.lr"),
        ("transforms.affine.scale", [1.2, 0.8], "must not fall"),
        ("transforms.policy.chain_depth", 0, "transforms.policy.chain_depth: a chain of 0 operations changes nothing"),
        ("transforms.policy.chain_depth", -2, "transforms.policy.chain_depth=-2: it must be greater than or equal to"),
        ("transforms.policy.learned_on", "cifar", "did you mean cifar10?"),
        ("transforms.policy.severity", 11, "transforms.policy.severity=11: it must be less than or equal to 10"),
        ("transforms.policy.alpha", 0.0, "transforms.policy.alpha=0.0: it must be greater than 0"),
        ("optimizer.lr", float("inf"), "optimizer.lr=Infinity: it must be a finite number"),
        ("optimizer.betas", [0.9, float("-inf")], "optimizer.betas.1=-Infinity"),
        ("seed", 99999999999999999999, "seed=99999999999999999999 is beyond 64 bits"),
        ("seeds", [1, 2**63], "is beyond 64 bits"),
        ("data.split_seed", -(2**64), "is beyond 64 bits"),
        ("data.root", "caf\udce9", "no text in UTF-8"),
        ("sweep.name", "[b]", 'sweep.name="[b]" must be a plain name'),
        ("seed", dt.date(2026, 1, 1), "the configuration holds what is no number"),
    ],
)
def test_a_wrong_value_is_named(content: dict[str, Any], key: str, value: object, says: str):
    with pytest.raises(UsageError) as refusal:
        parse.parse(put(content, key, value))
    assert says in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_random_weights_cannot_be_frozen():
    with pytest.raises(UsageError, match="random weights of cnn") as refusal:
        parse.parse(compose_config(["freezing=progressive", "training.epochs=20"]))
    assert "freezing=none" in str(refusal.value)


def test_learned_weights_can(tmp_path: Path):
    overrides = ["freezing=progressive", "training.epochs=20"]
    parse.parse(compose_config([*overrides, "model=vit"]))
    parse.parse(compose_config([*overrides, f"model.weights={tmp_path / 'w.pt'}"]))
    with pytest.raises(UsageError, match="random weights"):
        parse.parse(compose_config([*overrides, "model=vit", "model.pretrained=false"]))


@pytest.mark.parametrize(("epochs", "says"), [("[5,10,15]", "beyond the last epoch"), ("[3,2]", "must increase")])
def test_stages_of_unfreezing_must_happen(epochs: str, says: str):
    with pytest.raises(UsageError, match=says):
        parse.parse(
            compose_config(
                ["model=vit", "freezing=progressive", f"freezing.unfreeze_at={epochs}", "training.epochs=15"]
            )
        )


@pytest.mark.parametrize(
    ("overrides", "rate"),
    [([], 6e-3), (["model=vit"], 1e-4), (["model=vit", "optimizer.lr_base=3e-4"], 3e-4), (["optimizer=sgd"], 0.1)],
)
def test_a_model_brings_its_rate_unless_one_is_given(overrides: list[str], rate: float):
    found = compose_config(overrides)["optimizer"]
    assert (found["lr"], found["lr_base"]) == ("auto", rate)
    assert compose_config([*overrides, "optimizer.lr=7"])["optimizer"]["lr"] == 7


def test_a_configuration_is_frozen(content: dict[str, Any]):
    config = parse.parse(content)
    with pytest.raises(ValueError, match="frozen"):
        config.training.epochs = 3  # type: ignore[misc]


def test_the_hash_follows_what_training_fixes():
    def digest(*overrides: str) -> str:
        return parse.config_hash(parse.parse(compose_config(list(overrides))))

    base = digest()
    assert len(base) == 8
    assert digest("optimizer.lr=0.5") != base
    assert digest("limit=100") != base
    assert digest("seed=4") == base, "runs of several seeds share it"
    assert digest("evaluation.level=0.9", "runs_dir=elsewhere") == base


@pytest.mark.parametrize(("text", "says"), [("a: [", "no YAML"), ("- 1", "no configuration"), ("seed: 1", "missing")])
def test_a_damaged_file_is_named(tmp_path: Path, text: str, says: str):
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match=says) as refusal:
        parse.read(path, compose_config([]))
    assert "config.yaml" in str(refusal.value)


STRANGE = {
    "latin-1": "model: {name: größe}".encode("latin-1"),
    "utf-16": "seed: 1".encode("utf-16"),
    "zeros": bytes(9),
    "date": b"seed: 2026-13-45",
    "tab": b"seed:\t{\n\t- 1",
    "digits": b"seed: " + b"9" * 5000,
    "depth": b"[" * 20_000,
    "no time": b"seed: !!timestamp noon",
    "neither": b"seed: !!bool maybe",
    "no number": b"seed: !!int",
    "endless": b"model: &again [*again]",
    "aliases": b"a0: &a0 [1]\n" + b"".join(b"a%d: &a%d [*a%d, *a%d]\n" % (i, i, i - 1, i - 1) for i in range(1, 60)),
    "merged": b"a0: &a0 {x: 1}\n"
    + b"".join(b"a%d: &a%d {<<: [*a%d, *a%d]}\n" % (i, i, i - 1, i - 1) for i in range(1, 60)),
}


@pytest.mark.parametrize("content", STRANGE.values(), ids=STRANGE)
def test_a_file_that_is_no_yaml_in_utf_8_is_named_in_one_line(tmp_path: Path, content: bytes):
    path = tmp_path / "config.yaml"
    path.write_bytes(content)
    for read in (parse.load, parse.read_model, lambda path: parse.read(path, compose_config([]))):
        with pytest.raises(UsageError) as refusal:
            read(path)
        assert str(refusal.value).startswith(f"{path} is no ")
        assert "\n" not in str(refusal.value)


@pytest.mark.timeout(20)
def test_a_file_that_is_no_regular_one_or_too_large_is_named(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "large.yaml").write_text("a: " + "[1]" * 10**5)
    for name, words in {"pipe": "a named pipe", "large": "0.3 MB are more than the 0.26 MB of a configuration"}.items():
        with pytest.raises(UsageError, match=f"{name}.yaml cannot be read: .*{words}"):
            parse.load(tmp_path / f"{name}.yaml")


def test_a_key_that_is_no_text_is_an_unknown_one(content: dict[str, Any]):
    for key in (1, None, 2.5):
        with pytest.raises(UsageError, match="unknown key"):
            parse.parse({**content, key: {"a": 1}})  # type: ignore[dict-item]


def test_a_folder_is_no_configuration(tmp_path: Path):
    with pytest.raises(UsageError, match=r"cannot be read: Is a directory"):
        parse.load(tmp_path)


def test_a_run_from_before_a_free_key_existed_can_be_opened(tmp_path: Path):
    today = compose_config(["evaluation.gallery=3"])
    older = copy.deepcopy(today)
    del older["evaluation"]["gallery"], older["uncertainty"]
    older["evaluation"]["level"] = 0.8
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(older))
    found = parse.read(path, today)
    assert (found.evaluation.gallery, found.evaluation.level) == (3, 0.8)
    assert found.uncertainty.passes == today["uncertainty"]["passes"]
    del older["training"]["epochs"]
    path.write_text(yaml.safe_dump(older))
    with pytest.raises(UsageError, match=r"training.epochs is missing in .*config.yaml"):
        parse.read(path, today)


def test_the_model_alone_can_be_read(tmp_path: Path):
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump({"model": compose_config(["model=cnn"])["model"]}))
    assert parse.read_model(path).name == "cnn"
    path.write_text("model: {name: cnn}")
    with pytest.raises(UsageError, match=r"config.yaml: model.cnn.width: Field required"):
        parse.read_model(path)


@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        (["seeds=[1,2]"], "is for one model"),
        (["mode=sweep"], "is for one model"),
        (["tracking=none"], "takes tracking=mlflow"),
        (["tracking.log_model=false"], "takes tracking=mlflow with log_model=true"),
    ],
)
def test_one_logged_model_is_registered(overrides: list[str], says: str):
    with pytest.raises(UsageError, match=says):
        parse.parse(compose_config([*overrides, "tracking.registered_model_name=shapes"]))


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["fit=whole"], r"fit=whole is for models of masks; model=cnn takes squares"),
        (["resize=300"], r"resize=300 is for fit=whole; fit=crop makes squares of image_size"),
        (["tile=512", "fit=squash"], r"tile=512 is for fit=whole; fit=squash"),
    ],
)
def test_whole_images_are_for_masks(overrides: list[str], message: str):
    with pytest.raises(UsageError, match=message):
        parse.parse(compose_config(overrides))


def test_fit_follows_the_model():
    found = {
        model: parse.parse(compose_config([f"model={model}"])).fit for model in ("cnn", "timm", "unet", "multitask")
    }
    assert found == {"cnn": "crop", "timm": "crop", "unet": "whole", "multitask": "whole"}
    assert parse.parse(compose_config(["model=unet", "fit=letterbox"])).fit == "letterbox"
    assert parse.parse(compose_config(["model=unet", "resize=none", "tile=512"])).resize == "none"
    with pytest.raises(UsageError, match="resize=64 leaves images smaller than the crops of image_size=96"):
        parse.parse(compose_config(["model=unet", "resize=64", "image_size=96"]))


def test_a_sweep_is_about_what_the_model_learns():
    found = {
        model: parse.parse(compose_config([f"model={model}"])).sweep.metric for model in ("cnn", "unet", "multitask")
    }
    assert found == {"cnn": "val_accuracy", "unet": "val_mean_iou", "multitask": "val_accuracy"}
    assert parse.parse(compose_config(["model=unet", "sweep=quick"])).sweep.metric == "val_mean_iou"
    assert parse.parse(compose_config(["sweep.metric=val_f1_macro"])).sweep.metric == "val_f1_macro"


def test_a_list_that_is_too_short_says_how_many_values_it_takes():
    with pytest.raises(UsageError) as caught:
        parse.parse(compose_config(["model=unet", "data=shapes", "model.decoder_channels=[1,2]"]))
    assert str(caught.value) == "model.decoder_channels=[1, 2] holds 2 values, and it takes 5"
    with pytest.raises(UsageError, match=r"^explain.methods=\[\] holds 0 values, and it takes 1 or more$"):
        parse.parse(compose_config(["explain.methods=[]"]))
