from pathlib import Path

import pytest

from sightline.config.command_words import is_override, overrides_from_words
from sightline.errors import UsageError

CHOICES = {
    "mode": ["train", "demo", "evaluate", "predict", "compare"],
    "model": ["cnn", "resnet", "vit"],
    "data": ["digits", "folder"],
}


def timm_names() -> list[str]:
    return ["resnet18", "vit_tiny_patch16_224"]


@pytest.mark.parametrize(
    ("words", "overrides"),
    [
        ([], []),
        (["10"], ["training.epochs=10"]),
        (["10", "resnet"], ["training.epochs=10", "model=resnet"]),
        (["10", "resnet", "demo"], ["training.epochs=10", "model=resnet", "mode=demo"]),
        (["", "", "evaluate"], ["mode=evaluate"]),
        (["", "vit"], ["model=vit"]),
        (["demo", "3", "cnn"], ["mode=demo", "training.epochs=3", "model=cnn"]),
        (["5", "resnet18"], ["training.epochs=5", "model=resnet18"]),
        (["resnet18.a1_in1k"], ["model=resnet18.a1_in1k"]),
        (["5", "cnn", "pics"], ["training.epochs=5", "model=cnn", "data=pics"]),
        (["cnn", "~/my pics (1)"], ["model=cnn", "data=~/my pics (1)"]),
        (["./a=b"], ["data=./a=b"]),
        (["2024/"], ["data=2024/"]),
        (["digits"], ["data=digits"]),
        (["folder"], ["data=./folder"]),
        (["t.csv"], ["data=t.csv"]),
        (["predict", "a.jpg", "it's.jpg"], ["mode=predict", 'input=["a.jpg","it\'s.jpg"]']),
        (["pics", "predict"], ["mode=predict", "input=pics"]),
        (["predict", "old", "pics"], ["mode=predict", "run=old", "input=pics"]),
        (["predict", "./[1]"], ["mode=predict", "input=./[1]"]),
        (["evaluate", "old"], ["mode=evaluate", "run=old"]),
        (["compare", "old", "pics"], ["mode=compare", 'run=["old","pics"]']),
    ],
)
def test_each_word_is_known_by_what_it_is(
    words: list[str], overrides: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    for name in ("pics", "folder", "old", "resnet18"):
        (tmp_path / name).mkdir()
    for name in ("a.jpg", "it's.jpg", "old/config.yaml"):
        (tmp_path / name).touch()
    assert overrides_from_words(words, CHOICES, timm_names) == overrides


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["restnet"], "did you mean resnet?"),
        (["help"], "--help says what they do"),
        (["2.5", "cnn"], "EPOCHS is 2.5; it takes a whole number from 1"),
        (["1e3"], "EPOCHS is 1e3; it takes a whole number from 1"),
        (["1,5"], "EPOCHS is 1,5; it takes a whole number from 1"),
        (["resnet19"], "did you mean resnet18?"),
        (["evalute"], "did you mean evaluate?"),
        (["nosuch"], "nor a folder that is here"),
        (["3", "4"], "training.epochs was already given as '3'"),
        (["0"], "from 1"),
        (["-2"], "from 1"),
        (["9" * 5000], "from 1"),
        (["²"], "neither a model nor a mode"),
        (["cnn", "vit"], "model was already given as 'cnn'"),
        (["a/b", "c/d"], "data was already given as 'a/b'"),
        (["evaluate", "a/b", "c/d"], "run was already given as 'a/b'"),
    ],
)
def test_a_wrong_word_is_refused(words: list[str], says: str):
    with pytest.raises(UsageError, match=says.replace("?", r"\?")):
        overrides_from_words(words, CHOICES, timm_names)


def test_a_mode_that_a_key_gives_says_what_a_path_is_for():
    assert overrides_from_words(["./x.jpg"], CHOICES, timm_names, "predict") == ["input=./x.jpg"]


@pytest.mark.parametrize(
    ("argument", "is_one"),
    [
        ("a=b", True),
        ("~model", True),
        ("+a.b=/c", True),
        ("=5", True),
        ("./a=b", False),
        ("~/a=b", False),
        ("~", False),
    ],
)
def test_a_path_is_no_override(argument: str, is_one: bool):
    assert is_override(argument) == is_one
