"""Neither weights nor a teacher may have learned from what is held out, themselves or those they learned from."""

import logging
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from sightline.data.splits.split import Split
from sightline.data.targets import ClassTarget
from sightline.errors import UsageError
from sightline.run.folder import Run
from sightline.training.origins import check_held_out, check_weights


def split(**roles: str) -> Split:
    """Items whose contents are called x, y and so on."""
    label = ClassTarget(np.zeros(len(roles), dtype=np.int64), ("a", "b"))
    ids = tuple(f"item {name}" for name in roles)
    return Split(ids, tuple(roles), {"label": label}, None, np.array(list(roles.values())), 0)


OURS = split(x="train", y="val", z="test")


def run(tmp_path: Path, name: str, weights: str | None = None, teacher: str | None = None, **roles: str) -> Run:
    """A finished run with a checkpoint."""
    made = Run.at(tmp_path / "runs" / name)
    made.save_json("split.json", split(**roles).to_json())
    made.save_text("config.yaml", yaml.safe_dump({"model": {"weights": weights}, "training": {"teacher": teacher}}))
    made.save_bytes("checkpoints/best.pt", b"")
    return made


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """What is logged, whatever a command before has set."""
    monkeypatch.setattr(logging.getLogger("sightline"), "propagate", True)
    caplog.set_level(logging.WARNING, "sightline")
    return caplog


def weights_of(one: Run) -> str:
    return str(one.path / "checkpoints/best.pt")


def test_a_run_that_has_seen_what_is_held_out_is_refused(tmp_path: Path):
    check_held_out("T", run(tmp_path, "good", x="train", z="test"), OURS, tmp_path)
    for held_out, role in (("y", "val"), ("z", "test")):
        seen = run(tmp_path, held_out, **{"x": "train", held_out: "train"})
        words = rf"T was trained on 1 images that are in the {role} split here \(item {held_out}\)"
        with pytest.raises(UsageError, match=words):
            check_held_out("T", seen, OURS, tmp_path)
        with pytest.raises(UsageError, match=rf"model.weights={weights_of(seen)} was trained on 1 images"):
            check_weights(weights_of(seen), OURS, tmp_path)


def test_weights_through_a_link_are_those_of_the_run(tmp_path: Path):
    seen = run(tmp_path, "seen", z="train")
    (tmp_path / "latest").symlink_to(seen.path)
    with pytest.raises(UsageError, match="in the test split here"):
        check_weights(str(tmp_path / "latest/checkpoints/best.pt"), OURS, tmp_path)


def test_weights_of_nobody_knows_where_are_taken(tmp_path: Path):
    (tmp_path / "w.pt").write_bytes(b"")
    check_weights(None, OURS, tmp_path)
    check_weights(str(tmp_path / "w.pt"), OURS, tmp_path)


def test_a_copied_checkpoint_of_another_split_is_remarked_upon(tmp_path: Path, warnings: pytest.LogCaptureFixture):
    for name, trained_on in (("same", OURS), ("other", split(x="train", z="train"))):
        torch.save({"model": {"w": torch.zeros(2)}, "split": trained_on.fingerprint()}, tmp_path / f"{name}.pt")
        check_weights(str(tmp_path / f"{name}.pt"), OURS, tmp_path)
    torch.save({"w": torch.zeros(2)}, tmp_path / "theirs.pt")
    check_weights(str(tmp_path / "theirs.pt"), OURS, tmp_path)
    (record,) = warnings.records
    assert f"model.weights={tmp_path / 'other.pt'} is a checkpoint of a training on another split" in record.message


def test_what_a_run_itself_learned_from_counts(tmp_path: Path):
    first = run(tmp_path, "first", z="train")
    tuned = run(tmp_path, "tuned", weights=weights_of(first), x="train")
    taught = run(tmp_path, "taught", teacher="tuned", x="train")
    for name, one in (("weights", tuned), ("teacher", taught)):
        with pytest.raises(UsageError, match=rf"{name} goes back to {first.path}, which was trained on 1 images"):
            check_held_out(name, one, OURS, tmp_path / "runs")


def test_what_is_gone_is_said_not_to_be_checked(tmp_path: Path, warnings: pytest.LogCaptureFixture):
    tuned = run(tmp_path, "tuned", weights=str(tmp_path / "gone.pt"), teacher="latest", x="train")
    run(tmp_path, "latest", z="train")
    check_held_out("T", tuned, OURS, tmp_path / "runs")
    assert [name in warnings.text for name in ("gone.pt", "latest")] == [True, True]


def test_runs_that_learned_from_each_other_come_to_an_end(tmp_path: Path):
    one = run(tmp_path, "one", teacher="other", x="train")
    run(tmp_path, "other", teacher="one", x="train")
    check_held_out("T", one, OURS, tmp_path / "runs")
