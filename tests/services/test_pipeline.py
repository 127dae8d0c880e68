"""Which jobs run in which kind of pipeline, as gitlab-ci-local reads .gitlab-ci.yml."""

import csv
import io
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT

PACKAGE = "gitlab-ci-local@4.73.0"  # later ones need a Node newer than 20

VALIDATE = {"install", "code", "security", "files", "data", "readme"}
TESTS = {"unit", "configs-and-stages", "invariants", "end-to-end", "service-tests", "gates", "examples"}
CHANGES = VALIDATE | TESTS | {"coverage", "demo", "memory", "build"}
DEPLOYS = {"push-image", "register-model"}
BY_HAND = {"merge request": {"benchmark"}, "main": DEPLOYS, "tag": DEPLOYS}

Row = dict[str, str]
Jobs = Callable[..., dict[str, Row]]

pytestmark = pytest.mark.service


class Loader(yaml.SafeLoader):
    """Reads YAML in which GitLab's `!reference` stands."""


Loader.add_constructor("!reference", Loader.construct_sequence)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """gitlab-ci-local, in a folder of its own."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed")
    folder = tmp_path_factory.mktemp("npm")
    words = [
        npm,
        "install",
        "--silent",
        "--no-audit",
        "--no-fund",
        "--fetch-retries=0",
        "--prefix",
        str(folder),
        PACKAGE,
    ]
    done = subprocess.run(words, capture_output=True, text=True, timeout=240)
    if done.returncode:
        pytest.skip(f"npm cannot install {PACKAGE}: {done.stderr.strip()[-300:]}")
    return folder / "node_modules/.bin/gitlab-ci-local"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with the pipeline in it, cloned, as it were, from a server."""
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copy(ROOT / ".gitlab-ci.yml", folder)
    # gitlab-ci-local lists jobs whatever `workflow:rules` say, so one job is put under them.
    rules = yaml.load((ROOT / ".gitlab-ci.yml").read_text(), Loader)["workflow"]["rules"]
    (folder / "probe.yml").write_text(yaml.safe_dump({"probe": {"script": ["date"], "rules": rules}}))
    who = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.invalid")
    for words in (
        ("init", "--quiet", "--initial-branch", "main"),
        ("add", "."),
        (*who, "commit", "--quiet", "--message", "pipeline"),
        ("remote", "add", "origin", "git@gitlab.example.com:group/project.git"),
        ("update-ref", "refs/remotes/origin/main", "HEAD"),
        ("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main"),
    ):
        subprocess.run(["git", *words], cwd=folder, check=True)
    return folder


@pytest.fixture
def ask(program: Path, checkout: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Call gitlab-ci-local in the checkout, told some variables."""

    def call(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        told = [word for name, value in variables.items() for word in ("--variable", f"{name}={value}")]
        known = ["--ignore-predefined-vars", ",".join(variables)]
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("CI", "GITLAB"))}
        return subprocess.run(
            [str(program), *words, *told, *known],
            cwd=checkout,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )

    return call


@pytest.fixture
def jobs(ask: Callable[..., subprocess.CompletedProcess[str]]) -> Jobs:
    """The jobs of a pipeline by name: stage, when, allowFailure, needs."""

    def of(**variables: str) -> dict[str, Row]:
        done = ask("--list-csv", **variables)
        assert done.returncode == 0, done.stderr
        lines = done.stdout.splitlines()
        start = next((number for number, line in enumerate(lines) if line.startswith("name;")), len(lines))
        return {row["name"]: row for row in csv.DictReader(io.StringIO("\n".join(lines[start:])), delimiter=";")}

    return of


PIPELINES: dict[str, tuple[dict[str, str], set[str]]] = {
    "merge request": ({"CI_PIPELINE_SOURCE": "merge_request_event"}, CHANGES | {"benchmark"}),
    "main": ({"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BRANCH": "main"}, CHANGES | {"benchmark"} | DEPLOYS),
    "tag": (
        {"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BRANCH": "", "CI_COMMIT_TAG": "v1.0.0"},
        CHANGES | {"benchmark"} | DEPLOYS,
    ),
    "schedule": ({"CI_PIPELINE_SOURCE": "schedule"}, {"install", "audit", "benchmark-full"}),
}


@pytest.mark.parametrize("kind", PIPELINES)
def test_which_jobs_run(kind: str, jobs: Jobs):
    variables, expected = PIPELINES[kind]
    found = jobs(**variables)
    assert set(found) == expected
    assert {name for name, row in found.items() if row["when"] == "manual"} == BY_HAND.get(kind, set())


@pytest.mark.parametrize("kind", PIPELINES)
def test_every_needed_job_is_in_the_same_pipeline(kind: str, jobs: Jobs):
    found = jobs(**PIPELINES[kind][0])
    for name, row in found.items():
        needed = {need for need in row["needs"].strip("[]").split(",") if need}
        assert needed <= set(found), name
        assert not any(found[need]["when"] == "manual" for need in needed), name


@pytest.mark.parametrize(
    ("variables", "runs"),
    [
        *((variables, True) for variables, _ in PIPELINES.values()),
        ({"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BRANCH": "feature"}, False),
        ({"CI_PIPELINE_SOURCE": "merge_request_event", "CI_COMMIT_BRANCH": "feature"}, True),
    ],
)
def test_a_branch_has_no_pipeline_but_that_of_its_merge_request(
    variables: dict[str, str], runs: bool, ask: Callable[..., Any]
):
    done = ask("--list-csv", "--file", "probe.yml", **variables)
    assert done.returncode == 0, done.stderr
    assert ("probe;" in done.stdout) == runs


def test_the_image_is_tried_only_where_a_runner_for_it_is_named(jobs: Jobs):
    variables, expected = PIPELINES["merge request"]
    assert set(jobs(**variables, PODMAN_RUNNER="podman")) - expected == {"container"}


def test_only_reviewed_code_is_pushed(ask: Callable[..., Any]):
    rules = yaml.safe_load(ask("--preview", **PIPELINES["main"][0]).stdout)["build"]["rules"]
    pushing = [rule["if"] for rule in rules if "PUSH" in rule.get("variables", {})]
    assert pushing == ["$CI_COMMIT_TAG || $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH"]
    assert rules[1]["if"] == '$CI_PIPELINE_SOURCE == "merge_request_event"', "it is met first, and pushes nothing"
