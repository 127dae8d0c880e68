"""A configuration may refer to itself, and calls nothing."""

from pathlib import Path

import pytest

from sightline.cli import compose_config, configure
from sightline.commands.command import Command
from sightline.commands.study import study_members
from sightline.config.user_files import expand_recipe
from sightline.errors import UsageError

HUSH = "hunter" + "2-hush"
CALLS = (
    "${oc.env:PLANTED}",
    "x ${oc.env:PLANTED} y",
    "${oc.env:NO_SUCH_VARIABLE,${oc.env:PLANTED}}",
    "${model.${oc.env:PLANTED}}",
    "${oc.decode:${oc.env:PLANTED}}",
    "${oc.create:{a:${oc.env:PLANTED}}}",
    "${now:%Y}",
    "${hydra:runtime.cwd}",
    "${python_version:}",
)


@pytest.fixture(autouse=True)
def planted(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PLANTED", HUSH)


@pytest.mark.parametrize("call", CALLS)
def test_no_function_is_called(call: str):
    with pytest.raises(UsageError, match=r"^report\.title holds a function") as refused:
        compose_config([f"report.title='{call}'" if " " in call else f"report.title={call}"])
    assert HUSH not in str(refused.value)


@pytest.mark.parametrize(
    "override",
    [
        "report.title=\\${oc.env:PLANTED}",
        'report.title="\\${oc.env:PLANTED}"',
        "report.title='\\\\${oc.env:PLANTED}'",
        '+data@x="${oc.env:PLANTED}"',
        "data=${oc.env:PLANTED}",
        "+data@x=\\${oc.env:PLANTED}",
        "hydra.run.dir=${oc.env:PLANTED}",
        "hydra/launcher=x",
        "evaluation.slices=[a,'${oc.env:PLANTED}']",
        "tracking.experiment=${report.title}",
    ],
)
def test_no_way_of_writing_it_reads_a_variable(override: str):
    try:
        content = str(compose_config([override, "+report.x=1"] if "report.title}" in override else [override]))
    except UsageError as error:
        content = str(error)
    assert HUSH not in content


def test_a_recipe_and_a_variant_are_no_way_around(tmp_path: Path):
    recipe = tmp_path / "stranger.yaml"
    recipe.write_text("overrides: ['report.title=${oc.env:PLANTED}']\n")
    with pytest.raises(UsageError, match=r"report\.title holds a function"):
        compose_config(expand_recipe([f"recipe={recipe}"]))
    overrides = ["variants=['model.width=8 report.title=\\${oc.env:PLANTED}','model.width=9']"]
    with pytest.raises(UsageError, match="holds a function"):
        study_members(Command(configure(*overrides), overrides, overrides, compose_config))


def test_a_file_of_a_search_is_no_way_around(tmp_path: Path):
    (tmp_path / "mine.yaml").write_text("name: ${oc.env:PLANTED}\n")
    with pytest.raises(UsageError, match=r"sweep\.name holds a function"):
        compose_config([f"sweep={tmp_path / 'mine.yaml'}"])


@pytest.mark.parametrize(
    ("reference", "means"),
    [("${model.name}", "cnn"), ("'by ${model.name} and ${optimizer.name}'", "by cnn and adamw"), ("$5", "$5")],
)
def test_it_may_refer_to_itself(reference: str, means: str):
    assert configure("mode=demo", "optimizer=adamw", f"report.title={reference}").report.title == means
