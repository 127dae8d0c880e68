"""`output=` and the like never change, replace or remove what somebody else keeps in a folder."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Command

TRAINING = ("train", "data=digits", "model=cnn", "training.epochs=1", "limit=100")
QUICK = ("evaluation.resamples=100", "compare.resamples=100", "device=cpu", "tracking=none")


def files(folder: Path) -> dict[str, bytes | None]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")
    }


def own_folder(path: Path) -> Path:
    """Somebody's own work, called as ours would be."""
    (path / "photos").mkdir(parents=True)
    for name in ("config.yaml", "log.txt", "report.html", "predictions.csv", "comparison.json", "photos/a.png"):
        (path / name).write_text(f"my own {name}")
    return path


@pytest.fixture(scope="module")
def predictions(demo_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(demo_run / "predictions", tmp_path_factory.mktemp("theirs") / "predictions"))


COMMANDS: dict[str, Callable[[Path, Path], tuple[str, ...]]] = {
    "evaluate": lambda _, theirs: ("evaluate", f"predictions={theirs}"),
    "calibrate": lambda _, theirs: ("calibrate", f"predictions={theirs}"),
    "compare": lambda run, theirs: ("compare", f"run=[{run},{theirs}]"),
    "a mistake": lambda run, _: ("compare", f"run=[{run},nosuch]"),
    "predict": lambda run, _: ("predict", f"run={run}", f"input={run}/figures/curves.png"),
    "report": lambda run, _: ("report", f"run={run}"),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_somebodys_folder_stays_as_it_is(
    sightline: Command, demo_run: Path, predictions: Path, tmp_path: Path, command: str
):
    mine, ledger = own_folder(tmp_path / "mine"), (demo_run / "test_ledger.jsonl").read_bytes()
    before = files(tmp_path)
    answer = sightline(*COMMANDS[command](demo_run, predictions), f"output={mine}", *QUICK)
    assert answer.status == 2
    assert f"output={mine} holds 'comparison.json' and was not made by Sightline" in answer.err
    assert files(tmp_path) == before
    assert (demo_run / "test_ledger.jsonl").read_bytes() == ledger


@pytest.mark.parametrize("command", ["evaluate", "compare", "a mistake", "report"])
def test_a_training_that_has_no_checkpoint_keeps_its_question(
    sightline: Command, demo_run: Path, predictions: Path, tmp_path: Path, command: str
):
    run = Path(shutil.copytree(demo_run, tmp_path / "run", ignore=shutil.ignore_patterns("*.pt")))
    before = files(run)
    answer = sightline(*COMMANDS[command](demo_run, predictions), f"output={run}", *QUICK)
    assert (answer.status, "is a run of its own; take another folder" in answer.err) == (2, True)
    assert files(run) == before


@pytest.mark.parametrize("mistake", ["a mistake", "nothing to read"])
def test_a_mistake_leaves_new_folders_away_and_others_as_they_were(
    sightline: Command, demo_run: Path, tmp_path: Path, mistake: str
):
    words = ("predict", f"run={demo_run}", f"input={demo_run}/figures/curves.png", "predict.max_megabytes=0.000001")
    words = COMMANDS[mistake](demo_run, demo_run) if mistake in COMMANDS else words
    answer = sightline(*words, f"output={tmp_path}/new/within", *QUICK)
    assert answer.status == 2, answer.err
    assert files(tmp_path) == {}
    (tmp_path / "mine").mkdir()
    assert sightline(*words, f"output={tmp_path}/mine", *QUICK).status == 2
    assert files(tmp_path) == {"mine": None}


def test_a_mistake_leaves_an_earlier_comparison_whole(
    sightline: Command, demo_run: Path, predictions: Path, tmp_path: Path
):
    output = tmp_path / "compared"
    assert sightline(*COMMANDS["compare"](demo_run, predictions), f"output={output}", *QUICK).status == 0
    before = files(output)
    assert sightline(*COMMANDS["a mistake"](demo_run, predictions), f"output={output}", *QUICK).status == 2
    for changes in (before, after := files(output)):
        del changes["log.txt"], changes[".lock"]
    assert after == before
    assert sightline("compare", f"run=[{predictions}]", f"output={output}", *QUICK).status == 0
    assert files(output)["config.yaml"] != before["config.yaml"]


def test_a_run_that_was_only_opened_is_not_removed(sightline: Command, demo_run: Path, tmp_path: Path):
    run = tmp_path / "run"
    run.mkdir()
    for name in ("config.yaml", "provenance.json"):
        shutil.copy(demo_run / name, run)
    before = files(run)
    answer = sightline("evaluate", f"run={run}", *QUICK)
    assert answer.status == 2
    assert {name: content for name, content in files(run).items() if name in before} == before


def test_a_sweep_takes_no_folder_of_others(sightline: Command, tmp_path: Path):
    mine = tmp_path / "sweeps/mine"
    own_folder(mine)
    (mine / "config.yaml").unlink()
    before = files(mine)
    answer = sightline("sweep", "sweep.name=mine", f"runs_dir={tmp_path}", "data=digits", "model=cnn", *QUICK)
    assert (answer.status, f"sweep.name={mine} holds" in answer.err) == (2, True)
    assert files(mine) == before


@pytest.mark.slow
def test_what_is_called_latest_and_is_no_link_stays(sightline: Command, tmp_path: Path):
    (tmp_path / "latest").mkdir()
    (tmp_path / "latest/thesis.tex").write_text("mine")
    answer = sightline(*TRAINING, f"runs_dir={tmp_path}", *QUICK)
    assert answer.status == 0, answer.err
    assert f"{tmp_path}/latest is no link, so it stays" in answer.err
    assert (tmp_path / "latest/thesis.tex").read_text() == "mine"
