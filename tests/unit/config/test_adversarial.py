"""How adversarial training is asked for, and mistakes in doing so."""

import pytest

from sightline.cli import configure
from sightline.config.targets import problem_of_idle
from sightline.errors import UsageError

OF_IMAGES = "freezing=backbone model=resnet training.epochs=20 freezing.cached_views=4 data=digits"


def test_by_default_nothing_is_attacked():
    found = configure("mode=demo").training.adversarial
    assert (found.name, found.is_on) == ("none", False)
    assert (found.norm, found.budget, found.steps, found.step_size, found.clean) == ("linf", 8.0, 7, "auto", 0.0)


@pytest.mark.parametrize("key", ["training.adversarial", "training.adversarial.name"])
def test_one_word_asks_for_it(key: str):
    found = configure("mode=demo", f"{key}=pgd", "training.adversarial.budget=4", "training.adversarial.steps=3")
    assert found.training.adversarial.is_on
    assert (found.training.adversarial.budget, found.training.adversarial.steps) == (4.0, 3)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("training.adversarial=pdg", r"training\.adversarial\.name=\"pdg\" must be 'none' or 'pgd'"),
        ("training.adversarial.budget=0", r"training\.adversarial\.budget=0"),
        ("training.adversarial.steps=0", r"training\.adversarial\.steps=0"),
        ("training.adversarial.norm=l1", r"training\.adversarial\.norm=\"l1\" must be 'linf' or 'l2'"),
        ("training.adversarial.step_size=-1", r"training\.adversarial\.step_size=-1: .*greater than 0, or auto"),
        ("training.adversarial.clean=1", r"training\.adversarial\.clean=1"),
        ("training.adversarial.eps=8", r"unknown key training\.adversarial\.eps"),
    ],
)
def test_mistakes_name_the_key(words: str, message: str):
    with pytest.raises(UsageError, match=message):
        configure("mode=demo", *words.split())


def test_kept_features_and_changed_images_exclude_each_other():
    configure(*OF_IMAGES.split())
    with pytest.raises(UsageError, match=r"freezing\.cached_views=4 .* training\.adversarial=pgd .* leave one of them"):
        configure(*OF_IMAGES.split(), "training.adversarial=pgd")


@pytest.mark.parametrize("key", ["norm=l2", "budget=4", "steps=3", "step_size=1", "clean=0.5"])
def test_keys_of_no_attack_are_refused(key: str):
    typed = [f"training.adversarial.{key}"]
    problem = problem_of_idle(configure("mode=demo", *typed), typed)
    assert problem.startswith(f"{typed[0]} has no effect: no image is attacked; add training.adversarial=pgd")
    typed.append("training.adversarial=pgd")
    assert not problem_of_idle(configure("mode=demo", *typed), typed)
