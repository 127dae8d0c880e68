"""What is planted around a command is found nowhere afterwards: not in its folder, its log, its server or its words."""

import json
from pathlib import Path

import pytest

from tests.conftest import Command

HUSH = "hunter" + "2-hush"
SMALL = (
    "demo", "training.epochs=1", "limit=100", "model.width=8", "mode.stages=[validate,train]", "training.batch_size=50",
    "tracking.log_model=false",
)  # fmt: skip
PLANTED = {
    "MLFLOW_TRACKING_PASSWORD": HUSH,
    "MLFLOW_TRACKING_TOKEN": f"{HUSH}-token",
    "PGPASSWORD": HUSH,
    "https_proxy": f"http://me:{HUSH}@127.0.0.1:9",
    "HTTP_PROXY": f"http://me:{HUSH}/x@127.0.0.1:9",
    "PLANTED": HUSH,
}


@pytest.fixture(autouse=True)
def planted(monkeypatch: pytest.MonkeyPatch):
    for name, value in PLANTED.items():
        monkeypatch.setenv(name, value)


def everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_a_tracked_run_and_its_database_hold_nothing_of_it(sightline: Command, tmp_path: Path):
    answer = sightline(*SMALL, f"runs_dir={tmp_path}", "tracking=mlflow")
    assert answer.status == 0, answer.err
    assert (tmp_path / "mlflow.db").is_file()
    held = everything(tmp_path) + (answer.out + answer.err).encode()
    assert b"batch_size" in held
    assert HUSH.encode() not in held


def test_a_server_whose_address_holds_it_is_named_without(
    sightline: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://me:{HUSH}@127.0.0.1:9/?token={HUSH}")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    answer = sightline(*SMALL, f"runs_dir={tmp_path}", "tracking=mlflow")
    assert answer.status == 0, answer.err
    assert "127.0.0.1:9" in answer.err
    assert json.loads((tmp_path / "latest/tracking.json").read_text())["not_sent"]
    assert HUSH.encode() not in everything(tmp_path) + (answer.out + answer.err).encode()


@pytest.mark.parametrize(
    "argument",
    [
        f"tracking.uri=http://me:{HUSH}@host",
        f"tracking.uri=https://{HUSH}@host",
        f"tracking.uri=https://host?token={HUSH}",
        f"sweep.storage=postgresql://me:{HUSH}@host/x",
        f"sweep.storage=me:pass={HUSH}@host",
        f"http://me:{HUSH}@host",
        f"tracking.uri=http://me:{HUSH}@host{{",
        "report.title=${oc.env:PLANTED}",
        'report.title=${oc.decode:"\\${oc.env:PLANTED}"}',
        'variants=["report.title=\\${oc.env:PLANTED} model.width=8"]',
        "data=${oc.env:PLANTED}",
    ],
)
def test_a_command_that_holds_it_is_refused_and_leaves_nothing(sightline: Command, tmp_path: Path, argument: str):
    answer = sightline("demo", argument, f"runs_dir={tmp_path / 'runs'}")
    if argument.startswith("sweep.storage=me"):
        answer = sightline("sweep", argument, "data=digits", f"runs_dir={tmp_path / 'runs'}")
    assert answer.status == 2, answer.err
    assert HUSH not in answer.out + answer.err
    assert not list((tmp_path / "runs").glob("*/*/config.yaml"))


def test_a_recipe_of_a_stranger_reads_no_variable(sightline: Command, tmp_path: Path):
    recipe = tmp_path / "stranger.yaml"
    recipe.write_text("overrides: ['tracking.experiment=${oc.env:PLANTED}', 'model.width=8']\n")
    answer = sightline("demo", f"recipe={recipe}", f"runs_dir={tmp_path / 'runs'}")
    assert answer.status == 2
    assert "tracking.experiment holds a function" in answer.err
    assert HUSH not in answer.out + answer.err
