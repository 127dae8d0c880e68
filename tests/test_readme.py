"""Every command of the README composes and parses; the two it begins with are run by other tests."""

import re
import shlex
from pathlib import Path

import pytest

from sightline import cli
from sightline.config import parse
from sightline.config.command_words import overrides_from_words
from sightline.config.user_files import expand_recipe
from sightline.models.names import timm_names

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def commands() -> list[str]:
    found = []
    for page in PAGES:
        for language, block in re.findall(r"^```(\w*)\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE):
            lines = block.splitlines() if not language else []
            found += [line.split("#")[0].strip() for line in lines if line.startswith("bash run.sh")]
    heads = [line for path in (ROOT / "conf").glob("*/*.yaml") for line in path.read_text().splitlines()]
    found += [re.split(r"   | \(and", line[2:])[0] for line in heads if line.startswith("# bash run.sh")]
    return sorted({command for command in found if "[EPOCHS]" not in command})


def test_there_are_commands():
    assert len(commands()) > 40


@pytest.mark.parametrize("command", commands())
def test_composes(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    guide = (ROOT / "docs/guides/sweeps.md").read_text()
    for name in re.findall(r"sweep=(\w+\.yaml)", command):
        (tmp_path / name).write_text(re.findall(r"```yaml\n(.*?)```", guide, re.DOTALL)[0])
    for name in re.findall(r"recipe=(\S+\.yaml)", command):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("overrides: [optimizer.lr=0.01]\n")
    arguments = shlex.split(command)[2:]
    if arguments[0] in {"test", "--help"}:
        return
    if arguments[0].endswith(".py"):
        assert (ROOT / arguments[0]).is_file(), f"{arguments[0]} is not there"
        return
    arguments = [argument for argument in arguments if argument not in {"--cfg", "job"}]
    overrides = [argument for argument in arguments if "=" in argument]
    words = [argument for argument in arguments if "=" not in argument]
    groups = cli.choices()
    more = ["model=resnet", "training.epochs=20"] if overrides and overrides[0].startswith("freezing=") else []
    overrides = [*more, *overrides_from_words(words, groups, timm_names), *overrides]
    parse.parse(cli.compose_config(expand_recipe(overrides)))


def test_every_linked_file_is_there():
    for page in PAGES:
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / link).exists(), f"{page.name} links to {link}"
