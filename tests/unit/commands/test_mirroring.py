"""When a tracker is opened, and what it is told at the end."""

from pathlib import Path

import pytest

from sightline.cli import configure
from sightline.commands import mirroring
from sightline.commands.mirroring import Mirroring
from sightline.errors import PrunedError, RunFailedError
from sightline.run.folder import Run
from sightline.tracking import Tracker


class Recorder(Tracker):
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def sync(self, run: Run) -> None:  # noqa: ARG002
        self.told.append("sync")

    def finish(self, status: str) -> None:
        self.told.append(status)

    def register(self, name: str) -> None:
        self.told.append(name)


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    found = Recorder()
    monkeypatch.setattr(mirroring, "open_tracker", lambda *_: found)
    return found


def begun(tmp_path: Path, *overrides: str) -> Mirroring:
    return Mirroring(configure("mode=demo", *overrides), Run(tmp_path))


def test_it_is_opened_at_the_first_stage_that_is_tracked(recorder: Recorder, tmp_path: Path):
    run = Run(tmp_path)
    found = Mirroring(configure("mode=demo", "tracking.registered_model_name=shapes"), run)
    found.before("validate")
    found.sync()
    assert (recorder.told, run.listeners) == ([], [])
    found.before("train")
    found.before("evaluate")
    found.sync()
    found.finish()
    assert recorder.told == ["sync", "FINISHED", "shapes"]
    assert run.listeners == [recorder.listen], "once"


@pytest.mark.parametrize(
    ("error", "status"),
    [(RunFailedError("x"), "FAILED"), (PrunedError("x"), "KILLED"), (KeyboardInterrupt(), "KILLED")],
)
def test_it_is_told_how_the_stages_ended(recorder: Recorder, tmp_path: Path, error: BaseException, status: str):
    found = begun(tmp_path)
    found.before("train")
    found.fail(error)
    assert recorder.told == [status]


def test_a_command_without_a_tracked_stage_tells_nothing(recorder: Recorder, tmp_path: Path):
    found = begun(tmp_path, "mode=predict", "input=a.png")
    found.before("predict")
    found.sync()
    found.log_model()
    found.finish()
    assert recorder.told == []
