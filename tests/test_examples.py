"""Every example runs as it stands, says what it shows, and takes nothing private."""

import ast
import re
import runpy
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import torch_left_alone

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "examples").rglob("*.py"))
LONG = {
    "examples/training/whole_pipeline.py",
    "examples/grad_cam/any_timm_model.py",
    "examples/sweeps/ask_and_tell.py",
    "examples/grad_cam/small_cnn.py",
    "examples/predicting/two_lines.py",
    "examples/architectures/any_model_any_size.py",
    "examples/training/stop_and_resume.py",
}
"""Of those that take more than three seconds."""


def docstring(example: str) -> str:
    return ast.get_docstring(ast.parse((ROOT / example).read_text())) or ""


def private(source: str) -> list[str]:
    """Names of a leading underscore that a file imports, or reads from something else."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [part for alias in node.names for part in alias.name.split(".")]
        elif isinstance(node, ast.ImportFrom):
            names = [*(node.module or "").split("."), *(alias.name for alias in node.names)]
        elif isinstance(node, ast.Attribute):
            names = [node.attr]
        else:
            continue
        found += [f"line {node.lineno}: {name}" for name in names if re.match(r"_(?!_)|__.*(?<!__)$", name)]
    return found


@pytest.fixture
def undisturbed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder to work in; what an example sets for the whole process is afterwards as it was before."""
    monkeypatch.chdir(tmp_path)
    with torch_left_alone():
        yield tmp_path


@pytest.mark.parametrize(
    "example", [pytest.param(one, marks=pytest.mark.slow) if one in LONG else one for one in EXAMPLES]
)
def test_runs_and_prints(example: str, undisturbed: Path, capsys: pytest.CaptureFixture[str]):
    runpy.run_path(str(ROOT / example), run_name="__main__")
    assert len(capsys.readouterr().out.splitlines()) > 1
    assert {path.name for path in undisturbed.iterdir()} <= {"runs"}


@pytest.mark.parametrize("example", EXAMPLES)
def test_says_what_it_shows_and_how_to_run_it(example: str):
    idea, _, rest = docstring(example).partition("\n\n")
    command, _, look = rest.partition("\n\n")
    assert idea.endswith(".")
    assert "\n" not in idea
    assert command.strip() == f"bash run.sh {example}"
    assert look.endswith(".")


@pytest.mark.parametrize("example", EXAMPLES)
def test_takes_nothing_private(example: str):
    assert not private((ROOT / example).read_text())


@pytest.mark.parametrize(
    "planted",
    ["from sightline.cli import _answer", "import sightline._hidden", "from sightline._hidden import x", "run._state"],
)
def test_what_is_private_is_found(planted: str):
    assert private(planted)


def test_there_are_many():
    assert len(EXAMPLES) >= 15


def test_the_table_lists_them_all_with_their_ideas():
    table = re.findall(r"^\| \[(\S+)\]\(\1\) \| (.+) \|$", (ROOT / "examples/README.md").read_text(), re.MULTILINE)
    assert [(f"examples/{name}", idea) for name, idea in sorted(table)] == [
        (example, docstring(example).partition("\n")[0]) for example in EXAMPLES
    ]
