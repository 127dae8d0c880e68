"""Predictions of another tool get the very numbers that a run with the same predictions has."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.conftest import Command

SETTINGS = ("evaluation.resamples=100", "calibration.resamples=100")


def load(path: Path) -> Any:
    return json.loads(path.read_text())


def measured(path: Path) -> dict[str, Any]:
    """What a file says, but for the files that it was made from: another tool has no weights."""
    return {key: value for key, value in load(path).items() if key != "made_from"}


def test_arrays_are_calibrated_and_measured_as_those_of_a_run(sightline: Command, demo_run: Path, tmp_path: Path):
    folder, output = tmp_path / "theirs", tmp_path / "results"
    shutil.copytree(demo_run / "predictions", folder)
    for mode in ("calibrate", "evaluate"):
        answer = sightline(mode, f"predictions={folder}", f"output={output}", *SETTINGS)
        assert answer.status == 0, answer.err
    assert measured(output / "calibration.json") == measured(demo_run / "calibration.json")
    theirs, ours = measured(output / "evaluation.json"), measured(demo_run / "evaluation.json")
    assert theirs["class_names"] == [str(number) for number in range(10)]
    assert theirs == ours
    assert (output / "figures/reliability.png").stat().st_size > 0
    assert len((output / "test_ledger.jsonl").read_text().splitlines()) == 1


def test_a_table_alone_is_measured(sightline: Command, demo_run: Path, tmp_path: Path):
    folder, output = tmp_path / "theirs", tmp_path / "results"
    folder.mkdir()
    with np.load(demo_run / "predictions/test.npz") as archive:
        rows = zip(archive["ids"], archive["labels"], archive["logits"], strict=True)
        lines = [",".join([str(name), str(label), *(repr(float(x)) for x in logits)]) for name, label, logits in rows]
    names = [f"class {number}" for number in range(10)]
    (folder / "test.csv").write_text("\n".join([",".join(["id", "label", *names]), *lines]) + "\n")
    answer = sightline("evaluate", f"predictions={folder}", f"output={output}", *SETTINGS)
    assert answer.status == 0, answer.err
    found = load(output / "evaluation.json")
    assert found["class_names"] == names
    assert found["metrics"] == load(demo_run / "evaluation.json")["metrics"]
    refused = sightline("calibrate", f"predictions={folder}", f"output={output}", *SETTINGS)
    assert (refused.status, "holds neither calibration.npz nor calibration.csv" in refused.err) == (2, True)
    mixed_up = sightline("compare", f"run=[{output},{folder}]", f"output={tmp_path / 'compared'}")
    assert (mixed_up.status, f"predictions={folder}; name that folder itself" in mixed_up.err) == (2, True)


def test_groups_of_other_tools_are_resampled_whole(sightline: Command, demo_run: Path, tmp_path: Path):
    folder, other = tmp_path / "theirs", tmp_path / "others"
    shutil.copytree(demo_run / "predictions", folder)
    shutil.copytree(demo_run / "predictions", other)
    for split in ("calibration", "test"):
        with np.load(folder / f"{split}.npz") as archive:
            arrays = {name: archive[name] for name in ("ids", "labels", "logits")}
        groups = np.array([f"patient {number // 6}" for number in range(len(arrays["ids"]))])
        np.savez(folder / f"{split}.npz", **arrays, groups=groups)
        order = np.arange(len(groups))[::-1]
        np.savez(other / f"{split}.npz", **{name: array[order] for name, array in arrays.items()})
    words = f"{len(np.unique(groups))} groups"
    for mode in ("calibrate", "evaluate"):
        answer = sightline(mode, f"predictions={folder}", f"output={tmp_path / 'results'}", *SETTINGS)
        assert answer.status == 0, answer.err
    evaluation, calibration = (load(tmp_path / "results" / f"{name}.json") for name in ("evaluation", "calibration"))
    assert words in " ".join(evaluation["notes"])
    assert "groups" in evaluation["metrics"]["accuracy"]["method"]
    del calibration["made_from"]
    assert calibration != measured(demo_run / "calibration.json")
    answer = sightline("compare", f"run=[{folder},{other}]", "compare.resamples=100", f"output={tmp_path / 'compared'}")
    assert answer.status == 0, answer.err
    assert words in " ".join(load(tmp_path / "compared/comparison.json")["notes"])


def test_how_a_file_was_read_is_told_beside_its_numbers(sightline: Command, tmp_path: Path):
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 2
    lines = [f"{item},{label},{float(label)},{1.0 - label}" for item, label in enumerate(rng.permutation(labels))]
    (tmp_path / "test.csv").write_text("\n".join(["id,label,probability:no,probability:yes", *lines]))
    answer = sightline("evaluate", f"predictions={tmp_path}", f"output={tmp_path / 'results'}", *SETTINGS)
    assert answer.status == 0, answer.err
    assert "60 probabilities of 0 in 60 items" in answer.err
    assert "60 probabilities of 0 in 60 items" in load(tmp_path / "results/evaluation.json")["notes"][-1]
    assert load(tmp_path / "results/evaluation.json")["class_names"] == ["no", "yes"]
    other = tmp_path / "other"
    other.mkdir()
    (other / "test.csv").write_bytes((tmp_path / "test.csv").read_bytes())
    refused = sightline("evaluate", f"predictions={other}", f"output={tmp_path / 'results'}", *SETTINGS)
    assert (refused.status, f"holds results of predictions={tmp_path}; take another" in refused.err) == (2, True)
    answer = sightline("compare", f"run=[{tmp_path},{other}]", "compare.resamples=100", f"output={tmp_path / 'c'}")
    assert answer.status == 0, answer.err
    said = [note for note in load(tmp_path / "c/comparison.json")["notes"] if "60 probabilities of 0" in note]
    assert [note.split(":")[0] for note in said] == [str(tmp_path), str(other)]


def test_measuring_a_run_again_takes_no_model(sightline: Command, demo_run: Path, tmp_path: Path):
    run = tmp_path / "run"
    shutil.copytree(demo_run, run)
    shutil.rmtree(run / "checkpoints")
    uses = len((run / "test_ledger.jsonl").read_text().splitlines())
    answer = sightline("evaluate", f"run={run}", "evaluation.level=0.9", f"runs_dir={tmp_path}")
    assert answer.status == 0, answer.err
    metrics, before = (load(folder / "evaluation.json")["metrics"] for folder in (run, demo_run))
    for name, entry in metrics.items():
        assert (entry["value"], entry["level"]) == (before[name]["value"], 0.9)
    assert len((run / "test_ledger.jsonl").read_text().splitlines()) == uses + 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("evaluate", "predictions={there}"), "predictions= needs output=DIR"),
        (("evaluate", "predictions={there}", "run=latest", "output={out}"), "exclude each other"),
        (("train", "predictions={there}", "output={out}"), "predictions is for mode=evaluate"),
        (("compare", "predictions={there}", "output={out}"), "compare takes such folders in run="),
        (("evaluate", "predictions={out}", "output={out}"), "out: there is no such folder"),
        (("evaluate", "predictions={there}/test.npz", "output={out}"), "test.npz is a file; it takes the folder with"),
        (("evaluate", "predictions={run}/figures", "output={out}"), "holds neither test.npz nor test.csv"),
        (("evaluate", "predictions={there}", "output={run}"), "is a run of its own"),
    ],
)
def test_mistakes(sightline: Command, demo_run: Path, tmp_path: Path, words: tuple[str, ...], says: str):
    places = {"there": demo_run / "predictions", "out": tmp_path / "out", "run": demo_run}
    before = sorted(file.name for file in demo_run.rglob("*"))
    answer = sightline(*(word.format(**places) for word in words), f"runs_dir={tmp_path / 'runs'}")
    assert (answer.status, says in answer.err) == (2, True), answer.err
    assert "Traceback" not in answer.err
    assert sorted(file.name for file in demo_run.rglob("*")) == before


def draw_masks(folder: Path, wrong: float) -> None:
    """24 masks in two colours with pixels that do not count, four of a street, and what a tool of some quality says."""
    colours = np.array([[70, 130, 180], [128, 64, 128], [0, 0, 0]], dtype=np.uint8)
    (folder / "test/truth").mkdir(parents=True)
    (folder / "test/predicted").mkdir()
    (folder / "classes.csv").write_text("name,r,g,b,id\nsky,70,130,180,0\nroad,128,64,128,1\nvoid,0,0,0,255\n")
    rows = [f"{number:02d},street {number // 4}" for number in range(24)]
    (folder / "groups.csv").write_text("\n".join(["id,group", *rows]) + "\n")
    for number in range(24):
        rng = np.random.default_rng(number)
        truth = (np.arange(20)[:, None] > rng.integers(5, 15) + np.zeros(30, dtype=int)).astype(int)
        said = np.where(rng.random(truth.shape) < wrong * rng.random(), 1 - truth, truth)
        truth[:, :2] = 2
        for kind, mask in (("truth", truth), ("predicted", said)):
            Image.fromarray(colours[mask]).save(folder / "test" / kind / f"{number:02d}.png")


@pytest.mark.slow
def test_masks_in_colours_are_measured_reported_and_compared_by_groups(sightline: Command, tmp_path: Path):
    for name, wrong in (("good", 0.2), ("bad", 0.8)):
        draw_masks(tmp_path / name, wrong)
    output, settings = tmp_path / "out", ("evaluation.resamples=100", "compare.resamples=100")
    answer = sightline("evaluate", f"predictions={tmp_path / 'good'}", f"output={output}", *settings)
    assert answer.status == 0, answer.err
    found = load(output / "evaluation.json")
    assert (found["class_names"], found["n"]) == (["sky", "road"], 24)
    assert found["metrics"]["mean_iou"]["low"] < found["metrics"]["mean_iou"]["value"] < 1
    assert any("groups" in note for note in found["notes"]), found["notes"]
    answer = sightline("report", f"run={output}")
    assert answer.status == 0, answer.err
    assert "road" in (output / "report.html").read_text()
    refused = sightline("calibrate", f"predictions={tmp_path / 'good'}", f"output={output}")
    assert (refused.status, "holds neither calibration.npz nor calibration.csv" in refused.err) == (2, True)
    systems = f"run=[{tmp_path / 'good'},{tmp_path / 'bad'}]"
    answer = sightline("compare", systems, f"output={tmp_path / 'compared'}", *settings)
    assert answer.status == 0, answer.err
    compared = load(tmp_path / "compared/comparison.json")
    assert (compared["metric"], Path(compared["ranking"][0]["name"]).name) == ("mean_iou", "good")
    assert any("6 groups" in note for note in compared["notes"]), compared["notes"]
    (tmp_path / "good/test").rename(tmp_path / "good/calibration")
    refused = sightline("calibrate", f"predictions={tmp_path / 'good'}", f"output={tmp_path / 'calibrated'}")
    assert (refused.status, len(refused.err.strip().splitlines())) == (2, 1), refused.err
    assert "pixel" in refused.err
