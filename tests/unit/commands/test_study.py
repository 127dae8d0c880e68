"""The members of a study: their order, their names, and what is refused before anything is trained."""

import re
import shutil
from contextlib import nullcontext
from pathlib import Path

import pytest

from sightline.cli import compose_config
from sightline.commands.command import Command
from sightline.commands.comparable import check_comparable
from sightline.commands.study import Member, refuse_unused_by_variants, study_members, train_members
from sightline.config import parse
from sightline.config.schema import Config
from sightline.errors import UsageError
from sightline.run.folder import Run


def command(*overrides: str) -> Command:
    words = ["data=digits", *overrides]
    return Command(parse.parse(compose_config(words)), words, [], compose_config)


def test_the_first_seed_of_every_variant_comes_before_the_second_of_any():
    found = study_members(
        command("seeds=[1,2]", 'variants=["model.width=8","model.width=16 device=cpu"]', "model.width=32", "seed=9")
    )
    assert [(member.seed, member.variant) for member in found] == [
        (1, "model.width=8"),
        (1, "model.width=16 device=cpu"),
        (2, "model.width=8"),
        (2, "model.width=16 device=cpu"),
    ]
    assert [member.config.model.width for member in found[:2]] == [8, 16], "a variant wins over the command"
    assert [member.config.seed for member in found] == [1, 1, 2, 2], "and the seeds of the study over its seed"
    assert not any(member.config.is_study for member in found)
    assert {member.variant for member in study_members(command("seeds=[1,2]"))} == {"as configured"}


@pytest.mark.parametrize(
    ("variants", "says"),
    [
        ('["model.width=8 fast"]', "'fast' of 'model.width=8 fast' is no key=value"),
        ('["model.width=8","model.width=8 evaluation.level=0.9"]', "are the same training"),
        ("['a=\"']", "cannot be read: No closing quotation"),
        *(
            (f'["model.width=8","model.width=16 {word}"]', f"'{re.escape(word)}' of .* is for the whole study")
            for word in ("run=latest", "seed=3", "++seed=3", "seeds=null", "mode=demo", "mode.stages=null", "output=a")
        ),
    ],
)
def test_a_variant_that_is_none_is_refused(variants: str, says: str):
    with pytest.raises(UsageError, match=says):
        study_members(command(f"variants={variants}"))


@pytest.mark.parametrize(
    ("typed", "variants", "says"),
    [
        ("segmentation.loss.dice=0", '["model=cnn","model=resnet"]', "segmentation.loss.dice=0 is for models that"),
        ("segmentation.loss.dice=0", '["model=cnn","model=multitask"]', ""),
        ("compare.metric=mean_iou", '["model.width=8"]', "compare.metric=mean_iou is for models that predict a class"),
        ("seed=1", '["model=cnn segmentation.smooth=2","model=unet"]', "segmentation.smooth=2 is for models that"),
        ("compare.metric=accuracy", "null", ""),
    ],
)
def test_a_key_that_no_variant_uses_is_refused(typed: str, variants: str, says: str):
    given = command(typed, f"variants={variants}", "seeds=[1,2]")
    members = study_members(given)
    with pytest.raises(UsageError, match=re.escape(says)) if says else nullcontext():
        refuse_unused_by_variants(given, members)


def split_of(*variants: str, data: str = "data=digits") -> list[tuple[str, Config]]:
    words = [data, f"variants={list(variants)}"]
    members = study_members(Command(parse.parse(compose_config(words)), words, [], compose_config))
    return [(member.variant, member.config) for member in members]


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ("limit=400", "share 80; limit, data"),
        ("data.split_seed=5", "have 359 and 359 test items and share"),
        ("data.test_fraction=0.3", "have 359 and 539 test items and share 359"),
        ("data.test_fraction=0", "data.test_fraction=0: its data hold no test split"),
    ],
)
def test_variants_with_other_test_items_are_refused_before_training(other: str, says: str):
    with pytest.raises(UsageError, match=says):
        check_comparable(split_of("model.width=8", other))


def test_variants_with_the_same_test_items_are_not():
    check_comparable(split_of("model.width=8", "data.val_fraction=0.3", "data.store=disk", "training.epochs=3"))


def test_labels_of_variants_must_agree(bars: Path, tmp_path: Path):
    other = Path(shutil.copytree(bars, tmp_path / "other"))
    check_comparable(split_of(f"data.root={bars}", f"data.root={other}", data="data=folder"))
    (other / "lying").rename(other / "leaning")
    with pytest.raises(UsageError, match="cannot be compared"):
        check_comparable(split_of(f"data.root={bars}", f"data.root={other}", data="data=folder"))


def test_what_has_ended_is_not_trained_again_and_what_has_begun_goes_on(tmp_path: Path):
    config = command().config
    run = Run.at(tmp_path / "study")
    members = [Member("a", 1, config), Member("b", 1, config)]
    trained: list[tuple[str, str | None]] = []

    def train(member: Member, child: Run | None, begun) -> Run:
        trained.append((member.variant, child and child.path.name))
        child = child or Run.at(tmp_path / member.variant)
        child.save_text("config.yaml", "")
        begun(child)
        if trained[-1] == ("b", None):
            raise KeyboardInterrupt
        return child

    with pytest.raises(KeyboardInterrupt):
        train_members(run, members, train)
    run.append_text("members.jsonl", '{"variant": "b", "se')  # a kill while a line was written
    train_members(run, members, train)
    assert trained == [("a", None), ("b", None), ("b", "b")]
    assert [(row["variant"], row["state"]) for row in run.rows("members.jsonl")][-1] == ("b", "finished")
