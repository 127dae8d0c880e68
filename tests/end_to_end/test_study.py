"""Several trainings under one command, compared; and what `compare` takes besides."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import ROOT, Command

TRAINING = (
    "train", "data=digits", "limit=300", "tracking=none", "training.epochs=1", "training.batch_size=32",
    "transforms=none", "evaluation.resamples=100", "compare.resamples=100", "mode.stages=[validate,train,evaluate]",
)  # fmt: skip
STUDY = (*TRAINING, 'variants=["model.width=8","model.width=16 optimizer.lr=0.003"]', "seeds=[1,2]")


@pytest.fixture(scope="module")
def study(sightline: Command, tmp_path_factory: pytest.TempPathFactory) -> Path:
    runs = tmp_path_factory.mktemp("study")
    answer = sightline(*STUDY, f"runs_dir={runs}")
    assert answer.status == 0, answer.err
    assert "differences" in answer.err + answer.out
    return next(runs.glob("digits-study/*"))


def comparison(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "comparison.json").read_text())
    return found


def told(found: dict[str, Any]) -> dict[str, Any]:
    """What does not depend on how quick this machine is, or on when and where it ran."""
    timed = {"training_seconds", "seconds_to_target", "latency_ms", "images_per_second", "runs"}
    systems = [{key: value for key, value in row.items() if key not in timed} for row in found["systems"]]
    return {**found, "systems": systems, "made_from": sorted(found["made_from"].values())}


@pytest.mark.slow
def test_every_variant_is_trained_with_every_seed(study: Path):
    found = comparison(study)
    assert [(row["name"], row["seeds"]) for row in found["systems"]] == [
        ("model.width=8", 2),
        ("model.width=16 optimizer.lr=0.003", 2),
    ]
    assert len(found["pairs"]) == 1
    sizes = [row["parameters"] for row in found["systems"]]
    assert sizes == [row["trained_parameters"] for row in found["systems"]]
    assert sizes[0] < sizes[1]
    assert 0 < found["target_val_accuracy"] < 1
    for row in found["systems"]:
        assert row["seconds_to_target"] in (None, pytest.approx(row["training_seconds"]))  # one epoch is all there is
    rows = [json.loads(line) for line in (study / "members.jsonl").read_text().splitlines()]
    assert [(row["variant"][:13], row["seed"], row["state"]) for row in rows] == [
        (variant, seed, state)
        for seed in (1, 2)
        for variant in ("model.width=8", "model.width=1")
        for state in ("begun", "finished")
    ]
    for row in rows:
        ledger = [json.loads(line) for line in (study / row["run"] / "test_ledger.jsonl").read_text().splitlines()]
        assert [line["stage"] for line in ledger][:2] == ["evaluate", "compare"]


@pytest.mark.slow
def test_its_values_are_those_of_its_runs(study: Path):
    for row in comparison(study)["systems"]:
        for value, run in zip(row["values"], row["runs"], strict=True):
            evaluation = json.loads((study.parents[1] / run / "evaluation.json").read_text())
            assert evaluation["metrics"]["accuracy"]["value"] == pytest.approx(value, abs=1e-12)


@pytest.mark.slow
def test_it_leaves_tables_a_picture_and_a_page(study: Path):
    with (study / "comparison_systems.csv").open() as stream:
        systems = list(csv.DictReader(stream))
    with (study / "comparison_pairs.csv").open() as stream:
        pairs = list(csv.DictReader(stream))
    found = comparison(study)
    assert [float(row["value"]) for row in systems] == [row["value"] for row in found["systems"]]
    assert float(pairs[0]["p_adjusted"]) == found["pairs"][0]["p_adjusted"]
    assert (study / "figures/comparison.png").read_bytes()[:4] == b"\x89PNG"
    page = (study / "report.html").read_text()
    assert "model.width=16 optimizer.lr=0.003" in page
    assert "://" not in page.replace("http://www.w3.org", "")


@pytest.mark.slow
def test_told_to_go_on_it_trains_what_is_missing(sightline: Command, study: Path, tmp_path: Path):
    shutil.copytree(study.parents[1], tmp_path / "runs", symlinks=True)
    folder = tmp_path / "runs/digits-study" / study.name
    rows = (folder / "members.jsonl").read_text().splitlines(keepends=True)
    shutil.rmtree(folder / json.loads(rows[-1])["run"])
    (folder / "members.jsonl").write_text("".join(rows[:-2]))
    (folder / "comparison.json").unlink()
    answer = sightline(*STUDY, f"runs_dir={tmp_path / 'runs'}", f"run=digits-study/{study.name}")
    assert answer.status == 0, answer.err
    assert answer.out.count("epoch 1/1") == 1
    assert told(comparison(folder)) == told(comparison(study))


@pytest.mark.slow
def test_killed_and_told_to_go_on_it_ends_as_if_undisturbed(sightline: Command, study: Path, tmp_path: Path):
    command = [sys.executable, "-m", "sightline", *STUDY, f"runs_dir={tmp_path}"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 200
    while time.monotonic() < deadline:
        notes = [note.read_text() for note in tmp_path.glob("digits-study/*/members.jsonl")]
        if notes and notes[0].count("begun") > notes[0].count("finished") == 1:
            break
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    killed = next(tmp_path.glob("digits-study/*"))
    assert not (killed / "comparison.json").exists()
    unfinished = sightline("compare", f"run=[digits-study/{killed.name}]", f"runs_dir={tmp_path}")
    assert (unfinished.status, "has not ended" in unfinished.err) == (2, True)
    answer = sightline(*STUDY, f"runs_dir={tmp_path}", f"run=digits-study/{killed.name}")
    assert answer.status == 0, answer.err
    assert len(list(tmp_path.glob("digits-cnn/*"))) == 4
    assert told(comparison(killed)) == told(comparison(study))
    once_more = sightline(*STUDY, f"runs_dir={tmp_path}", f"run=digits-study/{killed.name}", "seed=1")
    assert (once_more.status, "seed was 0" in once_more.err) == (2, True)


@pytest.mark.slow
def test_runs_predictions_and_studies_can_be_compared(sightline: Command, study: Path, tmp_path: Path):
    runs = {row["name"]: [study.parents[1] / run for run in row["runs"]] for row in comparison(study)["systems"]}
    (narrow, narrow_2), (wide, wide_2) = runs.values()
    every = [str(run) for run in (narrow, wide, narrow_2, wide_2)]
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with np.load(narrow / "predictions/test.npz") as archive:
        rows = zip(archive["ids"], archive["labels"], archive["logits"], strict=True)
        lines = [",".join([str(i), str(label), *(repr(float(x)) for x in logits)]) for i, label, logits in rows]
    head = ",".join(["id", "label", *(f"class {k}" for k in range(10))])
    (elsewhere / "test.csv").write_text("\n".join([head, *reversed(lines)]) + "\n")

    answer = sightline(
        "compare", f"run=[{','.join(every)},{elsewhere}]", "compare.resamples=100", f"runs_dir={tmp_path}"
    )
    assert answer.status == 0, answer.err
    found = comparison(next(tmp_path.glob("comparison/*")))
    names = [row["name"] for row in found["systems"]]
    assert names[0] == str(elsewhere)
    assert names[1:] == ["model.width=8", "model.width=16"]
    assert len(found["pairs"]) == 3
    own = {row["name"]: row for row in found["systems"]}
    assert own[str(elsewhere)]["value"] == own[names[1]]["values"][0]
    assert own[str(elsewhere)]["parameters"] is None

    whole = tmp_path / "whole"
    answer = sightline("compare", f"run=[{study}]", "compare.resamples=100", f"runs_dir={whole}")
    assert answer.status == 0, answer.err
    assert told(comparison(next(whole.glob("comparison/*")))) == told(comparison(study))


@pytest.mark.slow
def test_what_compare_refuses(sightline: Command, study: Path, tmp_path: Path):
    run = comparison(study)["systems"][0]["runs"][0]
    copied = tmp_path / "copied"
    shutil.copytree(study.parents[1] / run, copied)
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "test.csv").write_text("id,label,a,b\nx,0,1.0,nan\n")
    for words, says in (
        ((), "compare takes run="),
        ((f"run=[{copied},{study.parents[1] / run}]",), "the same training with the same seed"),
        ((f"run=[{copied},{tmp_path / 'none'}]",), "is no run"),
        ((f"run=[{copied},{broken}]",), "line 2: it takes finite logits"),
        ((f"run=[{copied}]", "compare.metric=f2"), "compare.metric"),
    ):
        answer = sightline("compare", *words, f"runs_dir={tmp_path / 'runs'}")
        assert (answer.status, says in answer.err) == (2, True), answer.err
        assert not list((tmp_path / "runs").glob("comparison/*")), words


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("train", 'variants=["model=cnn","model=resnit"]'), "model=resnit is no choice"),
        (("train", 'variants=["model=cnn","optimizer.rl=1"]'), "unknown key optimizer.rl"),
        (("train", 'variants=["model=cnn","vit"]'), "'vit' of 'vit' is no key=value"),
        (("train", 'variants=["model=cnn","model=cnn model.name=cnn"]'), "are the same training"),
        (("train", "seeds=[1,1]"), "seeds names something twice"),
        (("evaluate", "seeds=[1,2]"), "seeds is for modes that train"),
        (("train", "run=[a,b]"), "takes one run"),
        (("validate", "seeds=[1]"), "seeds is for modes that train"),
    ],
)
def test_mistakes_are_refused_before_anything_is_made(
    sightline: Command, tmp_path: Path, words: tuple[str, ...], says: str
):
    answer = sightline(*words, "data=digits", f"runs_dir={tmp_path / 'runs'}")
    assert (answer.status, says in answer.err) == (2, True), answer.err
    assert "Traceback" not in answer.err
    assert not (tmp_path / "runs").exists()
