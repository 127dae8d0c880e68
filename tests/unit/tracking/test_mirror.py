"""The bookkeeping of what was sent, against a server that fails when told to."""

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from sightline.run.folder import Run
from sightline.tracking import PARENT, Tracker
from sightline.tracking.mirror import Mirror
from sightline.tracking.points import Point
from sightline.tracking.server import Server


class FakeServer(Server):
    """Remembers what it was sent; while `down`, every call fails as a refused connection does."""

    def __init__(self, *, down: bool = False, slow: float = 0.0, refuses: str = "") -> None:
        super().__init__("http://user:secret@example.invalid", "experiment")
        self.down, self.slow, self.refuses = down, slow, refuses
        self.points: list[Point] = []
        self.batches = self.calls = 0
        self.files: list[str] = []
        self.parameters: dict[str, str] = {}
        self.status = ""
        self.alive: set[str] = set()

    def attempt(self, action: Callable[[], None]) -> str | None:
        self.calls += 1
        if self.down:
            time.sleep(self.slow)
            return "ConnectionRefusedError: refused"
        return super().attempt(action)

    def begin(self, known: str | None, name: str, folder: str, parent: str | None) -> bool:
        assert (name, folder) != ("", "")
        self.parent = parent
        self.run_id = known if known in self.alive else uuid4().hex
        self.alive.add(self.run_id)
        return self.run_id != known

    def check(self) -> None: ...

    def send_points(self, points: Sequence[Point]) -> None:
        self.points += points
        self.batches += 1

    def send_parameters(self, parameters: Any) -> None:
        self.parameters |= parameters

    def send_file(self, path: Path, name: str) -> None:
        assert path.is_file()
        if name == self.refuses:
            raise PermissionError(f"{name} is refused")
        self.files.append(name)

    def close(self, status: str) -> None:
        self.status = status


@pytest.fixture
def run(tmp_path: Path) -> Run:
    run = Run(tmp_path)
    run.save_text("config.yaml", "seed: 0\n")
    return run


def follow(run: Run, server: Server) -> Mirror:
    mirror = Mirror(server, run, {"training.epochs": 3, "freezing": None, "ema": True})
    run.listeners = [mirror.listen]
    return mirror


def train(run: Run, first: int, last: int) -> None:
    for epoch in range(first, last):
        for step in range(4):
            run.log("step", step=4 * epoch + step, epoch=epoch, loss=1.0 / (1 + step), lr=0.1)
        run.log("epoch", epoch=epoch, step=4 * (epoch + 1), val_loss=float(epoch), lr=0.1)


def epochs_of(server: FakeServer) -> list[int]:
    return [point.step for point in server.points if point.name == "val_loss"]


def test_step_rows_travel_with_their_epoch(run: Run):
    server = FakeServer()
    follow(run, server)
    train(run, 0, 3)
    assert epochs_of(server) == [0, 1, 2]
    assert [point.step for point in server.points if point.name == "step/loss"] == list(range(12))
    assert server.batches == 3, "one request an epoch, not one a row"
    assert run.load_json("tracking.json") == {
        "sent": {"rows": 15, "parameters": True, "files": {}, "model": None, "registered": {}},
        "not_sent": [],
    }


def test_parameters_are_spelled_as_in_yaml(run: Run):
    server = FakeServer()
    follow(run, server)
    assert server.parameters == {"training.epochs": "3", "freezing": "null", "ema": "true"}


def test_a_server_that_dies_is_left_alone_until_the_stage_ends(run: Run, caplog: pytest.LogCaptureFixture):
    server = FakeServer()
    mirror = follow(run, server)
    train(run, 0, 1)
    server.down, before = True, server.calls
    train(run, 1, 3)
    assert server.calls == before + 1
    assert len(caplog.records) == 1
    lost = run.load_json("tracking.json")
    assert lost["sent"]["rows"] == 5
    assert [item["what"] for item in lost["not_sent"]] == ["metrics"]
    server.down = False
    mirror.sync(run)
    assert epochs_of(server) == [0, 1, 2]
    assert run.load_json("tracking.json")["not_sent"] == []


def test_a_server_that_was_never_there_costs_one_warning_and_is_told_everything_later(run: Run, caplog: Any):
    server = FakeServer(down=True)
    with caplog.at_level(logging.WARNING):
        mirror = follow(run, server)
        train(run, 0, 2)
        mirror.sync(run)
        mirror.finish("FINISHED")
    assert len(caplog.records) == 2, "one when it fails, one at the end that says what is missing"
    assert "config.yaml" in caplog.text
    missing = {item["what"] for item in run.load_json("tracking.json")["not_sent"]}
    assert {"run", "config.yaml", "metrics.jsonl"} <= missing

    later = FakeServer()
    follow(run, later).finish("FINISHED")
    assert epochs_of(later) == [0, 1]
    assert later.files == ["config.yaml", "metrics.jsonl"]
    assert later.status == "FINISHED"
    assert run.load_json("tracking.json")["not_sent"] == []


def test_the_next_command_goes_on_with_the_same_mlflow_run_and_sends_only_what_is_new(run: Run):
    server = FakeServer()
    follow(run, server).sync(run)
    train(run, 0, 2)
    server.down = True
    train(run, 2, 3)
    server.down = False
    follow(run, server).sync(run)
    assert len(server.alive) == 1
    assert epochs_of(server) == [0, 1, 2]
    assert server.files == ["config.yaml", "metrics.jsonl"]


def test_a_resumed_training_that_takes_rows_back_sends_the_new_ones(run: Run):
    server = FakeServer()
    follow(run, server)
    train(run, 0, 2)
    kept = (run.path / "metrics.jsonl").read_text().splitlines(keepends=True)[:5]
    run.save_text("metrics.jsonl", "".join(kept))
    follow(run, server)
    train(run, 1, 2)
    assert epochs_of(server) == [0, 1, 1]
    assert run.load_json("tracking.json")["sent"]["rows"] == 10


def test_a_run_deleted_on_the_server_is_told_everything_anew(run: Run):
    first, second = FakeServer(), FakeServer()
    follow(run, first).sync(run)
    train(run, 0, 1)
    follow(run, second).sync(run)
    assert epochs_of(second) == [0]
    assert "config.yaml" in second.files


def test_only_changed_files_are_sent_again(run: Run):
    server = FakeServer()
    mirror = follow(run, server)
    run.save_bytes("figures/a.png", b"1")
    mirror.sync(run)
    run.save_bytes("figures/a.png", b"22")
    run.save_bytes("figures/b.png", b"1")
    mirror.sync(run)
    mirror.sync(run)
    assert server.files == ["config.yaml", "figures/a.png", "figures/a.png", "figures/b.png"]


def test_a_refused_file_does_not_hold_up_the_others(run: Run):
    server = FakeServer(refuses="config.yaml")
    mirror = follow(run, server)
    run.save_text("report.html", "<p>")
    mirror.sync(run)
    assert server.files == ["report.html"]
    [lost] = run.load_json("tracking.json")["not_sent"]
    assert lost["what"] == "config.yaml"
    assert "refused" in lost["why"]


def test_a_server_that_times_out_is_not_waited_for_again_and_again(run: Run):
    server = FakeServer(down=True, slow=0.2)
    mirror = follow(run, server)
    before = server.calls
    for _ in range(3):
        mirror.sync(run)
    assert server.calls == before


def test_results_arrive_with_the_ends_of_their_intervals(run: Run):
    server = FakeServer()
    mirror = follow(run, server)
    accuracy = {"value": 0.9, "low": 0.88, "high": None, "level": 0.95, "method": "Wilson"}
    run.save_json("evaluation.json", {"split": "test", "metrics": {"accuracy": accuracy}})
    fit = accuracy | {"value": 1.5, "low": 1.2, "high": 1.9}
    calibration = {"temperature": 1.5, "temperature_fit": fit, "before": {"ece": accuracy}, "after": {"ece": accuracy}}
    run.save_json("calibration.json", calibration)
    mirror.sync(run)
    sent = {point.name: point.value for point in server.points}
    assert sent == {
        "test/accuracy": 0.9, "test/accuracy_low": 0.88, "calibration/temperature": 1.5,
        "calibration/temperature_low": 1.2, "calibration/temperature_high": 1.9,
        "calibration/before/ece": 0.9, "calibration/before/ece_low": 0.88,
        "calibration/after/ece": 0.9, "calibration/after/ece_low": 0.88,
    }  # fmt: skip


def test_no_password_is_written(run: Run, caplog: pytest.LogCaptureFixture):
    follow(run, FakeServer(down=True)).finish("FAILED")
    follow(run, FakeServer()).finish("FINISHED")
    written = "".join(path.read_text() for path in run.path.rglob("*") if path.is_file()) + caplog.text
    assert "example.invalid" in written
    assert "secret" not in written


@pytest.mark.parametrize(
    ("error", "status"), [(None, "FINISHED"), (ValueError("x"), "FAILED"), (KeyboardInterrupt(), "KILLED")]
)
def test_leaving_the_block_tells_how_it_went(run: Run, error: BaseException | None, status: str):
    server = FakeServer()
    try:
        with follow(run, server):
            if error is not None:
                raise error
    except (ValueError, KeyboardInterrupt):
        pass
    assert server.status == status


def test_the_tracker_that_does_nothing_takes_everything(run: Run):
    with Tracker() as tracker:
        tracker.listen({"kind": "epoch"})
        tracker.sync(run)
    assert not run.has("tracking.json")


def test_a_run_that_belongs_to_another_is_nested_in_it(run: Run, tmp_path: Path):
    parents = FakeServer()
    follow(run, parents).finish("FINISHED")
    assert parents.parent is None
    child = Run(tmp_path / "trials/0001")
    child.save_json(PARENT, {"run": "../.."})
    server = FakeServer()
    follow(child, server)
    assert server.parent == run.load_json("mlflow_run.json")["run_id"]
    elsewhere = FakeServer()
    elsewhere._uri = "http://other.invalid"
    (child.path / "mlflow_run.json").unlink()
    follow(child, elsewhere)
    assert elsewhere.parent is None, "the parent is known to another server only"


def test_a_torn_line_is_no_row_that_the_server_has(run: Run):
    server = FakeServer()
    follow(run, server)
    train(run, 0, 1)
    run.append_text("metrics.jsonl", '{"kind": "step')
    train(run, 1, 2)
    server.down = True
    train(run, 2, 3)
    server.down = False
    follow(run, server).sync(run)
    assert epochs_of(server) == [0, 1, 2]
    assert [point.step for point in server.points if point.name == "step/loss"] == list(range(12))
