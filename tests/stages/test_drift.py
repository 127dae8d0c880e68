"""New images against a run: what is written, said and refused."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import Command
from tests.stages.conftest import load, times


@pytest.fixture(scope="module")
def dark(bars: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run's own images at a third of their brightness, and a file that is none."""
    folder = tmp_path_factory.mktemp("dark")
    for number, file in enumerate(sorted(bars.rglob("*.*"))):
        with Image.open(file) as image:
            Image.fromarray((np.asarray(image.convert("RGB")) / 3).astype(np.uint8)).save(folder / f"{number:03}.png")
    (folder / "none.png").write_bytes(b"no picture")
    return folder


def test_darker_images_are_found_told_and_refused(sightline: Command, run: Path, dark: Path, tmp_path: Path):
    before = times(run)
    answer = sightline("validate", f"run={run}", f"input={dark}", "device=cpu")
    assert answer.status == 0, answer.err
    assert "darker by" in answer.out + answer.err
    assert "1 of the files could not be read" in answer.out + answer.err
    written = {file for file, time in times(run).items() if before.get(file) != time} - {"log.txt", ".lock"}
    assert written == {"drift.json", "figures/drift.png", "figures/drift_examples.png"}
    found = load(run, "drift.json")
    assert found["outcome"] == "warn"
    assert found["p"] <= 0.05
    assert found["n_reference"] >= 20
    assert sightline("report", f"run={run}", "tracking=none").status == 0
    page = (run / "report.html").read_text()
    assert "Drift of new images" in page
    assert "darker by" in page
    assert "Examples of it" in page

    before = times(run)
    refused = sightline(
        "drift", f"run={run}", f"input={dark}", f"output={tmp_path / 'out'}", "drift.policy=refuse", "device=cpu"
    )
    assert refused.status == 3
    assert "drift.policy=refuse" in refused.err
    assert load(tmp_path / "out", "drift.json")["outcome"] == "refuse"
    assert {file for file, time in times(run).items() if before.get(file) != time} <= {"log.txt"}


def test_predict_adds_one_line(sightline: Command, run: Path, dark: Path):
    answer = sightline("predict", f"run={run}", f"input={dark}", "device=cpu")
    assert (answer.out + answer.err).count("drift: ") == 1
    assert answer.status == 0


def test_few_images_are_not_judged(sightline: Command, run: Path, dark: Path):
    few = f"input=[{dark / '001.png'},{dark / '002.png'}]"
    answer = sightline("validate", f"run={run}", few, "device=cpu")
    assert answer.status == 0
    assert "too few to judge" in answer.out + answer.err
    assert load(run, "drift.json")["outcome"] == "unjudged"
    assert "drift" not in sightline("predict", f"run={run}", few, "device=cpu").out


def test_a_run_of_before_says_how_to_get_a_reference(sightline: Command, run: Path, dark: Path):
    kept = (run / "reference.npz").read_bytes()
    (run / "reference.npz").unlink()
    answer = sightline("validate", f"run={run}", f"input={dark}", "device=cpu")
    assert answer.status == 2
    assert "bash run.sh calibrate run=" in answer.err
    assert sightline("calibrate", f"run={run}", "device=cpu", "tracking=none").status == 0
    assert (run / "reference.npz").read_bytes() == kept


def test_validate_without_input_is_still_about_the_data(sightline: Command):
    assert "mode=drift" not in sightline("validate", "data=digits", "--cfg", "job").out
