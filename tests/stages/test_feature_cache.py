"""A classifier on features that were computed once learns what it would have learnt from the images."""

import json
from pathlib import Path

import pytest
import torch

from sightline.training.extras import streams
from tests.conftest import Command

BASE = (
    "train", "data=digits", "limit=300", "image_size=32", "training.batch_size=32", "tracking=none",
    "training.precision=fp32", "mode.stages=[validate,train]", "evaluation.batch_size=64",
)  # fmt: skip


@pytest.fixture(scope="module")
def learned(sightline: Command, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cnn that has learnt something: a backbone worth freezing."""
    runs = tmp_path_factory.mktemp("learned")
    answer = sightline(*BASE, "model=cnn", "model.width=16", "training.epochs=1", f"runs_dir={runs}")
    assert answer.status == 0, answer.err
    return runs / "latest/checkpoints/best.pt"


def frozen(learned: Path) -> tuple[str, ...]:
    return (*BASE, "model=cnn", "model.width=16", f"model.weights={learned}", "model.drop_rate=0.3")


def trained(run: Path) -> tuple[dict[str, torch.Tensor], list[dict[str, float]]]:
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    state = torch.load(run / "checkpoints/last.pt", weights_only=True)["model"]
    return state, [row for row in rows if row["kind"] == "epoch"]


@pytest.mark.parametrize(
    "more",
    [
        ("freezing=backbone", "transforms=none", "training.epochs=3"),
        (
            "freezing=progressive",
            "freezing.unfreeze_at=[4]",
            "transforms=standard",
            "freezing.cached_views=2",
            "training.epochs=6",
        ),
    ],
    ids=["still pixels", "two views until all train"],
)
def test_the_weights_are_those_of_the_images(
    sightline: Command, learned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...]
):
    kept, anew = tmp_path / "kept", tmp_path / "anew"
    answer = sightline(*frozen(learned), *more, f"runs_dir={kept}")
    assert answer.status == 0, answer.err
    assert "are computed once, until epoch" in answer.out
    monkeypatch.setattr(streams, "feature_stream", lambda _: None)  # every feature is computed anew
    answer = sightline(*frozen(learned), *more, f"runs_dir={anew}")
    assert answer.status == 0, answer.err
    assert "computed once" not in answer.out
    (one, rows), (other, others) = trained(kept / "latest"), trained(anew / "latest")
    for name in one:
        torch.testing.assert_close(one[name], other[name], rtol=1e-4, atol=1e-5, msg=name)
    for row, with_images in zip(rows, others, strict=True):
        assert row["val_loss"] == pytest.approx(with_images["val_loss"], rel=1e-3)


@pytest.mark.slow
def test_a_run_that_is_resumed_among_cached_epochs_ends_the_same(sightline: Command, learned: Path, tmp_path: Path):
    arguments = (*frozen(learned), "freezing=backbone", "transforms=none", "training.epochs=4")
    whole, halves = tmp_path / "whole", tmp_path / "halves"
    assert sightline(*arguments, f"runs_dir={whole}").status == 0
    assert sightline(*arguments, f"runs_dir={halves}").status == 0
    run = halves / "latest"
    (run / "checkpoints/last.pt").write_bytes((run / "checkpoints/previous.pt").read_bytes())
    assert sightline(*arguments, f"runs_dir={halves}", "run=latest").status == 0
    (one, rows), (other, others) = trained(whole / "latest"), trained(run)
    for name in one:
        torch.testing.assert_close(one[name], other[name], rtol=1e-5, atol=1e-6, msg=name)
    assert [row["epoch"] for row in rows] == [row["epoch"] for row in others]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("transforms.mixing.mixup_alpha=0.4",), "leave MixUp and CutMix off"),
        (("imbalance=balanced",), "take imbalance.sampler=shuffled"),
    ],
)
def test_what_cannot_be_kept_is_refused(sightline: Command, learned: Path, more: tuple[str, ...], words: str):
    answer = sightline(*frozen(learned), "freezing=backbone", "freezing.cached_views=2", *more)
    assert answer.status == 2
    assert words in answer.err
