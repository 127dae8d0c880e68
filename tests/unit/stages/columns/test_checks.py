"""What was not measured alike, or is not about the run as it is now, is refused by name, and what to do is said."""

import re
import shlex
from collections.abc import Callable

import numpy as np
import pytest

from sightline.cli import configure
from sightline.config.targets import problem_of_idle
from sightline.errors import RunFailedError, UsageError
from sightline.run.origin import SOURCES, origin_of, save_derived
from tests.unit.stages.columns.conftest import Make, Said
from tests.unit.stages.columns.test_compared import by


def refused(column: str, *said: Said) -> str:
    """What is said when each of these runs is a system."""
    with pytest.raises(UsageError) as error:
        by(f"robustness/{column}", *((one,) for one in said))
    return str(error.value)


def command_in(message: str) -> list[str]:
    """The words after `bash run.sh`, which the configuration takes, each with an effect."""
    words = shlex.split(message.rpartition("bash run.sh ")[2])
    assert problem_of_idle(configure(f"mode={words[0]}", *words[1:]), words[1:]) == ""
    return words


@pytest.mark.parametrize(
    ("keys", "column", "says"),
    [
        ({"severities": (1, 2)}, "fog", "robustness.severities=[1,2]|robustness.severities=[1,5]"),
        ({"severities": (1, 2)}, "mean", "robustness.severities=[1,2]|robustness.severities=[1,5]"),
        ({"corruptions": ("fog",)}, "mean", "robustness.corruptions=[fog]|robustness.corruptions=[fog,contrast]"),
        ({"seed": 7}, "fog_1", "robustness.seed=7|robustness.seed=0"),
        ({"seed": 7}, "fgsm", "robustness.seed=7|robustness.seed=0"),
        ({"norm": "l2"}, "worst", "robustness.norm=l2|robustness.norm=linf"),
        ({"budget": 4.0}, "square", "robustness.budget=4|robustness.budget=8"),
        ({"queries": 99}, "square", "robustness.queries=99|robustness.queries=500"),
        ({"attacks": ("fgsm",)}, "worst", "robustness.attacks=[fgsm]|robustness.attacks=[fgsm,square]"),
        ({"split": "test"}, "clean", "robustness.split=test|robustness.split=val"),
    ],
)
def test_what_was_measured_otherwise(make: Make, keys: dict[str, object], column: str, says: str):
    a, b = make("a", 1), make("b", 2, **keys)
    message = refused(column, a, b)
    theirs, ours = says.split("|")
    assert f"{b.run.path} was measured with {theirs}, and {a.run.path} with {ours}; measure both alike" in message
    words = command_in(message)
    assert words[:2] == ["robustness", f"run={b.run.path}"]
    assert {"robustness.corruptions=[fog,contrast]", "robustness.severities=[1,5]", "robustness.budget=8"} <= set(words)


@pytest.mark.parametrize(
    ("keys", "column"),
    [({"seed": 7}, "clean"), ({"severities": (1, 2)}, "fog_1"), ({"queries": 99}, "fgsm"), ({"budget": 4.0}, "mean")],
)
def test_what_does_not_matter_to_a_column(make: Make, keys: dict[str, object], column: str):
    by(f"robustness/{column}", (make("a", 1),), (make("b", 2, **keys),))


def test_other_images(make: Make):
    a, b, c = make("a", 1), make("b", 2, items=40), make("c", 3, n=50)
    message = refused("fog", b, a)
    assert "0 of 40 are missing and 20 are new, such as image 40" in message
    assert "robustness.items=40" in command_in(message)
    assert "10 of 60 are missing and 0 are new, such as image 50; compare runs of the same data" in refused("fog", a, c)


def test_other_labels_and_other_pixels_under_the_same_ids(make: Make):
    a, b = make("a", 1), make("b", 2, labels=1)
    assert "know 60 of the same images under another label, such as image 0" in refused("worst", a, b)
    split = (b.run.path / "split.json").read_text().replace('pixels of image 3"', 'others"')
    c = make("c", 3)
    (c.run.path / "split.json").write_text(split)
    assert "know 1 of the same images with other content, such as image 3" in refused("clean", a, again(c))


def again(said: Said) -> Said:
    """A run whose files say that they were made from what there is now."""
    origin = origin_of(said.run, *SOURCES)
    for path in sorted((said.run.path / "robustness").iterdir()):
        name = f"robustness/{path.name}"
        arrays = said.run.load_arrays(name)
        said.run.save_arrays(name, **{**arrays, "made_from": np.array(list(origin.items()))})
    save_derived(said.run, "robustness.json", said.run.load_json("robustness.json"), origin)
    return said


def test_what_was_never_measured(make: Make):
    a, b = make("a", 1), make("b", 2)
    (b.run.path / "robustness.json").unlink()
    message = refused("fog", a, b)
    assert f"{b.run.path} was never measured by mode robustness" in message
    assert command_in(message) == ["robustness", f"run={b.run.path}"]
    (a.run.path / "robustness/fog_5.npz").unlink()
    assert f"{a.run.path} has no robustness/fog_5.npz; measure it anew" in refused("mean", a)


def test_a_column_that_one_lacks(make: Make):
    a, b = make("a", 1), make("b", 2, corruptions=("fog",), attacks=())
    message = refused("contrast_5", a, b)
    names = ("mean", "clean", "fog", "shift", "rotation", "fog_1", "fog_5", "shift_1", "shift_2", "rotation_5")
    shared = ", ".join(f"robustness/{name}" for name in names)
    assert f"{b.run.path} was not measured by contrast_5; these runs share {shared}; measure it" in message
    assert "robustness.corruptions=[fog,contrast]" in command_in(message)
    assert "robustness.attacks=[fgsm,square]" in command_in(refused("worst", b, a))
    c = make("c", 3, corruptions=(), attacks=("fgsm",))
    assert {"robustness.corruptions=[]", "robustness.attacks=[fgsm]"} <= set(command_in(refused("worst", c, b)))
    assert command_in(refused("frost", a, b)) == ["robustness", f"run={a.run.path}"], "nobody has it"


def test_other_weights_than_there_are_now(make: Make):
    a, b = make("a", 1), make("b", 2)
    b.run.save_bytes("checkpoints/best.pt", b"trained on")
    for column in ("fog", "worst"):
        assert "robustness.json was made from another checkpoints/best.pt than there is now" in refused(column, a, b)
    content = b.run.load_json("robustness.json")
    save_derived(b.run, "robustness.json", content, origin_of(b.run, *SOURCES))
    assert "fog_1.npz was made from another checkpoints/best.pt" in refused("fog", a, b)
    assert "attack_fgsm.npz was made from another checkpoints/best.pt" in refused("worst", a, b)


def test_a_robust_accuracy_that_nobody_trusts(make: Make):
    a, b = make("a", 1), make("b", 2, trusted=False)
    for column in ("worst", "fgsm"):
        message = refused(column, a, b)
        assert f"no robust accuracy of {b.run.path} can be trusted" in message
        assert message.endswith("gradients are there for 3 of 64 images")


def changed(said: Said, file: str, **arrays: Callable[[np.ndarray], np.ndarray]) -> None:
    before = said.run.load_arrays(file)
    said.run.save_arrays(file, **{**before, **{name: change(before[name]) for name, change in arrays.items()}})


def test_files_of_a_command_that_was_broken_off(make: Make):
    """They hold answers to another question than `robustness.json` tells of."""
    a = make("a", 1)
    for number, (column, file, keys) in enumerate((
        ("fog", "robustness/fog_5.npz", {"pixels": lambda one: np.char.replace(one, "0,", "1,")}),
        ("fog", "robustness/fog_5.npz", {"pixels": lambda _: np.array(["no json"])}),
        ("fgsm", "robustness/attack_fgsm.npz", {"asked": lambda one: np.char.replace(one, "8.0", "4.0")}),
        ("fgsm", "robustness/attack_fgsm.npz", {"fooled": lambda one: one[1:]}),
        ("worst", "robustness/attack_square.npz", {"all_ids": lambda one: one[::-1]}),
        ("clean", "robustness/clean.npz", {"ids": lambda one: one[1:], "label.scores": lambda one: one[1:]}),
    )):  # fmt: skip
        b = make(f"b{number}", 2)
        changed(b, file, **keys)
        assert "holds answers to another command of mode robustness than robustness.json" in refused(column, a, b)


def test_other_versions_of_the_program(make: Make):
    a, b = make("a", 1), make("b", 2)
    changed(b, "robustness/fog_1.npz", pixels=lambda one: np.array([re.sub(r"^\[\d+", "[99", one[0])]))
    message = refused("fog_1", a, b)
    assert "were measured by different versions of this program; measure both anew" in message
    assert message.count("bash run.sh robustness run=") == 2


@pytest.mark.parametrize("change", [lambda one: one + 1, lambda one: one[1:]])
def test_scores_that_are_none(make: Make, change: Callable[[np.ndarray], np.ndarray]):
    a = make("a", 1)
    changed(a, "robustness/fog_1.npz", **{"label.scores": change})
    with pytest.raises(RunFailedError, match=r"fog_1\.npz is damaged: label\.scores is no share for each image"):
        by("robustness/fog", (a,))
