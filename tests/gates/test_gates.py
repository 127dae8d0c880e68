"""Every gate of .ci/run refuses what it is there for, names the file, and lets the same tree pass without it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.conftest import ROOT

SETTINGS = (
    *(".ci/run", "run.sh", "pyproject.toml", "requirements.lock", ".yamllint.yaml", ".hadolint.yaml"),
    *("Containerfile", ".gitlab-ci.yml"),
)
"""What a gate reads beside the files it looks at: the project's own."""
MODULE = '''"""A module."""


def twice(number: int) -> int:
    """Return twice the number."""
    return 2 * number
'''
SCRIPT = '#!/usr/bin/env bash\nrm -f -- "$1"\n'
CLEAN = {
    "src/sightline/planted.py": MODULE,
    "conf/planted.yaml": "# A comment.\nname: planted\n",
    "planted.sh": SCRIPT,
    "bin/planted": SCRIPT,
    "planted.json": '{"commit": "4f2c9d1e8b7a6053c2d1e0f9a8b7c6d5e4f3a2b1"}\n',
}


class Plant(NamedTuple):
    """A gate, the file in which something is planted, and what the file then holds."""

    gate: str
    file: str
    content: str


# Taken apart, so that the gate for secrets does not find them here.
AMAZON, GITLAB = "AKIA" + "QYLPMN5HHHFPZAM2", "glpat-" + "Zx8vQm2KpR7sLw4TnY6b"
PYTHON, SHELL = "src/sightline/planted.py", "planted.sh"
PLANTS = {
    "a key of a cloud": Plant("secrets", PYTHON, MODULE + f'\n\nKEY = "{AMAZON}"\n'),
    "a token in YAML": Plant("secrets", "conf/planted.yaml", f"token: {GITLAB}\n"),
    "a password in an address": Plant("secrets", "planted.json", '{"at": "https://me:' + 'hunter2@example.org"}\n'),
    "an untyped function": Plant("types", PYTHON, MODULE.replace("number: int) -> int", "number)")),
    "a wrong type": Plant("types", PYTHON, MODULE.replace("2 * number", "str(number)")),
    "a missing docstring": Plant("lint", PYTHON, MODULE.replace('    """Return twice the number."""\n', "")),
    "an unused import": Plant("lint", PYTHON, MODULE.replace('module."""\n', 'module."""\n\nimport os\n')),
    "badly formatted code": Plant("format", PYTHON, MODULE.replace("2 * number", "2*number")),
    "a command for a shell": Plant(
        "security",
        PYTHON,
        MODULE.replace('module."""\n', 'module."""\n\nimport subprocess\n').replace(
            "return 2 * number", 'return subprocess.call(f"sleep {number}", shell=True)'
        ),
    ),
    "YAML that cannot be read": Plant("yaml", "conf/planted.yaml", "name: [planted\n"),
    "a key given twice": Plant("yaml", "conf/planted.yaml", "name: planted\nname: again\n"),
    "an unquoted variable": Plant("shell", SHELL, SCRIPT.replace('"$1"', "$1")),
    "the same in a script without a suffix": Plant("shell", "bin/planted", SCRIPT.replace('"$1"', "$1")),
    "an image without a version": Plant("containerfile", "Containerfile", "FROM docker.io/library/python\n"),
    "the latest image": Plant("containerfile", "Containerfile", "FROM docker.io/library/python:latest\n"),
    "an image of a registry nobody named": Plant("containerfile", "Containerfile", "FROM example.org/python:3.12\n"),
    "an unknown keyword": Plant("pipeline", ".gitlab-ci.yml", "job:\n  script: [date]\n  scirpt: [date]\n"),
    "an unknown word for a keyword": Plant("pipeline", ".gitlab-ci.yml", "job:\n  script: [date]\n  when: seldom\n"),
}


def gate(tree: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """`bash .ci/run WORDS` in a tree, with the environment of these tests."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("GIT_", "COV"))}
    return subprocess.run(
        ["bash", ".ci/run", *words],
        cwd=tree,
        env={**environment, "SIGHTLINE_VENV": sys.prefix, "MYPY_CACHE_DIR": str(tree.parent / "mypy")},
        capture_output=True,
        text=True,
        timeout=120,
    )


def write(tree: Path, file: str, content: str) -> None:
    (tree / file).parent.mkdir(parents=True, exist_ok=True)
    (tree / file).write_text(content)
    subprocess.run(["git", "add", "--all"], cwd=tree, check=True)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small project under the real settings, in which git tracks everything."""
    lock = subprocess.run(["cksum"], input=(ROOT / "requirements.lock").read_text(), capture_output=True, text=True)
    installed = (Path(sys.prefix) / ".installed").read_text()
    assert installed == lock.stdout.strip(), "the gates would install: call `bash run.sh setup` first"
    tree = tmp_path_factory.mktemp("gates") / "tree"
    for name in SETTINGS:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tree / name)
    subprocess.run(["git", "init", "--quiet"], cwd=tree, check=True)
    for file, content in CLEAN.items():
        write(tree, file, content)
    return tree


@pytest.fixture
def tree(clean: Path) -> Iterator[Path]:
    """The small project, in which a test may plant one thing; afterwards it is clean again."""
    saved = {file: (clean / file).read_text() for file in {plant.file for plant in PLANTS.values()}}
    yield clean
    for file, content in saved.items():
        write(clean, file, content)


def test_a_clean_tree_passes_every_gate_with_a_plant(clean: Path):
    done = gate(clean, *sorted({plant.gate for plant in PLANTS.values()}))
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_gate_of_the_pipeline_has_a_plant():
    words = (ROOT / ".ci/run").read_text().split("gates=(")[1].split(")")[0].split()
    assert set(words) == {plant.gate for plant in PLANTS.values()}


@pytest.mark.parametrize("plant", PLANTS.values(), ids=list(PLANTS))
def test_a_plant_is_refused_and_its_file_named(plant: Plant, tree: Path):
    write(tree, plant.file, plant.content)
    done = gate(tree, plant.gate)
    assert done.returncode == 1, done.stdout + done.stderr
    assert plant.file in done.stdout + done.stderr
    assert f"failed: {plant.gate}" in done.stderr


def test_one_gate_that_refuses_does_not_hide_another(tree: Path):
    write(tree, PYTHON, PLANTS["a missing docstring"].content)
    write(tree, SHELL, PLANTS["an unquoted variable"].content)
    done = gate(tree, "lint", "format", "shell")
    assert done.returncode == 1
    assert "failed: lint shell" in done.stderr


def test_an_unknown_gate_is_told_before_anything_runs(clean: Path):
    done = gate(clean, "lint", "typs")
    assert done.returncode == 2
    assert "no gate 'typs'; there are: lint format types" in done.stderr
    assert "== lint" not in done.stdout


# ---------------------------------------------------------------- the README


@pytest.fixture(scope="module")
def documented(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the test of the README reads."""
    tree = tmp_path_factory.mktemp("documented")
    for name in ("src", "conf", "docs"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tree / "tests").mkdir()
    shutil.copy(ROOT / "tests/test_readme.py", tree / "tests")
    shutil.copy(ROOT / "pyproject.toml", tree)
    return tree


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("bash run.sh 7 cnn data=digits optimizer.lr=0.01", 0),
        ("bash run.sh 7 cnn data=digits optimiser.lr=0.01", 1),
        ("bash run.sh 7 cnm data=digits", 1),
        ("bash run.sh 7 cnn data=digits optimizer.lr=fast", 1),
    ],
)
def test_a_command_of_the_readme_that_does_not_compose_is_refused(documented: Path, command: str, status: int):
    (documented / "README.md").write_text(f"# Sightline\n\n```\n{command}     # a comment\n```\n")
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:cov"]
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "COV"))}
    done = subprocess.run(
        [*words, f"tests/test_readme.py::test_composes[{command}]"],
        cwd=documented,
        env={**environment, "PYTHONPATH": str(documented / "src")},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == status, done.stdout + done.stderr
    assert ("1 passed" if status == 0 else f"FAILED tests/test_readme.py::test_composes[{command}]") in done.stdout
