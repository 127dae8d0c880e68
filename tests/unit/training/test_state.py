import logging
from pathlib import Path

import pytest
import torch

from sightline.errors import RunFailedError
from sightline.models.checkpoints import BEST, LAST, PREVIOUS, load_checkpoint
from sightline.run.folder import Run
from sightline.training.state import Progress, better, load_last, save_last

CPU = torch.device("cpu")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.create(tmp_path, "digits-cnn", "x")


def save(run: Run, *steps: int) -> None:
    for step in steps:
        save_last(run, {"step": step, "weights": torch.full((1000,), float(step))})


def test_a_new_run_has_nothing_to_go_on_from(run: Run):
    assert load_last(run, CPU) is None


def test_the_newest_is_used_and_one_before_it_kept(run: Run):
    save(run, 1, 2, 3)
    found = load_last(run, CPU)
    assert found is not None
    assert found["step"] == 3
    assert load_checkpoint(run, PREVIOUS, CPU)["step"] == 2


@pytest.mark.parametrize("damage", ["truncated", "zeroed", "missing", "empty", "text", "flipped"])
def test_a_damaged_last_one_falls_back(run: Run, damage: str, caplog: pytest.LogCaptureFixture):
    save(run, 1, 2)
    path = run.path / LAST
    content = path.read_bytes()
    match damage:
        case "truncated":
            path.write_bytes(content[: len(content) // 2])
        case "zeroed":
            path.write_bytes(bytes(len(content)))
        case "missing":
            path.unlink()
        case "empty":
            path.write_bytes(b"")
        case "text":
            path.write_text("no checkpoint")
        case "flipped":
            path.write_bytes(content[:1000] + bytes([content[1000] ^ 1]) + content[1001:])
    logging.getLogger("sightline").propagate = True
    with caplog.at_level(logging.WARNING, logger="sightline"):
        found = load_last(run, CPU)
    assert found is not None
    assert found["step"] == 1
    assert f"last.pt is {'missing' if damage == 'missing' else 'damaged'}" in caplog.text
    assert "going on from checkpoints/previous.pt" in caplog.text


def test_when_both_are_damaged_nothing_is_overwritten(run: Run):
    save(run, 1, 2)
    for name in (LAST, PREVIOUS):
        (run.path / name).write_bytes(b"junk")
    with pytest.raises(RunFailedError, match="no checkpoint"):
        load_last(run, CPU)
    assert all((run.path / name).read_bytes() == b"junk" for name in (LAST, PREVIOUS))


def test_code_in_a_checkpoint_is_refused(run: Run):
    torch.save({"step": 1, "path": Path("/")}, run.file(LAST))
    with pytest.raises(RunFailedError, match="damaged"):
        load_checkpoint(run, LAST, CPU)


def test_a_missing_checkpoint_is_named(run: Run):
    with pytest.raises(RunFailedError, match=r"best\.pt is missing"):
        load_checkpoint(run, BEST, CPU)


def test_the_best_epoch_is_the_earlier_of_equals():
    progress = Progress()
    answers = []
    for loss in (0.5, 0.4, 0.4, 0.6):
        progress.history.append({"val_loss": loss})
        answers.append(progress.is_best("val_loss"))
    assert answers == [True, True, False, False]
    assert progress.best == 1
    assert progress.waited() == 2


def test_losses_improve_downwards_and_scores_upwards():
    assert better(0.1, 0.2, "val_loss")
    assert better(0.2, 0.1, "val_accuracy")
    assert not better(0.1, 0.1, "val_f1_macro")


def test_a_checkpoint_from_before_micro_batches_had_their_name_is_read():
    history = [{"val_loss": 0.5}]
    stored = {"step": 7, "updates": 6, "epochs": 1, "parts": 4, "history": history, "best": 0}
    assert Progress.from_state(stored) == Progress(7, 6, 1, 4, history, 0)


def test_progress_is_stored_and_taken_back():
    progress = Progress(7, 6, 1, 4, [{"val_loss": 0.5}], 0)
    assert vars(progress)["micro_batches"] == 4
    assert Progress.from_state(vars(progress)) == progress
