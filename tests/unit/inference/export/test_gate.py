"""The gate lets nothing through that answers otherwise, and names the step that differs first."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from sightline.errors import GateRefusedError
from sightline.inference.export.gate import first_apart, judge
from sightline.inference.export.graph import STEPS, ExportedClassifier
from sightline.inference.export.photos import Batch
from sightline.inference.export.reference import Reference
from tests.unit.inference.export.conftest import SEEN, TEMPERATURE

Plant = Callable[[NDArray[Any]], NDArray[Any]]


class Planted:
    """The steps one after the other, each from what the one before it gave, and one of them changed."""

    def __init__(self, network: nn.Module, planted: str = "", plant: Plant = lambda values: values) -> None:
        model = ExportedClassifier(network, SEEN, TEMPERATURE)
        self.plants = {step: plant if step == planted else lambda values: values for step in STEPS}
        self.calls = (
            lambda images: images.permute(0, 3, 1, 2).double(),
            model.resize,
            lambda squares: squares.float() * model.factor + model.shift,
            network,
            lambda logits: (logits.double() / TEMPERATURE).softmax(dim=1).float(),
        )

    def steps(self, images: NDArray[np.uint8]) -> Mapping[str, NDArray[Any]]:
        values, given = torch.from_numpy(images), {}
        with torch.no_grad():
            for step, call in zip(STEPS, self.calls, strict=True):
                values = torch.from_numpy(np.ascontiguousarray(self.plants[step](call(values).numpy())))
                given[step] = values.numpy()
        return given

    def probabilities(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        return self.steps(images)[STEPS[-1]]


def test_the_same_steps_pass_in_all_batches_and_sizes(network: nn.Module, reference: Reference, found: list[Batch]):
    shapes = ((33, 33), (97, 47), (48, 64))
    assert {batch.cell for batch in found} == {None, *((count, *shape) for count in (1, 2, 7) for shape in shapes)}
    assert sorted(len(batch.pixels) for batch in found if batch.cell is None) == [1, 2]
    content = judge({"file": Planted(network)}, found, reference, 1e-4)["file"].content(9)
    assert content["largest"] < 1e-6
    assert content["steps"]["bytes"] == content["steps"]["resize"] == 0
    assert content["answers"] == sum(len(batch.pixels) for batch in found) == 3 + 3 * 10
    assert len(content["cells"]) == 1 + 3 * 3


@pytest.mark.parametrize(
    ("step", "plant"),
    [
        ("bytes", lambda values: values[:, ::-1]),
        ("resize", lambda values: np.roll(values, 1, axis=3)),
        ("normalise", lambda values: values * np.float32(1.02)),
        ("network", lambda values: values + np.float32([0.01, 0, 0])),
        ("temperature", lambda values: values**1.1 / (values**1.1).sum(axis=1, keepdims=True)),
        ("temperature", lambda values: values[:, [1, 0, 2]]),
        ("network", lambda values: np.where(values > values.max() - 1e-6, np.float32("nan"), values)),
    ],
)
def test_a_planted_difference_is_refused_and_its_step_named(
    network: nn.Module, reference: Reference, found: list[Batch], step: str, plant: Plant
):
    with pytest.raises(GateRefusedError, match=rf"file does not answer .* the first step that differs is {step},"):
        judge({"file": Planted(network, step, plant)}, found, reference, 1e-4)


def test_other_classes_in_front_are_refused_within_the_tolerance(
    network: nn.Module, reference: Reference, found: list[Batch]
):
    """Where the first two lie further apart than rounding, no tolerance lets them change places."""
    expected = reference.steps(found[0].images, found[0].pixels)[STEPS[-1]]
    gap = np.diff(np.sort(expected, axis=1)[:, -2:]).max()
    swapped = Planted(network, "temperature", lambda values: np.sort(values, axis=1))
    with pytest.raises(GateRefusedError, match="temperature"):
        judge({"file": swapped}, found, reference, float(gap) / 2.1)


def test_logits_that_cannot_explain_a_difference_are_not_blamed():
    by_step = {"bytes": 0.0, "resize": 0.0, "normalise": 1e-7, "network": 1e-4, "temperature": 1e-3}
    assert first_apart(by_step, tolerance=1e-4, temperature=1.0) == "temperature"
    assert first_apart({**by_step, "network": 1e-3}, tolerance=1e-4, temperature=1.0) == "network"
    assert first_apart({**by_step, "resize": 1.0}, tolerance=1e-4, temperature=1.0) == "resize"
