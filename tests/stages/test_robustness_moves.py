"""Shifts and rotations of a few images."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from sightline.data.preprocessing import Preprocessing
from sightline.data.targets import LABEL, MASK, MISSING
from sightline.inference.predict import over_views
from sightline.robustness.moves import Rotation, Translation
from sightline.stages.conditions import agreement
from sightline.stages.conditions.agreement import Agreement, AgreementCollector, image_ious
from tests.conftest import Command
from tests.stages.conftest import Stage, load

FEW = ("robustness.attacks=[]", "robustness.corruptions=[]", "robustness.shifts=[1,4]", "robustness.rotations=[30]")


def test_every_move_is_measured_and_agrees_with_its_file(stage: Stage, run: Path):
    written = stage("robustness", run, *FEW)
    files = {name: f"robustness/{name}.npz" for name in ("shift_1", "shift_4", "rotation_30")}
    assert set(files.values()) <= written
    found = load(run, "robustness.json")["moves"]["label"]
    clean = np.load(run / "robustness/clean.npz")
    assert found["metric"] == "accuracy"
    assert found["clean"]["value"] == pytest.approx(clean["label.scores"].mean())
    lowest = [clean["label.scores"]]
    for one, (name, file) in zip(found["conditions"], files.items(), strict=True):
        arrays = np.load(run / file)
        assert f"{one['corruption']}_{one['severity']}" == name
        assert arrays["ids"].tolist() == clean["ids"].tolist()
        for metric, array in (("accuracy", "scores"), ("worst_case", "worst_case"), ("consistency", "consistency")):
            entry = one["metrics"][metric]
            assert entry["value"] == pytest.approx(arrays[f"label.{array}"].mean())
            assert entry["low"] <= entry["value"] <= entry["high"]
        assert one["metrics"]["worst_case"]["value"] <= one["metrics"]["accuracy"]["value"]
        lowest.append(arrays["label.worst_case"])
    assert found["all"]["worst_case"]["value"] == pytest.approx(np.min(lowest, axis=0).mean())
    assert "Shift by 4 pixels" in (run / "robustness.json").parent.joinpath("log.txt").read_text()


def test_what_was_found_stays_in_any_size_of_batch(stage: Stage, run: Path, monkeypatch: pytest.MonkeyPatch):
    stage("robustness", run, *FEW)
    whole = load(run, "robustness.json")
    for name in ("robustness.json", "robustness/shift_4.npz"):
        (run / name).unlink()
    asked = []
    real = AgreementCollector.forward

    def forward(self: AgreementCollector, model: nn.Module, images: Tensor) -> object:
        asked.append(self.moves)
        return real(self, model, images)

    monkeypatch.setattr(AgreementCollector, "forward", forward)
    stage("robustness", run, *FEW, "evaluation.batch_size=5")
    assert {repr(moves[0]) for moves in asked} == {repr(Translation(-4, 0))}
    assert json.dumps(load(run, "robustness.json")) == json.dumps(whole)


def test_shifts_out_of_view_are_refused(sightline: Command, run: Path):
    answer = sightline("robustness", f"run={run}", "tracking=none", *FEW, "robustness.shifts=[1,17]")
    assert answer.status == 2
    assert "robustness.shifts: 17 pixels of 32 a side leave too little in view; it takes up to 16" in answer.err


class Brightness(nn.Module):
    """Two classes of pixels, by how bright each is; the label is that of the pixel in one place."""

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Both heads."""
        bright = images.mean(dim=1, keepdim=True)
        masks = torch.cat([-bright, bright], dim=1)
        return {LABEL: masks[:, :, 3, 3], MASK: masks}


SEEN = Preprocessing(16, (0.5,) * 3, (0.25,) * 3, "bilinear", 1.0, ())


def agreed(squares: Tensor, moves: list[Translation | Rotation], **targets: Tensor) -> Agreement:
    collector = AgreementCollector(moves, [LABEL, MASK], SEEN, torch.channels_last, 255)
    images = SEEN.transform().normalise(squares)
    outputs = over_views(Brightness(), images, collector, "none")
    return collector.collect(["x"] * len(squares), outputs, targets)


def test_a_network_that_follows_every_shift_agrees_with_itself():
    """Its masks move with the image; its label is what comes into the place that it looks at."""
    squares = torch.zeros(2, 3, 16, 16, dtype=torch.uint8)
    squares[0, :, 2:5, 2:5] = 255
    truth = (squares[:, 0] > 0).to(torch.uint8)
    moves = [Translation(1, 0), Translation(0, -4), Rotation(0)]
    found = agreed(squares, moves, label=torch.tensor([1, MISSING]), mask=truth)
    assert found.same[MASK].tolist() == [[1, 1, 1], [1, 1, 1]]
    assert found.right[MASK].tolist() == [[1, 1, 1], [1, 1, 1]]
    assert found.same[LABEL].tolist() == [[1, 0, 1], [1, 1, 1]]
    assert found.right[LABEL] == pytest.approx(np.array([[1, 0, 1], [np.nan] * 3]), nan_ok=True)


def test_only_what_both_show_counts():
    squares = torch.zeros(1, 3, 16, 16, dtype=torch.uint8)
    squares[:, :, :, 8:] = 255
    truth = torch.full((1, 16, 16), 255, dtype=torch.uint8)
    assert np.isnan(agreed(squares, [Translation(0, 4)], label=torch.tensor([0]), mask=truth).right[MASK]).all()
    truth[:, :, 14:] = 0  # moved out of view, and wrong
    truth[:, :, :2] = 0
    assert agreed(squares, [Translation(0, 4)], label=torch.tensor([0]), mask=truth).right[MASK].tolist() == [[1]]


def test_the_mean_iou_of_masks_by_hand():
    truth = torch.tensor([[[0, 0, 1, 1]], [[2, 2, 2, 255]], [[255, 255, 255, 255]]])
    answers = torch.tensor([[[0, 1, 1, 1]], [[2, 2, 2, 0]], [[0, 0, 0, 0]]])
    found = image_ious(truth, answers, 255)
    assert found == pytest.approx([(1 / 2 + 2 / 3) / 2, 1, np.nan], nan_ok=True)
    assert agreement.OUTSIDE not in truth
