import pytest

from sightline.config.command_words import overrides_from_words
from sightline.errors import UsageError

MODES, MODELS = ["train", "demo", "evaluate"], ["cnn", "resnet", "vit"]


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
    ],
)
def test_each_word_is_known_by_what_it_is(words: list[str], overrides: list[str]):
    assert overrides_from_words(words, MODES, MODELS) == overrides


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["restnet"], "did you mean resnet?"),
        (["evalute"], "did you mean evaluate?"),
        (["3", "4"], "training.epochs was already given as '3'"),
        (["0"], "from 1"),
        (["-2"], "from 1"),
        (["9" * 5000], "from 1"),
        (["²"], "neither a model nor a mode"),
        (["cnn", "vit"], "model was already given as 'cnn'"),
    ],
)
def test_a_wrong_word_is_refused(words: list[str], says: str):
    with pytest.raises(UsageError, match=says.replace("?", r"\?")):
        overrides_from_words(words, MODES, MODELS)
