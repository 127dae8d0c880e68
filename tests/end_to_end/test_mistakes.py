"""A person's mistakes: the right status, one or two lines, no traceback, and nothing left behind."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, Command


def refused(sightline: Command, tmp_path: Path, *arguments: str, status: int = 2) -> str:
    answer = sightline(*arguments, f"runs_dir={tmp_path / 'runs'}")
    assert answer.status == status, answer.err
    lines = answer.err.strip().splitlines()
    assert 1 <= len(lines) <= 2, answer.err
    assert "Traceback" not in answer.err + answer.out
    assert not list((tmp_path / "runs").glob("*/*/config.yaml")) or status == 3
    return answer.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["demo", "optimizer.lrr=1"], "did you mean optimizer.lr?"),
        (["demo", "+optimizer.lrr=1"], "did you mean optimizer.lr?"),
        (["demo", "optimizer=sgd", "optimizer.betas=[0.1,0.2]"], "unknown key optimizer.betas"),
        (["3", "restnet"], "did you mean resnet?"),
        (["model=restnet"], "did you mean resnet?"),
        (["demo", "rates=cnn-adam"], "did you mean cnn-adamw?"),
        (["3", "timm", "data=digits", "model.name=resnet500"], "no model of timm's"),
        (["demo", "training.epochs=many"], "training.epochs"),
        (["demo", "training.batch_size=0"], "training.batch_size=0"),
        (["demo", "limit=3.5"], "limit=3.5"),
        (["demo", "optimizer.lr=["], "cannot be read"),
        (["demo", "--fast"], "unknown option --fast"),
        (["data=folder"], "data.root"),
        (["data=folder", "data.root=/does/not/exist"], "data.root=/does/not/exist"),
        (["data=csv"], "data.manifest"),
        (["evaluate", "run=nope"], "run=nope"),
        (["evaluate"], "run=latest"),
        (["freezing=backbone"], "random weights of cnn"),
        (["demo", "model.weights=nope.pt"], "model.weights=nope.pt"),
        (["=5"], "'=5' has no key"),
        (["+=5"], "'+=5' has no key"),
        (["~=5"], "'~=5' has no key"),
        (["@x=1"], "'@x=1' has no key"),
        (["evaluate", "run=~"], "is no run: no config.yaml is in"),
        (["evaluate", "run=" + "a" * 5000], "File name too long"),
        (["demo", "output='x\0'"], "output holds a zero byte"),
        (["hydra.run.dir=x"], "unknown key hydra.run.dir"),
        (["optim" * 100 + "=sgd"], "unknown key optimoptim"),
        (["training.epochs=" + "9" * 5000], "training.epochs: Exceeds the limit"),
        (["demo", "seed=99999999999999999999"], "beyond 64 bits"),
        (["demo", "optimizer.lr=inf"], "finite"),
        (["batch_size=16"], "did you mean training.batch_size or"),
        (
            ["demo", "input=photo.jpg"],
            "input is for predict, explain and drift; mode=demo does not read it",
        ),
        (["uncertainty", "output=x"], "output is for predict,"),
        (["5", "cnn", "./nosuch"], "data.root=nosuch does not exist"),
        (["data.root=/does/not/exist"], "data.root=/does/not/exist does not exist"),
    ],
)
def test_is_told(sightline: Command, tmp_path: Path, arguments: list[str], says: str):
    assert says in refused(sightline, tmp_path, *arguments)


def test_cifar10_that_cannot_be_had(sightline: Command, tmp_path: Path):
    message = refused(sightline, tmp_path, f"data.root={tmp_path}", "data.download=false")
    for word in ("cifar-10-python.tar.gz", str(tmp_path), "data=folder", "demo"):
        assert word in message


@pytest.mark.slow
def test_published_weights_that_cannot_be_had(own_process: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    message = refused(own_process, tmp_path, "1", "resnet", "data=digits")
    for word in ("resnet50", "model.safetensors", "timm/resnet50", "model.weights=FILE"):
        assert word in message


def test_a_folder_without_images(sightline: Command, tmp_path: Path):
    (tmp_path / "empty/cats").mkdir(parents=True)
    assert "holds no images" in refused(sightline, tmp_path, "data=folder", f"data.root={tmp_path / 'empty'}")


def test_a_folder_with_one_class(sightline: Command, tmp_path: Path, bars: Path):
    shutil.copytree(bars / "lying", tmp_path / "one/lying")
    assert "'lying'" in refused(sightline, tmp_path, "data=folder", f"data.root={tmp_path / 'one'}")


def test_an_unreadable_image_among_good_ones(sightline: Command, tmp_path: Path, bars: Path):
    shutil.copytree(bars, tmp_path / "data")
    (tmp_path / "data/lying/bad.jpg").write_bytes(b"\xff\xd8\xff not a picture")
    message = refused(sightline, tmp_path, "data=folder", f"data.root={tmp_path / 'data'}", status=3)
    assert "lying/bad.jpg" in message
    assert "data.validation.unreadable=drop" in message
    folder = next((tmp_path / "runs").glob("*/*"))
    assert (folder / "validation.json").is_file()
    assert not (folder / "checkpoints").exists(), "before training"


@pytest.mark.parametrize("override", ["model=resnet", "optimizer.lr=0.1", "data=folder", "seed=2", "limit=10"])
def test_a_trained_group_with_run(sightline: Command, tmp_path: Path, demo_run: Path, override: str):
    message = refused(sightline, tmp_path, "evaluate", f"run={demo_run}", override)
    assert override in message
    assert "training fixed" in message


def test_resuming_with_another_configuration(sightline: Command, tmp_path: Path, demo_run: Path):
    assert "training.epochs was 2" in refused(sightline, tmp_path, "demo", f"run={demo_run}", "training.epochs=9")


@pytest.mark.parametrize(
    ("given", "says"), [("nope.jpg", "input=nope.jpg"), (None, "input=FILE"), ("[]", "input=FILE")]
)
def test_predict_without_an_image(sightline: Command, demo_run: Path, given: str | None, says: str):
    more = [f"input={given}"] if given else []
    assert says in sightline("predict", f"run={demo_run}", *more).err


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--cfg", "job"], ["demo", "optimizer.lrr=1"], ["evaluate", "run=no"]]
)
def test_help_and_refusals_import_nothing_heavy(arguments: list[str]):
    code = (
        "import sys; from sightline.cli import main; main(sys.argv[1:]);"
        "sys.exit(sorted({'torch', 'mlflow', 'timm', 'sklearn', 'matplotlib'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr


def test_help_lists_modes_and_groups(sightline: Command):
    out = sightline("--help").out
    for word in ("demo", "calibrate", "freezing", "progressive", "EPOCHS"):
        assert word in out
