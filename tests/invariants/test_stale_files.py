"""Whatever is made from weights says from which: after the weights change it is made anew or refused, never mixed."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sightline.training.loop import Loop
from tests.conftest import Answer, Command

WORDS = (
    "train", "cnn", "data=digits", "limit=300", "training.epochs=3", "model.width=16", "training.batch_size=16",
    "image_size=16", "tracking=none", "evaluation.resamples=100", "calibration.resamples=100", "explain.classes=2",
    "evaluation.tsne_items=10", "model.drop_rate=0.1",
)  # fmt: skip
DERIVED = (
    "predictions/val.npz", "predictions/calibration.npz", "predictions/test.npz", "calibration.json", "evaluation.json",
    "explain/explain.json", "explain/maps.npz",
)  # fmt: skip


@contextmanager
def stopped_after_an_epoch() -> Iterator[None]:
    """A training that is stopped when its first epoch has ended and was saved."""
    real: Callable[[Loop], None] = Loop._save

    def save(loop: Loop) -> None:
        real(loop)
        if loop.progress.epochs == 1:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Loop, "_save", save)
        yield


@pytest.fixture(scope="module")
def undisturbed(sightline: Command, tmp_path_factory: pytest.TempPathFactory) -> Path:
    runs = tmp_path_factory.mktemp("undisturbed")
    answer = sightline(*WORDS, f"runs_dir={runs}")
    assert answer.status == 0, answer.err
    return (runs / "latest").resolve()


@pytest.fixture(scope="module")
def early(sightline: Command, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training stopped after its first epoch, whose weights were then calibrated, measured, explained and asked."""
    runs = tmp_path_factory.mktemp("early")
    with stopped_after_an_epoch():
        assert sightline(*WORDS, f"runs_dir={runs}").status == 130
    for mode in ("calibrate", "evaluate", "explain", "uncertainty", "report"):
        answer = sightline(mode, "run=latest", f"runs_dir={runs}")
        assert answer.status == 0, answer.err
    return runs


@pytest.fixture
def gone_on(early: Path, sightline: Command, tmp_path: Path) -> Path:
    """The same, trained on to its end by the train stage alone."""
    runs = Path(shutil.copytree(early, tmp_path / "runs", symlinks=True))
    answer = sightline(*WORDS, f"runs_dir={runs}", "run=latest", "mode.stages=[validate,train]")
    assert answer.status == 0, answer.err
    return runs


def accuracy(run: Path) -> float:
    found: float = json.loads((run / "evaluation.json").read_text())["metrics"]["accuracy"]["value"]
    return found


def refused(answer: Answer, name: str, mode: str) -> None:
    assert answer.status == 2, answer.out + answer.err
    assert f"{name} was made from another" in answer.err
    assert f"mode `{mode}` makes it anew" in answer.err


@pytest.mark.slow
def test_a_training_that_goes_on_makes_all_anew(undisturbed: Path, early: Path, sightline: Command, tmp_path: Path):
    """The pipeline after it ends at the bits of one that was never stopped.

    Uncertainty is no part of it: the page says that it is left out, and is that of the other once it is gone.
    """
    assert accuracy(early / "latest") < accuracy(undisturbed)
    runs = Path(shutil.copytree(early, tmp_path / "runs", symlinks=True))
    answer = sightline(*WORDS, f"runs_dir={runs}", "run=latest")
    assert answer.status == 0, answer.err
    left_out = "Left out: uncertainty.json was made from another checkpoints/best.pt than there is now"
    assert left_out in (runs / "latest/report.html").read_text()
    (runs / "latest/uncertainty.json").unlink()
    assert sightline("report", "run=latest", f"runs_dir={runs}").status == 0
    for split in ("val", "calibration", "test"):
        assert f"predictions/{split}.npz was made from another checkpoints/best.pt than there is now" in answer.err
    for name in DERIVED:
        assert (runs / "latest" / name).read_bytes() == (undisturbed / name).read_bytes(), name


@pytest.mark.slow
def test_nothing_of_other_weights_is_shown_or_compared(gone_on: Path, undisturbed: Path, sightline: Command):
    page = (gone_on / "latest/report.html").read_bytes()
    refused(sightline("report", "run=latest", f"runs_dir={gone_on}"), "evaluation.json", "evaluate")
    assert (gone_on / "latest/report.html").read_bytes() == page
    refused(sightline("compare", "run=[latest]", f"runs_dir={gone_on}"), "predictions/test.npz", "evaluate")
    answer = sightline("compare", f"run=[{gone_on}/latest/uncertainty/views,{undisturbed}]", f"runs_dir={gone_on}")
    refused(answer, "uncertainty/views/test.npz", "uncertainty")
    answer = sightline("uncertainty", f"run={undisturbed}", f"runs_dir={gone_on}", "uncertainty.ensemble=[latest]")
    refused(answer, ".npz", "calibrate")
    refused(sightline("uncertainty", "run=latest", f"runs_dir={gone_on}"), "predictions/test.npz", "evaluate")


@pytest.mark.slow
def test_probabilities_wait_for_a_temperature_of_these_weights(gone_on: Path, sightline: Command):
    looks = (gone_on / "latest/test_ledger.jsonl").read_text()
    refused(sightline("evaluate", "run=latest", f"runs_dir={gone_on}"), "calibration.json", "calibrate")
    assert (gone_on / "latest/test_ledger.jsonl").read_text() == looks
    picture = next(iter((gone_on / "latest/figures").glob("*.png")))
    answer = sightline("predict", "run=latest", f"runs_dir={gone_on}", f"input={picture}")
    refused(answer, "calibration.json", "calibrate")
    refused(sightline("explain", "run=latest", f"runs_dir={gone_on}"), "calibration.json", "calibrate")


@pytest.mark.slow
def test_each_stage_makes_its_own_anew(gone_on: Path, undisturbed: Path, sightline: Command):
    for mode in ("calibrate", "explain", "evaluate", "uncertainty", "report"):
        answer = sightline(mode, "run=latest", f"runs_dir={gone_on}")
        assert answer.status == 0, answer.err
    for name in DERIVED:
        assert (gone_on / "latest" / name).read_bytes() == (undisturbed / name).read_bytes(), name


def edit(path: Path, change: Callable[[Any], object]) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


@pytest.mark.slow
def test_other_preprocessing_makes_predictions_anew(undisturbed: Path, sightline: Command, tmp_path: Path):
    run = Path(shutil.copytree(undisturbed, tmp_path / "run"))
    edit(
        run / "preprocessing.json",
        lambda content: content["mean"].reverse() or content["mean"].append(0.5 * content["mean"].pop()),
    )
    refused(sightline("report", f"run={run}"), "evaluation.json", "evaluate")
    for mode in ("calibrate", "evaluate", "explain", "report"):
        answer = sightline(mode, f"run={run}", f"runs_dir={tmp_path}")
        assert answer.status == 0, answer.err
        expected = "was made from another preprocessing.json than there is now; it is made anew"
        assert (expected in answer.err) == (mode in {"calibrate", "evaluate"})


@pytest.mark.slow
def test_another_calibration_makes_an_evaluation_old(undisturbed: Path, sightline: Command, tmp_path: Path):
    run = Path(shutil.copytree(undisturbed, tmp_path / "run"))
    for words, status in (((), 0), (("calibration.bins=7",), 2)):
        answer = sightline("calibrate", f"run={run}", f"runs_dir={tmp_path}", *words)
        assert answer.status == 0, answer.err
        answer = sightline("report", f"run={run}", f"runs_dir={tmp_path}")
        assert answer.status == status, answer.err
    refused(answer, "evaluation.json", "evaluate")
    for mode in ("evaluate", "report"):
        answer = sightline(mode, f"run={run}", f"runs_dir={tmp_path}")
        assert answer.status == 0, answer.err


@pytest.mark.slow
def test_files_that_do_not_say_their_weights_are_made_anew(undisturbed: Path, sightline: Command, tmp_path: Path):
    """As of a run that an earlier version measured before this one trained it to its end."""
    run = Path(shutil.copytree(undisturbed, tmp_path / "run"))
    for name in ("evaluation.json", "calibration.json", "cost.json"):
        edit(run / name, lambda content: content.pop("made_from"))
    for path in (run / "predictions").iterdir():
        with np.load(path) as archive:
            arrays = {name: archive[name] for name in archive.files if name != "made_from"}
        np.savez(path, **arrays)
    answer = sightline("report", f"run={run}", f"runs_dir={tmp_path}")
    assert answer.status == 2
    assert "evaluation.json does not say which weights it was made from; mode `evaluate` makes it anew" in answer.err
    for mode in ("calibrate", "evaluate", "explain", "report"):
        answer = sightline(mode, f"run={run}", f"runs_dir={tmp_path}")
        assert answer.status == 0, answer.err
    for name in DERIVED:
        assert (run / name).read_bytes() == (undisturbed / name).read_bytes(), name


@pytest.mark.slow
def test_another_tools_predictions_that_changed_are_not_mixed(sightline: Command, tmp_path: Path):
    rng, folder, output = np.random.default_rng(0), tmp_path / "theirs", f"output={tmp_path / 'mine'}"
    folder.mkdir()

    def write(split: str, n: int) -> None:
        labels = rng.integers(3, size=n)
        logits = rng.normal(size=(n, 3)) + 2 * np.eye(3)[labels]
        np.savez(folder / f"{split}.npz", ids=[f"{split}{row}" for row in range(n)], labels=labels, logits=logits)

    for split, n in (("calibration", 80), ("test", 90)):
        write(split, n)
    words = (f"predictions={folder}", output, "evaluation.resamples=100", "calibration.resamples=100")
    for mode in ("calibrate", "evaluate"):
        assert sightline(mode, *words).status == 0
    report = ("report", f"run={tmp_path / 'mine'}")
    assert sightline(*report).status == 0
    write("calibration", 80)
    refused(sightline("evaluate", *words), "calibration.json", "calibrate")
    for mode in ("calibrate", "evaluate"):
        assert sightline(mode, *words).status == 0
    assert sightline(*report).status == 0
    write("test", 90)
    assert sightline("calibrate", *words).status == 0
    refused(sightline(*report), "evaluation.json", "evaluate")
