"""The members of a study: their order, their names, and what is refused before anything is trained."""

from pathlib import Path

import pytest

from sightline.cli import compose_config
from sightline.commands.command import Command
from sightline.commands.study import Member, study_members, train_members
from sightline.config import parse
from sightline.errors import UsageError
from sightline.run.folder import Run


def command(*overrides: str) -> Command:
    words = ["data=digits", *overrides]
    return Command(parse.parse(compose_config(words)), words, [], compose_config)


def test_the_first_seed_of_every_variant_comes_before_the_second_of_any():
    found = study_members(
        command("seeds=[1,2]", 'variants=["model.width=8","model.width=16 seed=9"]', "model.width=32")
    )
    assert [(member.seed, member.variant) for member in found] == [
        (1, "model.width=8"),
        (1, "model.width=16 seed=9"),
        (2, "model.width=8"),
        (2, "model.width=16 seed=9"),
    ]
    assert [member.config.model.width for member in found[:2]] == [8, 16], "a variant wins over the command"
    assert [member.config.seed for member in found] == [1, 1, 2, 2], "and the seed of the study over a variant"
    assert not any(member.config.is_study for member in found)
    assert {member.variant for member in study_members(command("seeds=[1,2]"))} == {"as configured"}


@pytest.mark.parametrize(
    ("variants", "says"),
    [
        ('["model.width=8 fast"]', "'fast' of 'model.width=8 fast' is no key=value"),
        ('["model.width=8","model.width=8 seed=3"]', "are the same training"),
    ],
)
def test_a_variant_that_is_none_is_refused(variants: str, says: str):
    with pytest.raises(UsageError, match=says):
        study_members(command(f"variants={variants}"))


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
    train_members(run, members, train)
    assert trained == [("a", None), ("b", None), ("b", "b")]
    assert [(row["variant"], row["state"]) for row in run.rows("members.jsonl")][-1] == ("b", "finished")
