import pickle
from pathlib import Path

import numpy as np
import pytest

from sightline.errors import RunFailedError, UsageError
from sightline.metrics.predictions import Predictions
from sightline.run.folder import Run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.create(tmp_path / "runs", "digits-cnn", "abcd1234-s0")


def test_a_clash_counts_up(tmp_path: Path):
    paths = {Run.create(tmp_path, "a-b", "x").path for _ in range(5)}
    assert len(paths) == 5


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="runs_dir="):
        Run.create(tmp_path / "file", "a", "b")


def test_latest_follows(tmp_path: Path):
    for label in ("one", "two"):
        run = Run.create(tmp_path, "a", label)
        run.save_text("config.yaml", "")
        run.become_latest(tmp_path)
        assert Run.open("latest", tmp_path).path == run.path
    assert not (tmp_path / "latest").readlink().is_absolute(), "the folder can be moved or mounted elsewhere"


def test_a_link_that_a_killed_command_did_not_move_goes(tmp_path: Path):
    (tmp_path / ".latest-new").symlink_to("gone")
    run = Run.create(tmp_path, "a", "one")
    run.become_latest(tmp_path)
    assert (tmp_path / "latest").resolve() == run.path
    assert not (tmp_path / ".latest-new").is_symlink()


@pytest.mark.parametrize("name", ["latest", "nope"])
def test_a_run_that_is_not_there_is_refused(tmp_path: Path, name: str):
    with pytest.raises(UsageError, match=f"run={name}"):
        Run.open(name, tmp_path)


def test_a_failed_write_leaves_the_old_file(run: Run):
    run.save_text("x/a.txt", "old")

    def fail(stream: object) -> None:
        stream.write(b"half")  # type: ignore[attr-defined]
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        run.save_with("x/a.txt", fail)
    assert (run.path / "x/a.txt").read_text() == "old"
    assert [path.name for path in (run.path / "x").iterdir()] == ["a.txt"]


def test_json_refuses_what_is_no_json(run: Run):
    with pytest.raises(ValueError, match="JSON compliant"):
        run.save_json("a.json", {"x": float("nan")})
    assert not run.has("a.json")


def test_missing_and_damaged_json_are_told_apart(run: Run):
    with pytest.raises(UsageError, match="mode `calibrate` writes it"):
        run.load_json("calibration.json")
    run.save_text("calibration.json", "{")
    with pytest.raises(RunFailedError, match="damaged"):
        run.load_json("calibration.json")


def test_a_torn_line_hides_no_other(run: Run):
    run.log("epoch", step=4, epoch=0.0)
    run.log("epoch", step=8, epoch=1.0)
    run.append_text("metrics.jsonl", '{"kind": "ep')
    assert [row["epoch"] for row in run.rows("metrics.jsonl")] == [0, 1]
    run.log("epoch", step=12, epoch=2.0)
    run.log("epoch", step=16, epoch=3.0)
    assert [row["epoch"] for row in run.rows("metrics.jsonl")] == [0, 1, 2, 3]


def test_listeners_hear_every_row(run: Run):
    heard: list[object] = []
    run.listeners.append(heard.append)
    run.log("step", step=1, loss=0.5)
    assert heard == [{"kind": "step", "step": 1, "loss": 0.5}]


def test_arrays_come_back_and_equal_ones_give_equal_bytes(run: Run):
    arrays = {"ids": np.array(["é0", "é1"]), "logits": np.eye(2, dtype=np.float32)}
    first = run.save_arrays("a/b.npz", **arrays).read_bytes()
    back = run.load_arrays("a/b.npz")
    assert {name: array.tolist() for name, array in back.items()} == {n: array.tolist() for n, array in arrays.items()}
    assert run.save_arrays("a/b.npz", **back).read_bytes() == first


def test_a_mistake_leaves_no_run_behind(run: Run):
    run.save_text("config.yaml", "")
    run.discard_if_unused()
    assert not run.path.parent.exists()


def test_a_run_with_results_is_never_discarded(run: Run):
    run.save_text("split.json", "{}")
    run.discard_if_unused()
    assert run.path.exists()


@pytest.mark.parametrize("content", [b"junk\n", b"", b"PK\x05\x06" + bytes(18) + b"junk", b"\x93NUMPY\x01\x00"])
def test_arrays_that_are_damaged_are_named_and_never_to_be_trusted(run: Run, content: bytes):
    run.save_bytes("predictions/test.npz", content)
    with pytest.raises(RunFailedError, match="damaged") as refusal:
        Predictions.from_arrays(run.load_arrays("predictions/test.npz"))
    assert str(refusal.value).startswith(f"{run.path}/predictions/test.npz")
    assert str(refusal.value).endswith("remove it, and mode `evaluate` writes it anew")
    assert "pickle" not in str(refusal.value)


def test_arrays_that_are_cut_short_or_changed_are_named(run: Run):
    path = run.save_arrays("predictions/val.npz", ids=np.arange(1000), labels=np.arange(9))
    whole = path.read_bytes()
    for content in (whole[: len(whole) // 2], whole.replace(np.arange(1000).tobytes()[:800], bytes(800))):
        path.write_bytes(content)
        with pytest.raises(RunFailedError, match=r"val\.npz is damaged"):
            run.load_arrays("predictions/val.npz")


def test_what_a_file_lacks_is_told_with_the_file_and_the_remedy(run: Run):
    run.save_json("clock.json", {"a": [{"b": 1}]})
    found = pickle.loads(pickle.dumps(run.load_json("clock.json")))
    assert (found["a"][0].get("c"), found == {"a": [{"b": 1}]}) == (None, True)
    for place, key in ((found, "metrics"), (found["a"][0], "c")):
        with pytest.raises(RunFailedError, match=f"clock.json is damaged: it lacks {key}; .*`sweep`"):
            place[key]


def test_a_folder_of_runs_names_the_runs_in_it(tmp_path: Path):
    for number in range(5):
        Run(tmp_path / f"cats-cnn/{number}").save_text("config.yaml", "")
    for name in ("cats-cnn", str(tmp_path / "cats-cnn")):
        with pytest.raises(
            UsageError, match="is no run, but holds cats-cnn/4, cats-cnn/3, cats-cnn/2 and 2 more: name"
        ):
            Run.open(name, tmp_path)


def test_a_run_that_was_only_checked_names_the_trained_ones(tmp_path: Path):
    checked = Run(tmp_path / "cats-cnn/2")
    checked.save_text("config.yaml", "")
    with pytest.raises(UsageError, match=r"has no preprocessing\.json: it was never trained, .*: train one first"):
        checked.load_json("preprocessing.json")
    trained = Run(tmp_path / "cats-cnn/1")
    for name in ("config.yaml", "checkpoints/best.pt"):
        trained.save_text(name, "")
    with pytest.raises(UsageError, match=r"never trained, .*; trained runs beside it: cats-cnn/1$"):
        checked.load_json("preprocessing.json")
    with pytest.raises(UsageError, match=r"has no calibration\.json: mode `calibrate` writes it"):
        trained.load_json("calibration.json")
